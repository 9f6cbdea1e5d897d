//! Host names: the sending domain, the tracking host, and the DNS record between them.

use std::fmt;

use url::{Host, Url};

use crate::error::{ConfigError, HostError};

/// RFC 1035 §2.3.4, without the root's empty label.
const MAX_NAME_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// The host that tracking URLs point to, with a scheme, and maybe a port and a path prefix.
///
/// Tracking URLs are `https://<host>[:port][/prefix]/c/<token>` for clicks and `…/o/<token>` for
/// opens. The host is parsed as the URL standard does it (§3.5), so an internationalised name
/// becomes punycode, and must be a name that DNS can hold.
///
/// ```
/// use linkseal::TrackingHost;
///
/// let host = TrackingHost::custom("link.Bücher.example")?;
/// assert_eq!(host.host(), "link.xn--bcher-kva.example");
/// assert_eq!(
///     host.cname_record("track.service.example")?.to_string(),
///     "link.xn--bcher-kva.example. CNAME track.service.example."
/// );
/// # Ok::<(), linkseal::HostError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrackingHost {
    host: String,
    kind: Kind,
    path_prefix: String,
    port: Option<u16>,
    scheme: &'static str,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Custom,
    Shared,
}

impl TrackingHost {
    /// Parses the sender's own tracking host, such as `link.example.com`.
    ///
    /// A port and a path prefix may follow: `link.example.com:8443/t`. The host must be a real
    /// subdomain of the sending domain; that is checked where the two meet, in
    /// [`DomainConfig::new`](crate::DomainConfig::new).
    ///
    /// ```
    /// use linkseal::{HostError, TrackingHost};
    ///
    /// assert_eq!(TrackingHost::custom("Link.Example.com:8443/t")?.host(), "link.example.com");
    /// let error = TrackingHost::custom("https://link.example.com").unwrap_err();
    /// assert!(matches!(error, HostError::Surplus { part: "scheme", .. }));
    /// # Ok::<(), HostError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HostError`] when the text is empty, holds more than a host, a port and a path, is an IP
    /// address, is no domain name, or has a path that would need escaping in an attribute.
    pub fn custom(host: &str) -> Result<Self, HostError> {
        Self::parse(host, Kind::Custom)
    }

    /// Parses the service's own host, which many sending domains share.
    ///
    /// It need not be a subdomain of the sending domain: so it is also for a sender who sends from
    /// `mail.example.com` and tracks on `link.example.com`. Otherwise as [`custom`](Self::custom).
    ///
    /// ```
    /// use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    ///
    /// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// let host = TrackingHost::shared("click.service.example")?;
    /// assert!(DomainConfig::new("example.com", host, key).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`custom`](Self::custom).
    pub fn shared(host: &str) -> Result<Self, HostError> {
        Self::parse(host, Kind::Shared)
    }

    /// Makes tracking URLs start with `http://`.
    ///
    /// For a server on the developer's own machine: over plain HTTP anybody on the way reads who
    /// clicks what.
    ///
    /// ```
    /// use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost, rewrite};
    ///
    /// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// let host = TrackingHost::shared("localhost:8080")?.with_insecure_http();
    /// let domain = DomainConfig::new("example.com", host, key)?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
    /// assert!(html.starts_with("<a href='http://localhost:8080/c/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_insecure_http(mut self) -> Self {
        self.scheme = "http";
        self
    }

    /// Returns the host in lower case and punycode, without port and path.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the CNAME record to publish, so that the tracking host answers as `target` does.
    ///
    /// ```
    /// use linkseal::TrackingHost;
    ///
    /// let host = TrackingHost::custom("link.example.com")?;
    /// assert_eq!(host.cname_record("Track.Service.example")?.target(), "track.service.example");
    /// assert!(host.cname_record("203.0.113.7").is_err());
    /// # Ok::<(), linkseal::HostError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HostError`] when `target` is no domain name.
    pub fn cname_record(&self, target: &str) -> Result<CnameRecord, HostError> {
        Ok(CnameRecord {
            name: self.host.clone(),
            target: parse_domain(target)?,
        })
    }

    /// Says whether the host can serve a sending domain, and returns that domain's name in lower case and
    /// punycode: what [`DomainConfig::new`](crate::DomainConfig::new) checks, before there is a key.
    ///
    /// ```
    /// use linkseal::TrackingHost;
    ///
    /// let host = TrackingHost::custom("link.example.com")?;
    /// assert_eq!(host.check_for("Example.com")?, "example.com");
    /// assert_eq!(
    ///     host.check_for("example.org").unwrap_err().to_string(),
    ///     "tracking host `link.example.com` is not a subdomain of the sending domain `example.org`"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::SendingDomain`] when `sending_domain` is no domain name,
    /// [`ConfigError::NotSubdomain`] when a custom tracking host is not a real subdomain of it.
    pub fn check_for(&self, sending_domain: &str) -> Result<String, ConfigError> {
        let domain = sending_domain_name(sending_domain)?;
        if self.strays_from(&domain) {
            return Err(ConfigError::NotSubdomain {
                host: self.host.clone(),
                domain,
            });
        }
        Ok(domain)
    }

    /// Whether the host must be a subdomain of the sending domain, and is not.
    fn strays_from(&self, domain: &str) -> bool {
        let is_subdomain = self
            .host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
        self.kind == Kind::Custom && !is_subdomain
    }

    /// What tracking URLs start with: scheme, host, port and path prefix, without a final slash.
    pub(crate) fn url_prefix(&self) -> String {
        // As the URL standard serialises it (§4.5), so that a tracking URL can be recognised.
        let default_port = if self.scheme == "http" { 80 } else { 443 };
        let port = self.port.filter(|port| *port != default_port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let Self {
            scheme,
            host,
            path_prefix,
            ..
        } = self;
        format!("{scheme}://{host}{port}{path_prefix}")
    }

    fn parse(input: &str, kind: Kind) -> Result<Self, HostError> {
        if let Some(part) = surplus(input) {
            return Err(HostError::Surplus {
                host: input.to_owned(),
                part,
            });
        }
        let authority_end = input.find('/').unwrap_or(input.len());
        let (authority, path) = input.split_at_checked(authority_end).unwrap_or((input, ""));
        let (name, port) = match authority.rsplit_once(':') {
            // Brackets hold an IPv6 address, whose colons separate no port.
            Some((name, port)) if !port.ends_with(']') => match port.parse() {
                Ok(number) if number > 0 && !port.starts_with('+') => (name, Some(number)),
                _ => {
                    return Err(HostError::Port {
                        host: input.to_owned(),
                    });
                }
            },
            _ => (authority, None),
        };
        Ok(Self {
            host: parse_domain(name)?,
            kind,
            path_prefix: parse_path_prefix(path)?,
            port,
            scheme: "https",
        })
    }
}

/// A CNAME record to publish in the sending domain's zone; prints as a line of a zone file.
///
/// ```
/// use linkseal::TrackingHost;
///
/// let record = TrackingHost::custom("link.example.com")?.cname_record("track.service.example")?;
/// assert_eq!(record.name(), "link.example.com");
/// assert_eq!(record.to_string(), "link.example.com. CNAME track.service.example.");
/// # Ok::<(), linkseal::HostError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CnameRecord {
    name: String,
    target: String,
}

impl CnameRecord {
    /// Returns the owner name: the tracking host.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the canonical name that the tracking host stands for.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl fmt::Display for CnameRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}. CNAME {}.", self.name, self.target)
    }
}

pub(crate) fn sending_domain_name(input: &str) -> Result<String, ConfigError> {
    parse_domain(input).map_err(ConfigError::SendingDomain)
}

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

fn parse_path_prefix(path: &str) -> Result<String, HostError> {
    let mut url = Url::parse("https://host.invalid").map_err(|_| HostError::Empty)?;
    url.set_path(path);
    let path = url.path().trim_end_matches('/');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    if path.bytes().all(is_plain) {
        Ok(path.to_owned())
    } else {
        Err(HostError::PathPrefix {
            path: path.to_owned(),
        })
    }
}

fn surplus(input: &str) -> Option<&'static str> {
    [
        ("://", "scheme"),
        ("@", "user name"),
        ("?", "query"),
        ("#", "fragment"),
    ]
    .into_iter()
    .find_map(|(sign, part)| input.contains(sign).then_some(part))
}

/// The URL standard lets pass what DNS can't hold, and signs such as `'` that end an attribute.
fn is_dns_name(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES
        && name.split('.').all(|label| {
            (1..=MAX_LABEL_BYTES).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}
