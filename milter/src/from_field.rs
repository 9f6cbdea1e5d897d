//! The sending domain that a message names in its From field.
//!
//! Only messages of clients that may send are looked at, so this is no defence against forged mail. A field that
//! can be read in two ways still names no domain: a token must not be signed by a guess.

use linkseal::SendingDomain;

/// What the From fields of a message say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum FromField {
    /// All its addresses are of this domain.
    Domain(SendingDomain),
    /// There is none: the envelope's sender counts.
    #[default]
    Missing,
    /// Several fields, several domains, or no address.
    Unclear,
}

impl FromField {
    /// Takes in one more From field.
    pub(crate) fn add(&mut self, value: &[u8]) {
        *self = match self {
            Self::Missing => Self::parse(value),
            Self::Domain(_) | Self::Unclear => Self::Unclear,
        };
    }

    fn parse(value: &[u8]) -> Self {
        let Ok(value) = std::str::from_utf8(value) else {
            // Names in old charsets are about; an address in one is not.
            return Self::parse_text(&String::from_utf8_lossy(value));
        };
        Self::parse_text(value)
    }

    fn parse_text(value: &str) -> Self {
        let mut domains = addresses(value).into_iter().map(|text| domain_of(&text));
        let Some(Some(first)) = domains.next() else {
            return Self::Unclear;
        };
        if domains.all(|domain| domain.as_ref() == Some(&first)) {
            Self::Domain(first)
        } else {
            Self::Unclear
        }
    }
}

/// The domain of an address without brackets.
pub(crate) fn domain_of(address: &str) -> Option<SendingDomain> {
    let (local, domain) = without_route(address).rsplit_once('@')?;
    let is_quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    // Of `a@b@c` one reader takes `b` for the domain, another one `c`.
    if local.is_empty() || (local.contains('@') && !is_quoted) {
        return None;
    }
    domain.parse().ok()
}

/// Drops a source route (RFC 5322 §4.4), `@relay.example:`.
fn without_route(address: &str) -> &str {
    let routed = address.strip_prefix('@');
    let split = routed.and_then(|rest| rest.split_once(':'));
    split.map_or(address, |(_, rest)| rest)
}

/// The address of an envelope, `<user@example.com>`, without brackets.
pub(crate) fn bare(address: &str) -> &str {
    let inner = address
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'));
    inner.unwrap_or(address)
}

/// The addresses of an address list (RFC 5322 §3.4), comments and names left out.
fn addresses(list: &str) -> Vec<String> {
    let mut scan = Scan::default();
    for character in list.chars() {
        scan.step(character);
    }
    scan.end_mailbox();
    scan.found
}

#[derive(Default)]
struct Scan {
    angle: Option<String>,
    bare: String,
    comments: usize,
    escaped: bool,
    found: Vec<String>,
    in_angle: bool,
    quoted: bool,
}

impl Scan {
    fn step(&mut self, character: char) {
        if self.escaped {
            self.escaped = false;
            self.keep(character);
            return;
        }
        match character {
            '\\' if self.quoted || self.comments > 0 => self.escaped = true,
            '"' if self.comments == 0 => {
                self.quoted = !self.quoted;
                self.keep(character);
            }
            _ if self.quoted => self.keep(character),
            '(' => self.comments += 1,
            ')' => self.comments = self.comments.saturating_sub(1),
            _ if self.comments > 0 => {}
            '<' => {
                self.in_angle = true;
                // A second one before the comma: readers differ on which counts, so both do.
                self.found.extend(self.angle.replace(String::new()));
            }
            '>' => self.in_angle = false,
            ',' | ';' if !self.in_angle => self.end_mailbox(),
            // What was before it names a group.
            ':' if !self.in_angle => self.bare.clear(),
            _ if character.is_ascii_whitespace() => {}
            _ => self.keep(character),
        }
    }

    fn keep(&mut self, character: char) {
        if self.comments > 0 {
            return;
        }
        match &mut self.angle {
            Some(angle) if self.in_angle => angle.push(character),
            Some(_) => {}
            None => self.bare.push(character),
        }
    }

    fn end_mailbox(&mut self) {
        let bare = std::mem::take(&mut self.bare);
        let address = self.angle.take().unwrap_or(bare);
        self.in_angle = false;
        if !address.is_empty() {
            self.found.push(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(value: &str) -> Option<String> {
        let mut field = FromField::default();
        field.add(value.as_bytes());
        match field {
            FromField::Domain(domain) => Some(domain.to_string()),
            FromField::Missing | FromField::Unclear => None,
        }
    }

    #[test]
    fn usual_fields_name_their_domain() {
        for value in [
            "news@example.com",
            " News <news@EXAMPLE.com>",
            "\"Shop, <x@evil.example>\" <news@example.com>",
            "\"a\\\" <x@evil.example>\" <news@example.com>",
            "news@example.com (for x@evil.example)",
            "(x@evil.example) news@example.com",
            "=?utf-8?Q?B=C3=BCcher?=\r\n <news@example.com>",
            "A <a@example.com>, B <b@example.com>",
            "Team: a@example.com, b@example.com;",
            "\"a@b\"@example.com",
            "<@relay.example:news@example.com>",
        ] {
            assert_eq!(domain(value).as_deref(), Some("example.com"), "{value}");
        }
    }

    #[test]
    fn unclear_fields_name_none() {
        for value in [
            "",
            "news",
            "undisclosed:;",
            "a@example.com, b@evil.example",
            "A <a@example.com>, news",
            "\"unclosed <a@example.com>",
            "@example.com",
            "<news@>",
            "a@192.0.2.1",
            "<a@evil.example> <a@example.com>",
            "<a@example.com> <a@evil.example>",
            "<> <a@example.com>",
            "a@evil.example@example.com",
        ] {
            assert_eq!(domain(value), None, "{value}");
        }
    }

    #[test]
    fn second_field_is_unclear() {
        let mut field = FromField::default();
        field.add(b"a@example.com");
        field.add(b"a@example.com");
        assert_eq!(field, FromField::Unclear);
    }
}
