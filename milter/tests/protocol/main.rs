//! The milter protocol over real sockets, with the program as it is run.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod identity;
mod lifecycle;
mod limits;
mod links;
mod program;
mod trust;
mod wire;

use linkseal::{DomainConfig, Event, KeyId, SigningKey, TrackingHost, UntrustedToken};

use program::{Program, SIGNING_KEY};
use wire::Verdict;

pub(crate) const HTML: &str =
    "<html><body>\r\n<a href=\"https://shop.example/?a=1\">Shop</a>\r\n</body></html>\r\n";

/// The header of an HTML message, as Postfix hands it over.
pub(crate) const HEADER: [(&str, &str); 5] = [
    ("From", " Shop <news@Example.COM>"),
    ("Message-ID", " <m-1@example.com>"),
    ("Subject", " a\n long one"),
    ("MIME-Version", " 1.0"),
    ("Content-Type", " text/html;\n\tcharset=utf-8"),
];

pub(crate) fn domain() -> DomainConfig {
    let key = SigningKey::new(KeyId(1), &SIGNING_KEY).unwrap();
    let host = TrackingHost::custom("link.example.com").unwrap();
    DomainConfig::new("example.com".parse().unwrap(), host, key).unwrap()
}

/// What the tokens of a replaced body say.
#[track_caller]
pub(crate) fn events(verdict: &Verdict) -> Vec<Event> {
    let body = String::from_utf8(verdict.body.clone().expect("a replaced body")).unwrap();
    let urls = body
        .split('"')
        .filter(|part| part.starts_with("https://link.example.com/"));
    let events = urls.map(|url| {
        UntrustedToken::parse_url(url)
            .unwrap()
            .verify(&domain())
            .unwrap()
    });
    events.collect()
}

#[track_caller]
pub(crate) fn assert_untouched(verdict: &Verdict) {
    let untouched = Verdict {
        code: 'c',
        ..Verdict::default()
    };
    assert_eq!(*verdict, untouched);
}

#[test]
fn html_of_an_authenticated_client_is_rewritten() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    wire.client("192.0.2.7", 4000);
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    let verdict = wire.body(HTML);
    assert_eq!((verdict.code, verdict.changes.len()), ('c', 0));
    let events = events(&verdict);
    assert_eq!(events.len(), 2);
    for event in &events {
        assert_eq!(event.message(), Some("m-1@example.com"));
        assert_eq!(event.recipient(), None);
    }
    let line = program.line_with("outcome=\"rewritten\"");
    assert!(
        line.contains("queue_id=\"QUEUE1\"") && line.contains("domain=example.com"),
        "{line}"
    );
    assert!(!line.contains("anna") && !line.contains("news@"), "{line}");
}

#[test]
fn message_without_links_keeps_its_body() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&[("From", " news@example.com"), ("Subject", " x")]);
    assert_untouched(&wire.body("https://shop.example/\r\n"));
    program.line_with("outcome=\"unchanged\"");
}

#[test]
fn envelope_counts_without_a_from_field() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER[1..]);
    assert_eq!(events(&wire.body(HTML)).len(), 2);
}

#[test]
fn from_field_counts_before_the_envelope() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    for (from, outcome) in [
        (" x@other.example", "other_domain"),
        (" x@sub.example.com", "other_domain"),
        (" x@example.com, x@other.example", "unclear_from"),
    ] {
        wire.authenticated_mail(&["anna@example.org"]);
        let mut header = HEADER;
        header[0].1 = from;
        wire.header(&header);
        assert_untouched(&wire.body(HTML));
        program.line_with(&format!("outcome=\"{outcome}\""));
    }
}

#[test]
fn long_body_comes_back_in_pieces() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    let verdict = wire.body(&HTML.replace("Shop", &"long text\r\n".repeat(20_000)));
    assert_eq!(events(&verdict).len(), 2);
    let (last, full) = verdict.chunks.split_last().unwrap();
    assert!(full.len() > 2 && full.iter().all(|bytes| *bytes == 65_535) && *last <= 65_535);
}

#[test]
fn old_mail_server_without_spaces_and_skipping_is_served() {
    let program = Program::start("", "");
    let mut wire = wire::Wire::open(&program.address("listening"));
    assert_eq!(wire.negotiate(2, 0x3f, 0x7f), (2, 0x12, 0x2));
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER.map(|(name, value)| (name, value.trim_start())));
    assert_eq!(events(&wire.body(HTML)).len(), 2);
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&[("From", "x@other.example")]);
    assert_untouched(&wire.body(&HTML.repeat(3000)));
}
