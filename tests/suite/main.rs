//! Everything that is tested through the public interface, in one binary.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and a binary exports nothing"
)]

#[path = "../laws/mod.rs"]
mod laws;

mod attack;
mod cases;
mod charset;
mod corpus;
mod errors;
mod field;
mod gaps;
mod hostile;
mod markers;
mod pixel;
mod properties;
mod reach;
mod replay;
mod stream;
mod template;
mod tokens;
mod traits;

use laws::{judge, setup};
