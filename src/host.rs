//! Host names by the rules of the URL standard and of DNS.

use url::Host;

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

/// Why a text can't be a host name that mail may point to.
///
/// ```
/// use linkseal::TrackingHost;
/// use linkseal::error::HostError;
///
/// let error = TrackingHost::custom("link.example.com:https").unwrap_err();
/// assert!(matches!(error, HostError::Port { .. }));
/// assert_eq!(error.to_string(), "port of `link.example.com:https` is not a number from 1 to 65535");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// There is no host.
    #[error("host is empty, expected a domain name such as `link.example.com`")]
    Empty,
    /// The text is not a domain name by the URL standard, or one that DNS can't hold.
    #[error("`{host}` is not a domain name, expected one such as `link.example.com`")]
    Invalid {
        /// The text as it was given.
        host: String,
    },
    /// The host is an IPv4 or IPv6 address.
    #[error("`{host}` is an IP address, expected a domain name such as `link.example.com`")]
    IpAddress {
        /// The text as it was given.
        host: String,
    },
    /// The path prefix has characters that would need escaping in an HTML attribute.
    #[error(
        "path prefix `{path}` has a character other than letters, digits, `-`, `.`, `_`, `~` and `/`"
    )]
    PathPrefix {
        /// The path as the URL standard serialises it.
        path: String,
    },
    /// What follows the host's colon is not a port.
    #[error("port of `{host}` is not a number from 1 to 65535")]
    Port {
        /// The text as it was given.
        host: String,
    },
    /// The text holds more than a host, a port and a path.
    #[error("tracking host `{host}` has a {part}, expected only a host, a port and a path prefix")]
    Surplus {
        /// The text as it was given.
        host: String,
        /// What was there: `scheme`, `user name`, `query` or `fragment`.
        part: &'static str,
    },
}
