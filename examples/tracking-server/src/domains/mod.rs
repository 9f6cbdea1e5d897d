//! Sending domains: their settings, their keys, and what DNS says of them.

mod dns;
mod registry;
mod store;

pub(crate) use dns::Dns;
pub(crate) use registry::{Known, Registry};
pub(crate) use store::{Domain, DomainKey};

use crate::words::words;

words!(
    /// Whether the service may rewrite the domain's mail.
    Status {
        External = "external",
        Pending = "pending",
        Validated = "validated",
    }
);

words!(
    /// What the last check of the tracking host's CNAME record said.
    CnameState {
        Elsewhere = "elsewhere",
        Found = "found",
        NotFound = "not_found",
        Unchecked = "unchecked",
    }
);

words!(
    /// How much of an IP address the event log keeps: all, the first 24 (IPv4) or 48 (IPv6) bits, nothing.
    IpStorage {
        Full = "full",
        Truncated = "truncated",
        None = "none",
    }
);
