//! Laws: what holds for any document and for any token, as plain functions that say what breaks them.
//!
//! The property tests try them on documents put together at random, the fuzz targets on whatever
//! libFuzzer comes up with, the replay on every input that was kept of either, and the corpus test on
//! real mail.

pub mod documents;
pub mod gaps;
pub mod judge;
pub mod naive;
pub mod oracle;
pub mod reader;
pub mod rewriting;
pub mod settings;
pub mod setup;
pub mod signer;
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
