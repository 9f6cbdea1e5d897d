//! Whose messages are rewritten.

use crate::program::Program;
use crate::{HEADER, HTML, assert_untouched, events};

#[test]
fn forged_from_of_an_outside_client_is_not_signed() {
    let program = Program::start("networks = [\"10.0.0.0/8\", \"2001:db8::/32\"]", "");
    for (address, port) in [
        ("192.0.2.7", 4000),
        ("11.0.0.1", 4000),
        ("IPv6:2001:db9::1", 4000),
        // A content filter that hands back mail from outside.
        ("127.0.0.1", 4000),
        // A client that Postfix knows nothing of.
        ("192.0.2.7", 0),
    ] {
        let mut wire = program.connect();
        wire.client(address, port);
        wire.mail("bounce@example.com", &["anna@example.org"]);
        wire.header(&[&HEADER[..], &[("X-Recipient-Id", " r-1")]].concat());
        assert_untouched(&wire.body(HTML));
    }
    program.line_with("outcome=\"untrusted\"");
}

#[test]
fn networks_and_local_submission_are_trusted() {
    let program = Program::start(
        "networks = [\"10.0.0.0/8\", \"2001:db8::/32\", \"192.0.2.9\"]",
        "",
    );
    for (address, port) in [
        ("10.1.2.3", 4000),
        ("IPv6:2001:db8::1", 4000),
        ("IPv6:::ffff:10.0.0.1", 4000),
        ("192.0.2.9", 4000),
        ("127.0.0.1", 0),
        ("IPv6:::1", 0),
    ] {
        let mut wire = program.connect();
        wire.client(address, port);
        wire.mail("bounce@example.com", &["anna@example.org"]);
        wire.header(&HEADER);
        assert_eq!(events(&wire.body(HTML)).len(), 2, "{address}");
    }
}

#[test]
fn local_submission_can_be_switched_off() {
    let program = Program::start("local_submission = false", "");
    let mut wire = program.connect();
    wire.client("127.0.0.1", 0);
    wire.mail("bounce@example.com", &["anna@example.org"]);
    wire.header(&HEADER);
    assert_untouched(&wire.body(HTML));
}

#[test]
fn login_counts_for_one_message_only() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    wire.client("192.0.2.7", 4000);
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    assert_eq!(events(&wire.body(HTML)).len(), 2);
    // The next message of the connection comes without macros, or with those of no login.
    for macros in [&[][..], &[("i", "QUEUE2")], &[("{auth_authen}", "")]] {
        if !macros.is_empty() {
            wire.macros(b'M', macros);
        }
        wire.mail("bounce@example.com", &["anna@example.org"]);
        wire.header(&HEADER);
        assert_untouched(&wire.body(HTML));
    }
    // A login whose message never came.
    wire.macros(b'M', &[("{auth_authen}", "shop")]);
    wire.send(b'A', b"");
    wire.mail("bounce@example.com", &["anna@example.org"]);
    wire.header(&HEADER);
    assert_untouched(&wire.body(HTML));
}

#[test]
fn login_of_another_stage_does_not_count() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    wire.client("192.0.2.7", 4000);
    wire.macros(b'C', &[("{auth_authen}", "shop")]);
    wire.mail("bounce@example.com", &["anna@example.org"]);
    wire.header(&HEADER);
    assert_untouched(&wire.body(HTML));
}

#[test]
fn aborted_message_leaves_nothing_behind() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    wire.authenticated_mail(&["anna@example.org", "bert@example.org"]);
    wire.header(&HEADER);
    wire.step(b'B', b"<a href=\"https://left.example/\">x</a>");
    wire.send(b'A', b"");
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    let verdict = wire.body(HTML);
    assert_eq!(events(&verdict).len(), 2);
    let body = String::from_utf8(verdict.body.unwrap()).unwrap();
    assert!(!body.contains("left.example"));
}

#[test]
fn listed_logins_alone_may_send_for_the_domain() {
    let program = Program::start(
        "networks = [\"192.0.2.0/24\"]",
        "logins = [\"store\", \"shop\"]",
    );
    let mut wire = program.connect();
    wire.client("192.0.2.7", 4000);
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    assert_eq!(events(&wire.body(HTML)).len(), 2);
    // Another customer, though on a trusted network.
    wire.macros(b'M', &[("{auth_authen}", "shop2")]);
    wire.mail("bounce@example.com", &["anna@example.org"]);
    wire.header(&HEADER);
    assert_untouched(&wire.body(HTML));
}
