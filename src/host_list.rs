//! Hosts that a setting names: exactly, or all subdomains of one.

use std::collections::BTreeSet;

use url::Host;

use crate::host::{HostError, parse_domain};

/// Hosts as the URL standard serialises them, each with `*.` before it when it stands for its subdomains.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct HostList(BTreeSet<String>);

impl HostList {
    /// Adds a host, or with `*.` before it all its subdomains, but not itself.
    pub(crate) fn add(&mut self, host: &str) -> Result<(), HostError> {
        let (wildcard, name) = match host.strip_prefix("*.") {
            Some(name) => ("*.", name),
            None => ("", host),
        };
        let name = match Host::parse(name) {
            Ok(address @ (Host::Ipv4(_) | Host::Ipv6(_))) if wildcard.is_empty() => {
                address.to_string()
            }
            _ => parse_domain(name)?,
        };
        self.0.insert(format!("{wildcard}{name}"));
        Ok(())
    }

    /// Whether a host is among them. `host` is as the URL standard serialises it.
    pub(crate) fn contains(&self, host: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        let mut parents = host
            .match_indices('.')
            .filter_map(|(at, _)| host.get(at..))
            .map(|parent| format!("*{parent}"));
        self.0.contains(host) || parents.any(|parent| self.0.contains(&parent))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}
