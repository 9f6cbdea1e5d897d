//! Everything that is tested through the public interface alone, and the layers of `src`; in one binary.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and a binary exports nothing"
)]

mod architecture;
mod config;
mod errors;
mod hosts;
mod levels;
mod markers;
#[cfg(feature = "mime")]
mod messages;
mod names;
mod parameters;
mod pixel;
#[cfg(feature = "serde")]
mod serde;
mod setup;
mod stream;
mod template;
mod tokens;
mod traits;
