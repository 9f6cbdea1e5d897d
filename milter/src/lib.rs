//! Click and open tracking for mail that passes through a mail server: a milter around linkseal.
//!
//! The mail server hands over each message before it queues it. One of a configured sending domain, from a client
//! that may send for it, gets its body rewritten by [`rewrite_message`](linkseal::rewrite_message); all other mail
//! passes untouched. It does not check who may use which sending domain, and it does not sign mail: both are the
//! mail server's.
//!
//! The library is there for the program, its example and its tests.

mod assembly;
mod client;
mod connection;
mod from_field;
mod listener;
mod metrics;
mod negotiation;
mod options;
mod outcome;
mod recipient;
mod rewriting;
mod serve;
mod session;
pub mod settings;
mod tracking_field;
mod transaction;

pub use options::Options;
pub use recipient::{Recipients, scoped};
pub use serve::{ServeError, run};
pub use tracking_field::Levels;
