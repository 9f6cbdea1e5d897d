//! Sending domains and tracking hosts: how they are spelt, and which host may present whose links.

use std::collections::{BTreeMap, HashMap};

use linkseal::{DomainConfig, SendingDomain, TrackingHost};

use crate::setup::{domain, key};

#[test]
fn a_sending_domain_has_one_spelling() {
    for (text, expected) in [
        ("example.com", "example.com"),
        ("Example.COM.", "example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("_mail.example.com", "_mail.example.com"),
        ("localhost", "localhost"),
    ] {
        let domain: SendingDomain = text.parse().unwrap();
        assert_eq!(domain, expected, "{text}");
        assert_eq!(domain.to_string(), expected);
        assert_eq!(domain.as_ref(), expected);
        assert_eq!(domain.to_string().parse(), Ok(domain.clone()));
        assert_eq!(HashMap::from([(domain.clone(), 1)])[expected], 1);
        assert_eq!(BTreeMap::from([(domain, 1)])[expected], 1);
    }
    let [a, b] = ["a.example", "b.example"].map(|text| text.parse::<SendingDomain>().unwrap());
    assert!(a < b);
    assert_eq!(format!("{a:?}"), r#"SendingDomain("a.example")"#);
    assert_eq!(format!("{a:>11}|{b:<11}"), "  a.example|b.example  ");
}

#[test]
fn a_tracking_host_prints_what_it_is_parsed_from() {
    for (text, expected) in [
        ("link.example.com", "https://link.example.com"),
        ("LINK.example.com./", "https://link.example.com"),
        ("https://link.example.com:443", "https://link.example.com"),
        ("https://link.example.com:80", "https://link.example.com:80"),
        ("http://link.example.com:80", "http://link.example.com"),
        ("http://localhost:8080/t/u/", "http://localhost:8080/t/u"),
        ("http://link.example.com:443", "http://link.example.com:443"),
    ] {
        let host: TrackingHost = text.parse().unwrap();
        assert_eq!(host.to_string(), expected, "{text}");
        assert_eq!(expected.parse(), Ok(host.clone()), "{text}");
        assert!(!host.is_shared());
        let shared = host.clone().into_shared();
        assert_ne!(shared, host);
        assert_eq!(host.is_insecure_http(), expected.starts_with("http:"));
        assert_eq!(shared.to_string(), expected);
    }
    for text in [
        "",
        "https://",
        "ftp://link.example.com",
        "HTTPS://link.example.com",
        "http://https://link.example.com",
        "//link.example.com",
    ] {
        assert!(text.parse::<TrackingHost>().is_err(), "{text}");
    }
}

#[test]
fn links_count_on_their_domain_and_on_its_tracking_host_only() {
    let host = TrackingHost::shared("track.service.example").unwrap();
    let shared = DomainConfig::new("example.com".parse().unwrap(), host, key(1)).unwrap();
    let rows = [
        ("example.com", true),
        ("EXAMPLE.com", true),
        ("link.example.com", true),
        ("a.b.Example.COM:8443", true),
        ("link.example.com.", true),
        ("link.example.com.:443", true),
        ("track.service.example", true),
        ("Track.Service.Example.:80", true),
        ("evilexample.com", false),
        (".example.com", false),
        ("example.com.evil.example", false),
        ("sub.track.service.example", false),
        ("service.example", false),
        ("com", false),
        ("", false),
        (":80", false),
        ("[::1]:80", false),
        ("127.0.0.1", false),
        ("evil.example:80@example.com", false),
        ("link.other.example", false),
        ("evil.example/.example.com", false),
        ("evil.example#.example.com", false),
        ("link.example.com..", false),
        ("link..example.com", false),
        ("link.example.com:80:80", false),
        ("link.example.com:x", false),
        ("\u{fffd}", false),
    ];
    for (host, expected) in rows {
        assert_eq!(shared.may_present(host), expected, "{host}");
        let is_of_service = host.to_ascii_lowercase().starts_with("track.service");
        assert_eq!(
            domain().may_present(host),
            expected && !is_of_service,
            "{host}"
        );
    }
}
