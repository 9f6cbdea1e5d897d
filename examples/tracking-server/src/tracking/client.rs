//! What a request tells of who made it, as it is stored.
//!
//! Headers may hold any bytes of any length. What is kept is text that every database takes: PostgreSQL
//! refuses U+0000, and an event that can't be stored would hold up the log behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use axum::http::request::Parts;

use crate::domains::IpStorage;

/// The longest user agents of browsers with all their additions have about 400 bytes.
pub(super) const MAX_AGENT_BYTES: usize = 512;
pub(super) const MAX_LANGUAGE_BYTES: usize = 512;
pub(super) const MAX_REFERER_BYTES: usize = 1024;

/// Returns the address that the connection comes from.
pub(super) fn peer(parts: &Parts) -> Option<IpAddr> {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|peer| peer.0.ip().to_canonical())
}

pub(super) fn is_trusted(address: Option<IpAddr>, trusted_proxies: &[IpAddr]) -> bool {
    address.is_some_and(|address| {
        trusted_proxies
            .iter()
            .any(|proxy| proxy.to_canonical() == address)
    })
}

/// Returns the client's address: the last that a trusted proxy speaks of and that is none itself.
///
/// Whatever stands before that in `X-Forwarded-For` the client may have invented. `None` when a trusted
/// proxy says something that is no address, for its own would be wrong.
pub(super) fn address(parts: &Parts, trusted_proxies: &[IpAddr]) -> Option<IpAddr> {
    let mut nearest = peer(parts)?;
    if !is_trusted(Some(nearest), trusted_proxies) {
        return Some(nearest);
    }
    let lines = parts.headers.get_all("x-forwarded-for");
    let hops = lines
        .iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|hop| !hop.is_empty());
    for hop in hops {
        nearest = parse_hop(hop)?;
        if !is_trusted(Some(nearest), trusted_proxies) {
            break;
        }
    }
    Some(nearest)
}

/// Some proxies add the port.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']'));
    bare.unwrap_or(hop)
        .parse()
        .or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

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
    let value = headers.get(name)?.as_bytes();
    // One character's worth more, so that a cut through one is not taken for a bad byte.
    let value = value.get(..max_bytes + 4).unwrap_or(value);
    let mut text = String::from_utf8_lossy(value).into_owned();
    if text.contains(char::is_control) {
        text.retain(|sign| !sign.is_control());
    }
    text.truncate(text.floor_char_boundary(max_bytes));
    (!text.is_empty()).then_some(text)
}

/// Returns text of a token, which may hold any character, in what every database takes.
pub(super) fn without_nul(text: &str) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::ConnectInfo;
    use axum::http::header::{HeaderValue, USER_AGENT};
    use axum::http::{HeaderMap, Request};

    use super::*;

    fn parts(peer: &str, forwarded_for: &[&'static str]) -> Parts {
        let peer: SocketAddr = peer.parse().unwrap();
        let mut request = Request::builder().extension(ConnectInfo(peer));
        for line in forwarded_for {
            request = request.header("x-forwarded-for", *line);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_no_trusted_proxy() {
        let trusted = ["10.0.0.1", "10.0.0.2", "fd00::1"].map(|proxy| proxy.parse().unwrap());
        let rows: [(&str, &[&str], Option<&str>); 13] = [
            ("192.0.2.1:1", &["198.51.100.1"], Some("192.0.2.1")),
            ("[::ffff:192.0.2.1]:1", &[], Some("192.0.2.1")),
            ("10.0.0.1:1", &[], Some("10.0.0.1")),
            ("10.0.0.1:1", &["", ",, ,"], Some("10.0.0.1")),
            (
                "[::ffff:10.0.0.1]:1",
                &["198.51.100.1"],
                Some("198.51.100.1"),
            ),
            (
                "10.0.0.1:1",
                &["1.1.1.1, 198.51.100.1 ,10.0.0.2"],
                Some("198.51.100.1"),
            ),
            (
                "10.0.0.1:1",
                &["1.1.1.1", "198.51.100.1", "10.0.0.2"],
                Some("198.51.100.1"),
            ),
            ("10.0.0.1:1", &["10.0.0.2, 10.0.0.2"], Some("10.0.0.2")),
            ("[fd00::1]:1", &["[2001:db8::1]:443"], Some("2001:db8::1")),
            ("10.0.0.1:1", &["\"[2001:db8::1]\""], Some("2001:db8::1")),
            ("10.0.0.1:1", &["198.51.100.1:5000"], Some("198.51.100.1")),
            ("10.0.0.1:1", &["198.51.100.1, unknown"], None),
            (
                "10.0.0.1:1",
                &["unknown, 198.51.100.1"],
                Some("198.51.100.1"),
            ),
        ];
        for (peer, forwarded_for, expected) in rows {
            let address = address(&parts(peer, forwarded_for), &trusted);
            let expected = expected.map(|expected| expected.parse().unwrap());
            assert_eq!(address, expected, "{peer} {forwarded_for:?}");
        }
    }

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
