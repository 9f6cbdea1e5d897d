//! Whole messages (RFC 5322, RFC 2045 to 2049).

mod confirm;
mod header;
mod line;
mod outline;
mod structure;
