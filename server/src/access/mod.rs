//! Who may do what: access tokens for the API, sessions for the pages.
//!
//! An access token is 256 bits of randomness; the database keeps its SHA-256, which is enough for a secret
//! that nobody can guess. It is found by its hash, and compared in constant time. A token may be scoped to one
//! domain, and then nothing of another is shown to it.

mod caller;
mod known;
mod limits;
mod session;
pub(crate) mod token;

pub(crate) use caller::{ApiCaller, Caller, SignedIn};
pub(crate) use known::KnownTokens;
pub(crate) use limits::Limits;
pub(crate) use session::{CsrfForm, end_session, refused_form, start_session};
pub(crate) use token::{AccessToken, ensure_admin_token, new_secret};
