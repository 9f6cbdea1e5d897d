//! The recipient id that a message's tokens carry: never an address.

use linkseal::{DomainConfig, Message, TrackingLevel};

use crate::from_field::bare;
use crate::settings::Domain;
use crate::tracking_field::Levels;

/// Whom a message goes to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Recipients {
    /// Nobody yet.
    #[default]
    None,
    /// One address, as the envelope has it.
    One(String),
    /// More than one: all of them get the same bytes.
    Several,
}

impl Recipients {
    /// Takes in one more recipient.
    pub fn add(&mut self, address: &str) {
        *self = match self {
            Self::None => Self::One(address.to_owned()),
            Self::One(_) | Self::Several => Self::Several,
        };
    }
}

/// How the recipient is identified, for the log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Identified {
    ByAddress,
    ByHeader,
    No,
}

impl Identified {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ByAddress => "address",
            Self::ByHeader => "header",
            Self::No => "no",
        }
    }
}

/// Scopes a domain's settings to a message, by its recipients, the values of its recipient header field and the levels of
/// its tracking header field.
#[must_use]
pub fn scoped(
    domain: &Domain,
    recipients: &Recipients,
    header_values: &[String],
    levels: Levels,
) -> DomainConfig {
    scoped_as(domain, recipients, header_values, levels).0
}

pub(crate) fn scoped_as(
    domain: &Domain,
    recipients: &Recipients,
    header_values: &[String],
    levels: Levels,
) -> (DomainConfig, Identified) {
    let (message, identified) = match recipients {
        Recipients::One(address) => identified(domain, address, header_values),
        Recipients::None | Recipients::Several => (Message::default(), Identified::No),
    };
    let highest = match recipients {
        // A token must not say that all clicks are one recipient's.
        Recipients::Several => TrackingLevel::Anonymous,
        Recipients::None | Recipients::One(_) => TrackingLevel::Identified,
    };
    let message = levels.scope(message, highest);
    (domain.config.for_message(message), identified)
}

fn identified(domain: &Domain, address: &str, header_values: &[String]) -> (Message, Identified) {
    let stated = stated_id(header_values).and_then(|id| Message::default().with_recipient(id).ok());
    if let Some(message) = stated {
        return (message, Identified::ByHeader);
    }
    let key = domain.recipient_key.as_ref();
    let id = key.map(|key| key.id_of(&with_lower_case_domain(bare(address))));
    match id.and_then(|id| Message::default().with_recipient(id).ok()) {
        Some(message) => (message, Identified::ByAddress),
        None => (Message::default(), Identified::No),
    }
}

/// The id that the sender names: once, and not an address.
fn stated_id(values: &[String]) -> Option<&str> {
    let [value] = values else { return None };
    let id = value.trim_ascii();
    let is_id = !id.is_empty() && !id.contains('@') && !id.contains(char::is_control);
    is_id.then_some(id)
}

/// DNS knows no letter case; what is before the domain may.
fn with_lower_case_domain(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_is_lowered_and_the_rest_kept() {
        for (address, expected) in [
            ("Anna@EXAMPLE.org", "Anna@example.org"),
            ("\"a@B\"@Example.org", "\"a@B\"@example.org"),
            ("postmaster", "postmaster"),
        ] {
            assert_eq!(with_lower_case_domain(address), expected);
        }
    }

    #[test]
    fn id_is_stated_once_and_no_address() {
        let values = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(stated_id(&values(&[" r-42 "])), Some("r-42"));
        for texts in [
            &[][..],
            &[""],
            &["r-1", "r-1"],
            &["anna@example.org"],
            &["a\r\n b"],
        ] {
            assert_eq!(stated_id(&values(texts)), None, "{texts:?}");
        }
    }
}
