//! What DNS says of a domain: the TXT record that proves ownership, and the tracking host's CNAME.

/// Asks the system's DNS servers, or the one that was set.
pub(crate) struct Dns {}
