//! What was agreed with recipients: how closely they are tracked, whatever their mail said when it was sent.
//!
//! A recipient's id is not stored here, only a keyed hash of it: what was agreed outlives the erasure of the id.

mod agreement;
mod erasures;
mod known;
mod pseudonym;
mod stored;

pub(crate) use agreement::{Agreement, Row, columns};
pub(crate) use erasures::{Erasure, ask, erasure_of, running};
pub(crate) use known::KnownRecipients;
pub(crate) use pseudonym::RecipientKey;
pub(crate) use stored::{Change, change, find};
