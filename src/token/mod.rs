//! Tokens: their bytes, their tag, and what a verified one says. Knows nothing of HTML.
//!
//! The format is fixed in `docs/token-format.md`.

mod error;
mod event;
mod mac;
mod mint;
mod prepared;
#[cfg(test)]
mod vectors;
mod verify;
mod wire;

pub use error::TokenError;
pub use event::{Click, Event, Open, Placement};
pub use verify::{Verifier, VerifierError};

pub(crate) use mac::{Mac, TAG_BYTES};
pub(crate) use mint::{click_head, encode, message_tail, open_head};
pub(crate) use prepared::PreparedToken;
pub(crate) use verify::verify_own_url;

/// Longer texts are refused before they are decoded.
pub(crate) const MAX_TOKEN_CHARS: usize = 8192;

/// What fits into [`MAX_TOKEN_CHARS`]: four characters for three bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = MAX_TOKEN_CHARS / 4 * 3;
