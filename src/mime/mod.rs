//! Whole messages (RFC 5322, RFC 2045 to 2049): finds the parts, decodes them, has them rewritten, and splices what
//! changes into the bytes of the message.
//!
//! The way of a message, which `message` goes from top to bottom: mail-parser finds the parts in an `outline` of it
//! (`structure`), each is confirmed against the bytes (`confirm`, `header`), `select` says which may be rewritten, and
//! `scope` for which message. A `part` is decoded and encoded by its `transfer` encoding; what changes in the document
//! is a list of `edits`, which `editing` puts into the message.

mod base64_body;
mod confirm;
mod document_charset;
mod editing;
mod edits;
mod header;
mod line;
mod message;
mod outline;
mod part;
mod plain_text;
mod quoted_printable;
mod report;
mod scope;
mod select;
mod structure;
mod transfer;

pub use message::{rewrite_message, rewrite_message_with_report};
pub use report::{MessageReport, PartOutcome, PartReport, PartSkipReason, SignatureKind};
