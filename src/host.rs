//! Host names by the rules of the URL standard and of DNS.

use url::Host;

use crate::error::HostError;

/// RFC 1035 §2.3.4, without the root's empty label.
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// Parses a domain name as a host of the URL standard; a final dot is dropped.
pub(crate) fn parse_domain(input: &str) -> Result<String, HostError> {
    if input.is_empty() {
        return Err(HostError::Empty);
    }
    let invalid = || HostError::Invalid {
        host: input.to_owned(),
    };
    match Host::parse(input).map_err(|_| invalid())? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            if is_dns_name(name) {
                Ok(name.to_owned())
            } else {
                Err(invalid())
            }
        }
        Host::Ipv4(_) | Host::Ipv6(_) => Err(HostError::IpAddress {
            host: input.to_owned(),
        }),
    }
}

/// Whether `name` is a subdomain of `domain`, and not `domain` itself. Both are in lower case and punycode.
pub(crate) fn is_subdomain(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// Whether DNS can hold the name. The URL standard also accepts names that it can't, and characters such as
/// `'` that would end an attribute.
pub(crate) fn is_dns_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES
        && name.split('.').all(|label| {
            (1..=MAX_LABEL_BYTES).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}
