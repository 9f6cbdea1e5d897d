//! What a request tells of who made it, as it is stored.
//!
//! Headers may hold any bytes of any length. What is kept is text that every database takes: PostgreSQL
//! refuses U+0000, and an event that can't be stored would hold up the log behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;
use axum::http::header::HeaderName;

use crate::domains::IpStorage;

/// The longest user agents of browsers with all their additions have about 400 bytes.
pub(super) const MAX_AGENT_BYTES: usize = 512;
pub(super) const MAX_LANGUAGE_BYTES: usize = 512;
pub(super) const MAX_REFERER_BYTES: usize = 1024;

/// Returns of an address what the domain's settings let us keep.
pub(super) fn kept(address: IpAddr, storage: IpStorage) -> Option<String> {
    match storage {
        IpStorage::Full => Some(address.to_string()),
        IpStorage::Truncated => Some(truncated(address).to_string()),
        IpStorage::None => None,
    }
}

/// The first 24 bits of IPv4 and 48 of IPv6: a provider's customers, not one of them.
fn truncated(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)).into(),
    }
}

/// Returns a header's first value as text of at most so many bytes; `None` when nothing is left of it.
pub(super) fn text(headers: &HeaderMap, name: HeaderName, max_bytes: usize) -> Option<String> {
    let value = headers.get(name)?;
    // Nearly all are no more than this.
    if let Ok(text) = value.to_str()
        && (1..=max_bytes).contains(&text.len())
        && !text.contains('\t')
    {
        return Some(text.to_owned());
    }
    let value = value.as_bytes();
    // One character's worth more, so that a cut through one is not taken for a bad byte.
    let value = value.get(..max_bytes + 4).unwrap_or(value);
    let mut text = String::from_utf8_lossy(value).into_owned();
    if text.contains(char::is_control) {
        text.retain(|character| !character.is_control());
    }
    text.truncate(text.floor_char_boundary(max_bytes));
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::{HeaderValue, USER_AGENT};

    use super::*;

    #[test]
    fn addresses_are_cut_to_their_networks() {
        for (address, expected) in [
            ("203.0.113.255", "203.0.113.0"),
            ("2001:db8:1:ffff::1", "2001:db8:1::"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(
                kept(address, IpStorage::Truncated).as_deref(),
                Some(expected)
            );
        }
    }

    #[test]
    fn text_is_cut_at_a_character_and_holds_no_control_characters() {
        let rows: [(&[u8], Option<&str>); 9] = [
            (b"short", Some("short")),
            (b"exactly8", Some("exactly8")),
            (b"more than 8", Some("more tha")),
            ("seven77\u{e9}".as_bytes(), Some("seven77")),
            ("six666\u{e9}".as_bytes(), Some("six666\u{e9}")),
            ("seven77\u{1f4e7}".as_bytes(), Some("seven77")),
            (b"a\tb\xc2\x85c", Some("abc")),
            (b"\xff\xff\xff\xff", Some("\u{fffd}\u{fffd}")),
            (b"\t", None),
        ];
        for (value, expected) in rows {
            let headers =
                HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_bytes(value).unwrap())]);
            assert_eq!(
                text(&headers, USER_AGENT, 8).as_deref(),
                expected,
                "{value:?}"
            );
        }
        assert_eq!(text(&HeaderMap::new(), USER_AGENT, 8), None);
    }
}
