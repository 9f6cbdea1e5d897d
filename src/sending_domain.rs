//! The domain that mail is sent from.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::host::{HostError, parse_domain};

/// The domain that mail is sent from, in lower case and punycode, without a final dot.
///
/// Parsed as the URL standard parses a host (§3.5), and a name that DNS can hold. Two domains are equal when
/// DNS takes them for one. Cheap to clone. It borrows as a `str`, so a map with sending domains for keys can be
/// asked for a text, which must be in lower case and punycode then.
///
/// ```
/// use linkseal::SendingDomain;
///
/// let domain: SendingDomain = "Bücher.example.".parse()?;
/// assert_eq!(domain, "xn--bcher-kva.example");
/// assert_eq!(domain, "BÜCHER.example".parse::<SendingDomain>()?);
/// assert_eq!(domain.as_str().len(), 21);
///
/// let error = "192.0.2.1".parse::<SendingDomain>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`192.0.2.1` is an IP address, expected a domain name such as `link.example.com`"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SendingDomain(Arc<str>);

impl SendingDomain {
    /// Returns the domain's name in lower case and punycode, without a final dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SendingDomain {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        parse_domain(text).map(|name| Self(name.into()))
    }
}

impl AsRef<str> for SendingDomain {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for SendingDomain {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for SendingDomain {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for SendingDomain {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for SendingDomain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Debug for SendingDomain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("SendingDomain")
            .field(&self.as_str())
            .finish()
    }
}
