//! Who is at the other end of a request, behind proxies or not.
//!
//! `X-Forwarded-For`, `-Host` and `-Proto` count only when a trusted proxy sends them: anybody can write them.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Uri, header};

use crate::app::App;
use crate::options::Settings;

pub(crate) struct Peer {
    pub(crate) ip: IpAddr,
    /// The host that was asked, in lower case and without a port.
    pub(crate) host: Option<String>,
    pub(crate) https: bool,
}

impl Peer {
    pub(crate) fn of(
        settings: &Settings,
        extensions: &Extensions,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Self {
        let trusts = |ip: &IpAddr| {
            let mut proxies = settings.trusted_proxies.iter();
            proxies.any(|proxy| proxy.to_canonical() == *ip)
        };
        let next = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| {
                address.ip().to_canonical()
            });
        let by_proxy = trusts(&next);
        let forwarded = |name| last(headers, name).filter(|_| by_proxy);
        // Each proxy adds the one it hears from at the end. What stands before the first that is no proxy of
        // ours, anybody may have written.
        let mut ip = next;
        for hop in hops(headers).filter(|_| by_proxy) {
            let Some(hop) = address(hop) else { break };
            ip = hop;
            if !trusts(&ip) {
                break;
            }
        }
        let host = forwarded("x-forwarded-host")
            .or_else(|| uri.authority().map(|authority| authority.as_str()))
            .or_else(|| last(headers, header::HOST.as_str()))
            .map(without_port);
        let https = settings.tls_cert.is_some()
            || forwarded("x-forwarded-proto")
                .is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        Self { ip, host, https }
    }
}

impl FromRequestParts<App> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(
            &app.settings,
            &parts.extensions,
            &parts.headers,
            &parts.uri,
        ))
    }
}

/// The nearest first.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.rsplit(','))
        .map(str::trim)
}

/// Some proxies add the port.
fn address(hop: &str) -> Option<IpAddr> {
    hop.parse()
        .or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .map(|ip| ip.to_canonical())
}

/// The value that the nearest proxy wrote.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim)
}

fn without_port(authority: &str) -> String {
    let host = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets, and a port after them.
        Some((host, port)) if !port.contains(']') => host,
        _ => authority,
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn peer(proxies: &str, from: &str, headers: &[(&'static str, &str)]) -> Peer {
        let options =
            crate::options::Options::parse_from(["tracking-server", "--trusted-proxies", proxies]);
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(from.parse().unwrap(), 1)));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Peer::of(&options.settings, &extensions, &map, &Uri::from_static("/"))
    }

    #[test]
    fn nobody_but_a_trusted_proxy_says_who_asks() {
        let forged = [
            ("host", "Pages.Example.com:8025"),
            ("x-forwarded-for", "192.0.2.9"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "other.example"),
        ];
        let stranger = peer("10.0.0.1", "198.51.100.7", &forged);
        assert_eq!(stranger.ip.to_string(), "198.51.100.7");
        assert_eq!(stranger.host.as_deref(), Some("pages.example.com"));
        assert!(!stranger.https);
        let proxy = peer("10.0.0.1", "10.0.0.1", &forged);
        assert_eq!(proxy.ip.to_string(), "192.0.2.9");
        assert_eq!(proxy.host.as_deref(), Some("other.example"));
        assert!(proxy.https);
    }

    #[test]
    fn what_a_client_wrote_before_the_proxies_counts_not() {
        for (hops, ip) in [
            ("1.1.1.1, 192.0.2.9, 10.0.0.2", "192.0.2.9"),
            ("unknown, 192.0.2.9:4711, 10.0.0.2", "192.0.2.9"),
            ("192.0.2.9, unknown, 10.0.0.2", "10.0.0.2"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("", "10.0.0.1"),
        ] {
            let headers = [("x-forwarded-for", hops)];
            let peer = peer("10.0.0.1,10.0.0.2", "10.0.0.1", &headers);
            assert_eq!(peer.ip.to_string(), ip, "{hops}");
        }
    }
}
