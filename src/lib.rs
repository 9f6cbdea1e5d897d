//! Click and open tracking for HTML mail.
#![allow(dead_code, reason = "the rooms above are not built yet")]

mod error;
mod host;
mod key;
mod message;
mod report;

pub use error::{
    CharsetError, ConfigError, HostError, KeyError, MessageError, TokenError, VerifierError,
};
pub use host::{CnameRecord, TrackingHost};
pub use key::{KeyId, SigningKey};
pub use message::Message;
pub use report::{Link, LinkContext, LinkOutcome, PixelOutcome, Report, SkipReason, Untouched};
