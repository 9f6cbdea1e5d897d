//! Events, reports, names and ids as JSON.

use linkseal::error::TokenError;
use linkseal::{
    DomainConfig, DomainStatus, EventKind, KeyId, LinkContext, LinkOutcome, Message, PixelOutcome,
    PixelPlacement, PixelPosition, SendingDomain, SigningKey, SkipReason, TrackingLevel, Untouched,
    rewrite, rewrite_with_report,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::setup::{OPEN_PREFIX, domain, event, token_length, tracking_urls};

#[track_caller]
fn assert_json(value: &impl Serialize, expected: &str) {
    assert_eq!(serde_json::to_string(value).unwrap(), expected);
}

/// Written and read back.
#[track_caller]
fn assert_round_trip<T: DeserializeOwned + PartialEq + Serialize + std::fmt::Debug>(
    value: T,
    expected: &str,
) {
    assert_json(&value, expected);
    assert_eq!(serde_json::from_str::<T>(expected).unwrap(), value);
    // Not from borrowed text only.
    let owned = serde_json::from_str::<serde_json::Value>(expected).unwrap();
    assert_eq!(serde_json::from_value::<T>(owned).unwrap(), value);
}

#[test]
fn an_event_is_flat_and_leaves_out_what_is_absent() {
    let sent = domain().message().clone().with_sent_at(1_790_000_000);
    let html = "<a data-track-name='é' href='https://x.test/?a=1&amp;b=2'>x</a>";
    let html = rewrite(html, &domain().for_message(sent.unwrap()));
    let click = event(&tracking_urls(html.as_bytes())[0]);
    assert_json(
        &click,
        r#"{"kind":"click","key_id":1,"domain":"example.com","position":0,"name":"é","destination":"https://x.test/?a=1&b=2","sent_at":1790000000,"message":"msg-7f3a","recipient":"rcpt-42"}"#,
    );
    assert_json(
        click.kind(),
        r#"{"kind":"click","position":0,"name":"é","destination":"https://x.test/?a=1&b=2"}"#,
    );
    let EventKind::Click(click) = click.kind() else {
        panic!()
    };
    assert_json(
        click,
        r#"{"position":0,"name":"é","destination":"https://x.test/?a=1&b=2"}"#,
    );

    let anonymous = domain().for_message(Message::default());
    let html = rewrite("<a href='https://x.test/'>x</a>", &anonymous);
    assert_json(
        &event(&tracking_urls(html.as_bytes())[0]),
        r#"{"kind":"click","key_id":1,"domain":"example.com","position":0,"destination":"https://x.test/"}"#,
    );
    let token = html.split(OPEN_PREFIX).nth(1).unwrap();
    let token = &token[..token_length(token.as_bytes())];
    let open = event(&format!("/o/{token}"));
    assert_json(
        &open,
        r#"{"kind":"open","key_id":1,"domain":"example.com","placement":"end"}"#,
    );
    let EventKind::Open(open) = open.kind() else {
        panic!()
    };
    assert_json(open, r#"{"placement":"end"}"#);
    assert_json(&TokenError::BadSignature, r#""bad_signature""#);
}

#[test]
fn a_report_has_all_its_fields() {
    let html = "<a href='https://x.test/'>x</a><a alias=up href='#top'>up</a>";
    let domain = domain().with_open_tracking(TrackingLevel::Off);
    let (output, report) = rewrite_with_report(html, &domain);
    let expected = format!(
        r##"{{"links":[{{"element":"a","context":"html","position":0,"name":null,"original":"https://x.test/","destination":"https://x.test/","outcome":"tracked","reason":null}},{{"element":"a","context":"html","position":null,"name":"up","original":"#top","destination":null,"outcome":"skipped","reason":"fragment"}}],"tracked":1,"skipped":1,"pixel":"off","untouched":null,"input_bytes":{0},"output_bytes":{1},"input_longest_line":{0},"output_longest_line":{1},"gmail_clips":false,"click_tracking":"identified","open_tracking":"off"}}"##,
        html.len(),
        output.len(),
    );
    assert_json(&report, &expected);
    assert_json(
        &LinkOutcome::Skipped(SkipReason::MergeTag),
        r#"{"outcome":"skipped","reason":"merge_tag"}"#,
    );
    assert_json(&Some(Untouched::MemoryLimit { at: 7 }), r#""memory_limit""#);
}

#[test]
fn names_and_ids_come_back() {
    assert_round_trip(KeyId(7), "7");
    assert_round_trip(
        "example.com".parse::<SendingDomain>().unwrap(),
        r#""example.com""#,
    );
    assert_round_trip(DomainStatus::Pending, r#""pending""#);
    assert_round_trip(LinkContext::Noscript, r#""noscript""#);
    assert_round_trip(PixelOutcome::AlreadyThere, r#""already_there""#);
    assert_round_trip(PixelPlacement::Both, r#""both""#);
    assert_round_trip(PixelPosition::Start, r#""start""#);
    assert_round_trip(SkipReason::OptedOut, r#""opted_out""#);
    assert_round_trip(TrackingLevel::Anonymous, r#""anonymous""#);
    let domain: SendingDomain = serde_json::from_str(r#""Bücher.example.""#).unwrap();
    assert_eq!(domain, "xn--bcher-kva.example");
    for (json, words) in [
        (
            r#""all""#,
            "tracking level `all` is unknown, expected one of: off, anonymous, identified",
        ),
        ("7", "invalid type: integer `7`, expected a tracking level"),
    ] {
        let error = serde_json::from_str::<TrackingLevel>(json).unwrap_err();
        assert!(error.to_string().starts_with(words), "{error}");
    }
    assert!(serde_json::from_str::<SendingDomain>(r#""a b""#).is_err());
    assert!(serde_json::from_str::<KeyId>("4294967296").is_err());
}

/// Two implementations fit a type that can be serialised, and then no call of `check` compiles.
trait NeverSerialised<Which> {
    fn check() {}
}

impl<T> NeverSerialised<()> for T {}
impl<T: Serialize> NeverSerialised<u8> for T {}

#[test]
fn what_holds_a_secret_is_never_serialised() {
    <SigningKey as NeverSerialised<_>>::check();
    <DomainConfig as NeverSerialised<_>>::check();
}
