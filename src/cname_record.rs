//! The DNS record that makes a host a tracking host.

use std::fmt;

use crate::host::{HostError, parse_domain};

/// A CNAME record to publish in the sending domain's zone; prints as a line of a zone file.
///
/// ```
/// use linkseal::TrackingHost;
///
/// let record = TrackingHost::custom("link.example.com")?.cname_record("track.service.example")?;
/// assert_eq!(record.name(), "link.example.com");
/// assert_eq!(record.to_string(), "link.example.com. CNAME track.service.example.");
/// # Ok::<(), linkseal::error::HostError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CnameRecord {
    name: String,
    target: String,
}

impl CnameRecord {
    pub(crate) fn new(name: &str, target: &str) -> Result<Self, HostError> {
        Ok(Self {
            name: name.to_owned(),
            target: parse_domain(target)?,
        })
    }

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
