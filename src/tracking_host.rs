//! The host that tracking URLs point to.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::cname_record::CnameRecord;
use crate::host::{HostError, is_subdomain, parse_domain};
use crate::sending_domain::SendingDomain;

/// The host that tracking URLs point to, with a scheme, and optionally a port and a path prefix.
///
/// Tracking URLs are `https://<host>[:port][/prefix]/c/<token>` for clicks and `…/o/<token>` for
/// opens. The host is parsed as the URL standard does it (§3.5), so an internationalised name
/// becomes punycode, and must be a name that DNS can hold.
///
/// `Display` prints what tracking URLs start with, scheme included, and `FromStr` reads that again as a
/// custom host; see [`into_shared`](Self::into_shared) for the other kind.
///
/// ```
/// use linkseal::TrackingHost;
///
/// let host = TrackingHost::custom("link.Bücher.example:8443/t/")?;
/// assert_eq!(host.host(), "link.xn--bcher-kva.example");
/// assert_eq!((host.port(), host.path_prefix()), (Some(8443), "/t"));
/// assert_eq!(host.to_string(), "https://link.xn--bcher-kva.example:8443/t");
/// assert_eq!(host.to_string().parse::<TrackingHost>()?, host);
/// # Ok::<(), linkseal::error::HostError>(())
/// ```
#[derive(Clone, Debug, Eq)]
pub struct TrackingHost {
    host: String,
    kind: Kind,
    path_prefix: String,
    /// As it was stated; the scheme's own needs none.
    port: Option<u16>,
    scheme: Scheme,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Custom,
    Shared,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scheme {
    Http,
    Https,
}

impl TrackingHost {
    /// Parses the sender's own tracking host, such as `link.example.com`.
    ///
    /// A port and a path prefix may follow: `link.example.com:8443/t`. The host must be a real
    /// subdomain of the sending domain; that is checked where the two meet, in
    /// [`DomainConfig::new`](crate::DomainConfig::new).
    ///
    /// ```
    /// use linkseal::TrackingHost;
    /// use linkseal::error::HostError;
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
    /// address, is not a domain name, or has a path that would need escaping in an attribute.
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
    /// assert!(DomainConfig::new("example.com".parse()?, host, key).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`custom`](Self::custom).
    pub fn shared(host: &str) -> Result<Self, HostError> {
        Self::parse(host, Kind::Shared)
    }

    /// Returns the same host as one that any sending domain may use, as [`shared`](Self::shared) does.
    ///
    /// The text that `Display` prints does not say which kind a host is of; whoever stores a shared one knows.
    ///
    /// ```
    /// use linkseal::TrackingHost;
    ///
    /// let host = TrackingHost::shared("click.service.example")?;
    /// assert!(host.is_shared());
    /// assert_eq!(host.to_string().parse::<TrackingHost>()?.into_shared(), host);
    /// # Ok::<(), linkseal::error::HostError>(())
    /// ```
    #[must_use]
    pub fn into_shared(mut self) -> Self {
        self.kind = Kind::Shared;
        self
    }

    /// Sets the scheme of tracking URLs to http.
    ///
    /// For a server on the developer's own machine: over plain HTTP anybody on the way reads who
    /// clicks what.
    ///
    /// ```
    /// use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost, rewrite};
    ///
    /// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// let host = TrackingHost::shared("localhost:8080")?.with_insecure_http();
    /// let domain = DomainConfig::new("example.com".parse()?, host, key)?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
    /// assert!(html.starts_with("<a href='http://localhost:8080/c/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_insecure_http(mut self) -> Self {
        self.scheme = Scheme::Http;
        self
    }

    /// Returns the host in lower case and punycode, without port and path.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port; `None` when it is the one that the scheme has anyway.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        let default = match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        self.port.filter(|port| *port != default)
    }

    /// Returns the path prefix without a final slash, such as `/t`; empty when there is none.
    #[must_use]
    pub fn path_prefix(&self) -> &str {
        &self.path_prefix
    }

    /// Returns whether any sending domain may use the host; a custom one must be a subdomain.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.kind == Kind::Shared
    }

    /// Returns whether tracking URLs start with `http://`.
    #[must_use]
    pub fn is_insecure_http(&self) -> bool {
        self.scheme == Scheme::Http
    }

    /// Returns whether the host can serve a sending domain: any, when it is shared, else one that it is a real
    /// subdomain of.
    ///
    /// [`DomainConfig::new`](crate::DomainConfig::new) refuses what this denies. It can be asked before there
    /// is a key.
    ///
    /// ```
    /// use linkseal::TrackingHost;
    ///
    /// let host = TrackingHost::custom("link.example.com")?;
    /// assert!(host.serves(&"example.com".parse()?));
    /// assert!(!host.serves(&"ample.com".parse()?));
    /// # Ok::<(), linkseal::error::HostError>(())
    /// ```
    #[must_use]
    pub fn serves(&self, domain: &SendingDomain) -> bool {
        self.is_shared() || is_subdomain(&self.host, domain.as_str())
    }

    /// Returns the CNAME record to publish, so that the tracking host answers as `target` does.
    ///
    /// ```
    /// use linkseal::TrackingHost;
    ///
    /// let host = TrackingHost::custom("link.example.com")?;
    /// assert_eq!(host.cname_record("Track.Service.example")?.target(), "track.service.example");
    /// assert!(host.cname_record("203.0.113.7").is_err());
    /// # Ok::<(), linkseal::error::HostError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`HostError`] when `target` is not a domain name.
    pub fn cname_record(&self, target: &str) -> Result<CnameRecord, HostError> {
        CnameRecord::new(&self.host, target)
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
            scheme: Scheme::Https,
        })
    }
}

/// A port that the scheme has anyway makes no difference.
impl PartialEq for TrackingHost {
    fn eq(&self, other: &Self) -> bool {
        let parts = |host: &Self| (host.kind, host.port(), host.scheme);
        parts(self) == parts(other)
            && self.host == other.host
            && self.path_prefix == other.path_prefix
    }
}

/// As the URL standard serialises it (§4.5), so that a tracking URL can be recognised.
impl fmt::Display for TrackingHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(formatter, "{scheme}://{}", self.host)?;
        if let Some(port) = self.port() {
            write!(formatter, ":{port}")?;
        }
        formatter.write_str(&self.path_prefix)
    }
}

/// Parses what `Display` prints, as a custom host. Without a scheme, it is https.
impl FromStr for TrackingHost {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        match text.strip_prefix("http://") {
            Some(rest) => Ok(Self::custom(rest)?.with_insecure_http()),
            None => Self::custom(text.strip_prefix("https://").unwrap_or(text)),
        }
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
    .find_map(|(mark, part)| input.contains(mark).then_some(part))
}
