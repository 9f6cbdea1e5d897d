//! Campaign parameters, sealed tokens, and the header field that lowers the tracking of a message.

use linkseal::{DomainConfig, EventKind, UntrustedToken};

use crate::program::Program;
use crate::wire::{Verdict, Wire};
use crate::{HEADER, HTML, assert_untouched, domain, events};

const FIELD: &str = "X-Tracking-Level";
const SETTING: &str =
    "tracking_header = \"X-Tracking-Level\"\nrecipient_header = \"X-Recipient-Id\"";

fn send(wire: &mut Wire, recipients: &[&str], fields: &[(&str, &str)]) -> Verdict {
    wire.authenticated_mail(recipients);
    wire.header(&[fields, &HEADER[..]].concat());
    wire.body(HTML)
}

/// What is tracked of a mail: of whom clicks and opens, if of anybody.
fn tracked(verdict: &Verdict) -> (Option<Option<String>>, Option<Option<String>>) {
    let (mut clicks, mut opens) = (None, None);
    if verdict.body.is_some() {
        for event in events(verdict) {
            let recipient = event.recipient().map(str::to_owned);
            match event.kind() {
                EventKind::Click(_) => clicks = Some(recipient),
                EventKind::Open(_) => opens = Some(recipient),
            }
        }
    }
    (clicks, opens)
}

#[test]
fn campaign_parameters_of_a_domain_reach_its_links() {
    let setting = "link_parameters = { hosts = [\"shop.example\"], parameters = [\
         { name = \"utm_source\", value = \"news & more\" }, { name = \"a\", value = \"2\" }] }";
    let program = Program::start("", setting);
    let mut wire = program.connect();
    let events = events(&send(&mut wire, &["anna@example.org"], &[]));
    let EventKind::Click(click) = events[0].kind() else {
        panic!("{events:?}");
    };
    let expected = "https://shop.example/?a=1&utm_source=news%20%26%20more";
    assert_eq!(click.destination(), expected);
}

#[test]
fn sealed_tokens_say_the_same_and_nobody_can_read_it() {
    let program = Program::start("", "sealed_tokens = true");
    let mut wire = program.connect();
    let verdict = send(&mut wire, &["anna@example.org"], &[]);
    let body = String::from_utf8(verdict.body.clone().unwrap()).unwrap();
    // Sealed ones start so.
    assert!(body.contains("https://link.example.com/c/I"), "{body}");
    assert_eq!(events(&verdict).len(), 2);
    let other = linkseal::SigningKey::new(linkseal::KeyId(1), &[0x43; 32]).unwrap();
    let host = linkseal::TrackingHost::custom("link.example.com").unwrap();
    let other = DomainConfig::new(domain().sending_domain().clone(), host, other).unwrap();
    let url = body.split('"').find(|part| part.contains("/c/")).unwrap();
    let token = UntrustedToken::parse_url(url).unwrap();
    assert!(token.verify(&other).is_err());
}

#[test]
fn a_sender_lowers_the_tracking_of_a_message() {
    let program = Program::start("", SETTING);
    let mut wire = program.connect();
    let id = Some(Some("r-42".to_owned()));
    for (value, expected) in [
        (
            " clicks=identified, opens=identified",
            (id.clone(), id.clone()),
        ),
        (" clicks=anonymous", (Some(None), id.clone())),
        (" Clicks=Anonymous,\n\topens = off", (Some(None), None)),
        (" clicks=off", (None, id)),
        (" clicks=off, opens=off", (None, None)),
    ] {
        let fields = [(FIELD, value), ("X-Recipient-Id", " r-42")];
        let verdict = send(&mut wire, &["anna@example.org"], &fields);
        assert_eq!(tracked(&verdict), expected, "{value}");
        let mut removed: Vec<_> = verdict.changes.iter().map(|change| &*change.1).collect();
        removed.sort_unstable();
        assert_eq!(removed, ["x-recipient-id", "x-tracking-level"], "{value}");
    }
}

#[test]
fn no_field_raises_what_the_settings_say() {
    let setting = format!("{SETTING}\nclick_tracking = \"anonymous\"\nopen_tracking = \"off\"");
    let program = Program::start("", &setting);
    let mut wire = program.connect();
    let fields = [
        (FIELD, " clicks=identified, opens=identified"),
        ("X-Recipient-Id", " r-42"),
    ];
    let verdict = send(&mut wire, &["anna@example.org"], &fields);
    assert_eq!(tracked(&verdict), (Some(None), None));
    // Nor does it tell recipients apart who get the same bytes.
    let program = Program::start("", SETTING);
    let mut wire = program.connect();
    let verdict = send(
        &mut wire,
        &["anna@example.org", "bert@example.org"],
        &fields,
    );
    assert_eq!(tracked(&verdict), (Some(None), Some(None)));
}

#[test]
fn of_several_fields_the_lowest_counts_and_all_are_removed() {
    let program = Program::start("", SETTING);
    let mut wire = program.connect();
    let fields = [
        (FIELD, " clicks=off"),
        ("X-TRACKING-level", " clicks=identified"),
        (FIELD, " opens=anonymous"),
    ];
    let verdict = send(&mut wire, &["anna@example.org"], &fields);
    assert_eq!(tracked(&verdict), (None, Some(None)));
    let indices: Vec<_> = verdict.changes.iter().map(|change| change.0).collect();
    assert_eq!(indices, [3, 2, 1]);
}

#[test]
fn what_can_not_be_read_turns_tracking_off_and_is_logged() {
    let program = Program::start("", SETTING);
    let mut wire = program.connect();
    for value in [
        "",
        " off",
        " clicks=secret-word",
        " clicks=anonymous; opens=off",
        " clicks=o\nff",
    ] {
        let verdict = send(&mut wire, &["anna@example.org"], &[(FIELD, value)]);
        assert_eq!(tracked(&verdict), (None, None), "{value}");
        assert_eq!(verdict.changes.len(), 1, "{value}");
    }
    let line = program.line_with("the tracking header field can't be read");
    assert!(
        line.contains("WARN") && line.contains("queue_id=\"QUEUE1\""),
        "{line}"
    );
    program.line_with("outcome=\"unchanged\"");
    // Nothing that a message says gets into the log.
    assert!(
        !program
            .log()
            .iter()
            .any(|line| line.contains("secret-word"))
    );
}

#[test]
fn a_field_is_kept_if_the_settings_say_so() {
    let program = Program::start("", &format!("{SETTING}\nkeep_tracking_header = true"));
    let mut wire = program.connect();
    let verdict = send(&mut wire, &["anna@example.org"], &[(FIELD, " clicks=off")]);
    assert_eq!(tracked(&verdict), (None, Some(None)));
    assert_eq!(verdict.changes, []);
}

#[test]
fn a_field_of_an_outside_sender_or_of_no_setting_changes_nothing() {
    let program = Program::start("", SETTING);
    let mut wire = program.connect();
    wire.client("192.0.2.7", 4000);
    wire.mail("bounce@example.com", &["anna@example.org"]);
    wire.header(&[&[(FIELD, " clicks=off")], &HEADER[..]].concat());
    assert_untouched(&wire.body(HTML));
    let program = Program::start("", "");
    let mut wire = program.connect();
    let verdict = send(&mut wire, &["anna@example.org"], &[(FIELD, " clicks=off")]);
    assert_eq!(tracked(&verdict), (Some(None), Some(None)));
    assert_eq!(verdict.changes, []);
}

/// Of any number of fields nothing is kept but the levels.
#[test]
fn any_number_of_fields_is_read_and_removed() {
    let program = Program::start("", SETTING);
    let mut wire = program.connect();
    let long = format!(" clicks=anonymous,\n{}opens=anonymous", " ".repeat(900));
    let fields = vec![(FIELD, long.as_str()); 2000];
    let verdict = send(&mut wire, &["anna@example.org"], &fields);
    assert_eq!(tracked(&verdict), (Some(None), Some(None)));
    assert_eq!(verdict.changes.len(), 2000);
}
