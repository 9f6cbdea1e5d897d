//! Sending domains: their settings, their keys, and what DNS says of them.

mod changes;
mod deletion;
mod dns;
pub(crate) mod encryption;
mod former;
mod links;
mod misses;
mod ownership;
mod registry;
mod service;
mod store;

pub(crate) use changes::Change;
pub(crate) use deletion::delete_as_asked;
pub(crate) use dns::{Dns, DnsError};
pub(crate) use former::{delete_former, find_by_reference, find_former, former};
pub(crate) use links::{
    ClickFields, LinkChange, LinkError, LinkFields, MailParameters,
    described as described_parameters,
};
pub(crate) use ownership::{name_of, number_of};
pub(crate) use registry::{Known, Registry, level};
pub(crate) use service::{
    add, change, check_all, check_cname, cname_record, find, links_use, ownership_record, remove,
    rotate_key, validate, visible,
};
pub(crate) use store::Domain;

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
