//! Tokens: their bytes, their tag, and what a verified one says. Knows nothing of HTML, nor of settings.
//!
//! The format is fixed in `docs/token-format.md`.

mod domain_key;
mod error;
mod event;
mod mac;
mod payload;
mod prepared;
mod seal;
#[cfg(feature = "sealed")]
mod sealing_key;
mod token_path;
mod untrusted;
#[cfg(test)]
mod vectors;
mod version;
mod wire;

pub use error::TokenError;
pub use event::{Click, Event, EventKind, Open};
pub use untrusted::UntrustedToken;

pub(crate) use domain_key::DomainKey;
pub(crate) use mac::TAG_BYTES;
pub(crate) use payload::{message_part, write_click, write_open};
pub(crate) use prepared::PreparedToken;
pub(crate) use seal::{MAX_TOKEN_BYTES, seal};
pub(crate) use untrusted::{verify_token, verify_url};
pub(crate) use version::TokenVersion;
