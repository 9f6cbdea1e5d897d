//! Who is at the other end of a request, behind proxies or not.
//!
//! `X-Forwarded-For`, `-Host` and `-Proto` count only when a trusted proxy sends them: anybody can write them.
//! Nothing is read before it is asked for, and nothing is copied: clicks come by here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Uri, header};

use crate::options::Settings;

pub(crate) struct Peer<'a> {
    connected: Option<IpAddr>,
    headers: &'a HeaderMap,
    settings: &'a Settings,
    uri: &'a Uri,
}

impl<'a> Peer<'a> {
    pub(crate) fn new(settings: &'a Settings, parts: &'a Parts) -> Self {
        Self::from(settings, parts, connected(&parts.extensions))
    }

    /// `from` is the other end of the connection.
    pub(crate) fn from(settings: &'a Settings, parts: &'a Parts, from: Option<SocketAddr>) -> Self {
        Self {
            connected: from.map(|from| from.ip().to_canonical()),
            headers: &parts.headers,
            settings,
            uri: &parts.uri,
        }
    }

    pub(crate) fn of(settings: &'a Settings, request: &'a Request) -> Self {
        Self {
            connected: connected(request.extensions()).map(|from| from.ip().to_canonical()),
            headers: request.headers(),
            settings,
            uri: request.uri(),
        }
    }

    /// The client's address: the last that a trusted proxy speaks of and that is none itself.
    ///
    /// Whatever stands before that in `X-Forwarded-For` the client may have invented. `None` when a trusted
    /// proxy says something that is not an address, for its own would be wrong.
    pub(crate) fn client(&self) -> Option<IpAddr> {
        self.look_behind_proxies().ok()
    }

    /// The nearest address to the client's that is known: for limits, which must count somebody.
    pub(crate) fn nearest(&self) -> IpAddr {
        let (Ok(address) | Err(address)) = self.look_behind_proxies();
        address
    }

    /// The host that was asked, without a port; `None` when none was named.
    pub(crate) fn host(&self) -> Option<&'a [u8]> {
        let named = || match self.uri.authority() {
            Some(authority) => Some(authority.as_str().as_bytes()),
            None => self
                .headers
                .get(header::HOST)
                .map(|host| host.as_bytes().trim_ascii()),
        };
        self.forwarded("x-forwarded-host")
            .filter(|host| !host.is_empty())
            .or_else(named)
            .filter(|host| !host.is_empty())
            .map(bare_host)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.settings.tls_cert.is_some()
            || self
                .forwarded("x-forwarded-proto")
                .is_some_and(|proto| proto.eq_ignore_ascii_case(b"https"))
    }

    /// The error is the last address before something that is none.
    fn look_behind_proxies(&self) -> Result<IpAddr, IpAddr> {
        let mut nearest = self.connected.ok_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))?;
        if !self.trusts(nearest) {
            return Ok(nearest);
        }
        // Each proxy adds the one it hears from at the end.
        let lines = self.headers.get_all("x-forwarded-for");
        let hops = lines
            .iter()
            .rev()
            .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|hop| !hop.is_empty());
        for hop in hops {
            nearest = parse_hop(hop).ok_or(nearest)?;
            if !self.trusts(nearest) {
                break;
            }
        }
        Ok(nearest)
    }

    /// Whether a trusted proxy asks, and not for anybody else.
    pub(crate) fn is_proxy_itself(&self) -> bool {
        self.connected.is_some_and(|address| self.trusts(address))
            && !["forwarded", "x-forwarded-for", "x-forwarded-host"]
                .iter()
                .any(|name| self.headers.contains_key(*name))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let mut proxies = self.settings.trusted_proxies.iter();
        proxies.any(|proxy| proxy.to_canonical() == address)
    }

    /// The value of a header that the proxy next to us wrote: where there are several, the last.
    fn forwarded(&self, name: &str) -> Option<&'a [u8]> {
        if !self.connected.is_some_and(|address| self.trusts(address)) {
            return None;
        }
        let value = self.headers.get_all(name).iter().next_back()?;
        let last = value.as_bytes().rsplit(|byte| *byte == b',').next();
        last.map(<[u8]>::trim_ascii)
    }
}

/// The other end of the connection that a request came over.
pub(crate) fn connected(extensions: &Extensions) -> Option<SocketAddr> {
    let connected = extensions.get::<ConnectInfo<SocketAddr>>();
    connected.map(|ConnectInfo(from)| *from)
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

/// Returns a host without its port and the dot of the root.
pub(crate) fn bare_host(authority: &[u8]) -> &[u8] {
    let port = authority.iter().rposition(|byte| *byte == b':');
    let host = match port.and_then(|at| authority.split_at_checked(at)) {
        // The colons of an IPv6 address stand in brackets, and a port after them.
        Some((host, port)) if !port.contains(&b']') => host,
        _ => authority,
    };
    host.strip_suffix(b".").unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::options::Options;

    type Header = (&'static str, &'static str);

    fn settings(proxies: &str) -> Settings {
        Options::parse_from(["tracking-server", "--trusted-proxies", proxies]).settings
    }

    fn request(from: &str, headers: &[Header]) -> Request {
        let from: SocketAddr = from.parse().unwrap();
        let mut request = Request::builder().extension(ConnectInfo(from));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(axum::body::Body::empty()).unwrap()
    }

    #[test]
    fn nobody_but_a_trusted_proxy_says_who_asks() {
        let settings = settings("10.0.0.1");
        let forged = [
            ("host", "pages.example.com.:8025"),
            ("x-forwarded-for", "192.0.2.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "forged.example, other.example"),
        ];
        let stranger = request("198.51.100.7:1", &forged);
        let stranger = Peer::of(&settings, &stranger);
        assert_eq!(stranger.nearest().to_string(), "198.51.100.7");
        assert_eq!(stranger.host(), Some(b"pages.example.com".as_slice()));
        assert!(!stranger.is_https());
        let proxy = request("10.0.0.1:1", &forged);
        let proxy = Peer::of(&settings, &proxy);
        assert_eq!(proxy.nearest().to_string(), "192.0.2.9");
        assert_eq!(proxy.host(), Some(b"other.example".as_slice()));
        assert!(proxy.is_https());
    }

    #[test]
    fn host_is_the_one_named_where_the_proxy_names_none() {
        let settings = settings("10.0.0.1");
        let rows: [(&[Header], Option<&str>); 4] = [
            (
                &[("x-forwarded-host", ""), ("host", "[::1]:80")],
                Some("[::1]"),
            ),
            (&[("x-forwarded-host", "a.example, ")], None),
            (&[("host", " ")], None),
            (&[], None),
        ];
        for (headers, host) in rows {
            let request = request("10.0.0.1:1", headers);
            let asked = Peer::of(&settings, &request).host();
            assert_eq!(asked, host.map(str::as_bytes), "{headers:?}");
        }
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_no_trusted_proxy() {
        let settings = settings("10.0.0.1,10.0.0.2,fd00::1");
        let rows: [(&str, &[&'static str], Option<&str>); 13] = [
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
            let lines: Vec<_> = forwarded_for
                .iter()
                .map(|line| ("x-forwarded-for", *line))
                .collect();
            let request = request(peer, &lines);
            let address = Peer::of(&settings, &request).client();
            let expected = expected.map(|expected| expected.parse().unwrap());
            assert_eq!(address, expected, "{peer} {forwarded_for:?}");
        }
    }

    #[test]
    fn somebody_is_counted_where_a_proxy_says_no_address() {
        let settings = settings("10.0.0.1,10.0.0.2");
        for (hops, nearest) in [
            ("1.1.1.1, 192.0.2.9, 10.0.0.2", "192.0.2.9"),
            ("unknown, 192.0.2.9:4711, 10.0.0.2", "192.0.2.9"),
            ("192.0.2.9, unknown, 10.0.0.2", "10.0.0.2"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("", "10.0.0.1"),
        ] {
            let request = request("10.0.0.1:1", &[("x-forwarded-for", hops)]);
            let peer = Peer::of(&settings, &request);
            assert_eq!(peer.nearest().to_string(), nearest, "{hops}");
        }
    }
}
