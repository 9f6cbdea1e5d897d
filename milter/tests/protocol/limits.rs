//! Messages that are too large or too slow, and mail servers that make no sense.

use std::time::Duration;

use crate::program::Program;
use crate::wire::{Verdict, Wire};
use crate::{HEADER, HTML, assert_untouched, events};

/// Takes longer than a millisecond in any build.
fn slow_html() -> String {
    HTML.repeat(20_000)
}

fn with_id() -> Vec<(&'static str, &'static str)> {
    [&HEADER[..], &[("X-Recipient-Id", " r-42")]].concat()
}

fn without_id(code: char) -> Verdict {
    Verdict {
        changes: vec![(1, "x-recipient-id".to_owned(), String::new())],
        code,
        ..Verdict::default()
    }
}

#[test]
fn message_over_the_limit_keeps_its_body() {
    let program = Program::start(
        "max_message_bytes = 10_000",
        "recipient_header = \"X-Recipient-Id\"",
    );
    let mut wire = program.connect();
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&with_id());
    assert_eq!(wire.body(&HTML.repeat(1000)), without_id('c'));
    program.line_with("outcome=\"too_large\"");
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    assert_eq!(events(&wire.body(HTML)).len(), 2);
}

#[test]
fn message_over_the_time_limit_passes_or_waits_by_setting() {
    for (on_error, code) in [("pass", 'c'), ("tempfail", 't')] {
        let top = format!("time_limit_ms = 1\non_error = \"{on_error}\"");
        let program = Program::start(&top, "recipient_header = \"X-Recipient-Id\"");
        let mut wire = program.connect();
        wire.authenticated_mail(&["anna@example.org"]);
        wire.header(&with_id());
        assert_eq!(wire.body(&slow_html()), without_id(code));
        let line = program.line_with("outcome=\"timed_out\"");
        assert!(
            line.contains("the rewriting took longer than 1 ms"),
            "{line}"
        );
    }
}

#[test]
fn nonsense_ends_one_connection_only() {
    let program = Program::start("", "");
    let mut good = program.connect();
    good.authenticated_mail(&["anna@example.org"]);
    for (code, content) in [
        (b'?', &b""[..]),
        (b'L', b"name without an end"),
        (b'O', b"x"),
        (b'C', b"x\0"),
    ] {
        let mut wire = Wire::open(&program.address("listening"));
        wire.send(code, content);
        assert!(wire.is_closed(), "{}", char::from(code));
    }
    let mut silent = program.connect();
    silent.send(b'M', b"<x@example.com>\0");
    drop(silent);
    good.header(&HEADER);
    assert_eq!(events(&good.body(HTML)).len(), 2);
}

#[test]
fn mail_server_that_allows_too_little_is_told_so() {
    let program = Program::start("", "");
    let mut wire = Wire::open(&program.address("listening"));
    let offer = [6, 0x2, 0].map(u32::to_be_bytes);
    wire.send(b'O', &offer.concat());
    assert!(wire.is_closed());
    program.line_with("expected both");
}

#[test]
fn connections_over_the_limit_wait() {
    let program = Program::start("max_connections = 1", "");
    let first = program.connect();
    let address = program.address("listening");
    let second = std::thread::spawn(move || Wire::connect(&address));
    std::thread::sleep(Duration::from_millis(200));
    assert!(!second.is_finished());
    drop(first);
    let mut second = second.join().unwrap();
    second.mail("x@other.example", &["anna@example.org"]);
    second.header(&[("From", " x@other.example")]);
    assert_untouched(&second.body("x\r\n"));
}
