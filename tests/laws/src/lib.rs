//! Laws: what holds for any document and for any token, as plain functions that say what breaks them.
//!
//! The property tests try them on documents put together at random, the fuzz targets on whatever
//! libFuzzer comes up with, the replay on every input that was kept of either, and the corpus test on
//! real mail.
#![allow(
    missing_docs,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::panic,
    clippy::unwrap_used,
    reason = "only tests, fuzz targets and benches call it, and a test fails by panicking"
)]

#[cfg(feature = "judges")]
pub mod documents;
pub mod hostile;
#[cfg(feature = "judges")]
pub mod judge;
#[cfg(feature = "judges")]
pub mod known_differences;
#[cfg(feature = "judges")]
pub mod messages;
#[cfg(feature = "judges")]
pub mod naive;
#[cfg(feature = "judges")]
pub mod oracle;
pub mod reader;
#[cfg(feature = "judges")]
pub mod rewriting;
pub mod settings;
// The library's own tests are published without this package, and so can't take it from here.
#[path = "../../suite/setup.rs"]
pub mod setup;
pub mod shorten;
pub mod signer;
#[cfg(feature = "judges")]
pub mod targets;
pub mod tokens;

/// What breaks a law, with the document or the token as it can be pasted into a test.
pub type Verdict = Result<(), String>;

/// Ends a law with what breaks it, unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($why:tt)*) => {
        if !$condition {
            return Err(format!($($why)*));
        }
    };
}

pub(crate) use ensure;
