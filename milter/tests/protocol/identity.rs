//! What tokens say of the recipient.

use linkseal::Event;

use crate::program::Program;
use crate::{HEADER, HTML, events};

const HEADER_SETTING: &str = "recipient_header = \"X-Recipient-Id\"";

fn recipients_of(events: &[Event]) -> Vec<Option<&str>> {
    events.iter().map(Event::recipient).collect()
}

fn key_setting(program: &Program) -> String {
    let key = program.folder.path().join("recipient.key");
    format!("recipient_key = {{ file = \"{}\" }}", key.display())
}

fn with_key(domain: &str) -> Program {
    let program = Program::start("", domain);
    let settings = format!("{domain}\n{}", key_setting(&program));
    program.address("listening");
    program.write_settings("", &settings);
    program.signal("HUP");
    program.line_with("settings were read anew");
    program
}

#[test]
fn sender_names_the_recipient_and_the_field_is_removed() {
    let program = Program::start("", HEADER_SETTING);
    let mut wire = program.connect();
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&[&[("x-recipient-ID", " r-42")], &HEADER[..]].concat());
    let verdict = wire.body(HTML);
    assert_eq!(recipients_of(&events(&verdict)), [Some("r-42"); 2]);
    let removed = (1, "x-recipient-id".to_owned(), String::new());
    assert_eq!(verdict.changes, [removed]);
    program.line_with("recipient=\"header\"");
}

#[test]
fn unclear_ids_are_removed_and_not_used() {
    let program = Program::start("", HEADER_SETTING);
    let mut wire = program.connect();
    let name = "X-Recipient-Id";
    for fields in [
        &[(name, " r-1"), (name, " r-2"), (name, " r-3")][..],
        &[(name, " anna@example.org")],
        &[(name, "")],
    ] {
        wire.authenticated_mail(&["anna@example.org"]);
        wire.header(&[fields, &HEADER[..]].concat());
        let verdict = wire.body(HTML);
        assert_eq!(recipients_of(&events(&verdict)), [None; 2], "{fields:?}");
        let indices: Vec<usize> = verdict
            .changes
            .iter()
            .map(|change| change.0.try_into().unwrap())
            .collect();
        assert_eq!(indices, (1..=fields.len()).rev().collect::<Vec<_>>());
    }
}

#[test]
fn address_becomes_an_id_that_only_the_key_can_make() {
    let program = with_key(HEADER_SETTING);
    let mut wire = program.connect();
    let mut id_of = |address: &str| {
        wire.authenticated_mail(&[address]);
        wire.header(&HEADER);
        let events = events(&wire.body(HTML));
        events[0].recipient().unwrap().to_owned()
    };
    let anna = id_of("anna@example.org");
    // printf anna@example.org | openssl dgst -sha256 -mac HMAC -macopt hexkey:1717...17
    assert_eq!(anna, "9cc13828a57d5546a42d3a1c9886f5e5");
    assert_eq!(id_of("anna@EXAMPLE.org"), anna);
    assert_ne!(id_of("Anna@example.org"), anna);
    program.line_with("recipient=\"address\"");
}

#[test]
fn several_recipients_are_anonymous() {
    let program = with_key(HEADER_SETTING);
    let mut wire = program.connect();
    wire.authenticated_mail(&["anna@example.org", "bert@example.org"]);
    wire.header(&[&HEADER[..], &[("X-Recipient-Id", " r-42")]].concat());
    let verdict = wire.body(HTML);
    let events = events(&verdict);
    assert_eq!(recipients_of(&events), [None; 2]);
    assert_eq!(events[0].message(), Some("m-1@example.com"));
    assert_eq!(verdict.changes.len(), 1);
}
