//! Sending domains: their settings, their keys, and what DNS says of them.

mod changes;
mod configs;
mod deletion;
mod dns;
pub(crate) mod encryption;
mod former;
mod keys_cache;
mod links;
mod misses;
mod ownership;
mod proof;
mod registry;
mod service;
mod store;
mod validation;

pub(crate) use changes::Change;
pub(crate) use deletion::delete_as_asked;
pub(crate) use dns::{Dns, DnsError};
pub(crate) use former::{delete_former, find_by_reference, find_former, former};
pub(crate) use links::{
    ClickFields, LinkChange, LinkError, LinkFields, MailParameters,
    described as described_parameters,
};
pub(crate) use ownership::{name_of, number_of};
pub(crate) use registry::{Known, Registry};
pub(crate) use service::{
    add, change, check_all, check_cname, cname_record, find, links_use, remove, rotate_key, visible,
};
pub(crate) use store::{Domain, stored_level};
pub(crate) use validation::{ownership_record, validate};

use crate::words::words;

words!(
    /// Whether the service may rewrite the domain's mail.
    Status {
        External = "external",
        /// It was validated, and its TXT record has been gone for days.
        Lapsed = "lapsed",
        Pending = "pending",
        Validated = "validated",
    }
);

impl Status {
    pub(crate) const ALL: [Self; 4] =
        [Self::External, Self::Lapsed, Self::Pending, Self::Validated];
}

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
