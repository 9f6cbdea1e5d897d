//! Starting, reading settings anew, counting, and ending.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use crate::program::Program;
use crate::{HEADER, HTML, assert_untouched, events};

#[test]
fn settings_are_read_anew_and_bad_ones_refused() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    program.write_settings("", "click_tracking = \"none\"");
    program.signal("HUP");
    let line = program.line_with("settings can't be used, those known stay");
    assert!(line.contains("tracking level `none` is unknown"), "{line}");
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    assert_eq!(events(&wire.body(HTML)).len(), 2);

    program.write_settings("", "click_tracking = \"off\"\nopen_tracking = \"off\"");
    program.signal("HUP");
    program.line_with("settings were read anew");
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    assert_untouched(&wire.body(HTML));
}

#[test]
fn message_under_way_is_answered_before_the_end() {
    let mut program = Program::start("", "");
    let mut busy = program.connect();
    let mut idle = program.connect();
    idle.client("192.0.2.7", 4000);
    busy.authenticated_mail(&["anna@example.org"]);
    busy.header(&HEADER);
    program.signal("TERM");
    assert!(idle.is_closed());
    let verdict = busy.body(HTML);
    assert_eq!(events(&verdict).len(), 2);
    assert!(busy.is_closed());
    assert!(program.wait().success());
    program.line_with("stopped");
}

#[test]
fn unix_socket_has_its_mode_and_replaces_a_stale_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("milter.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let top = format!("listen = \"unix:{}\"\nsocket_mode = 0o600", path.display());
    let mut program = Program::start_in(folder, &top, "");
    let mut wire = program.connect();
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    assert_eq!(events(&wire.body(HTML)).len(), 2);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    program.signal("TERM");
    assert!(program.wait().success());
    assert!(!path.exists());
}

#[test]
fn file_in_the_place_of_the_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("milter.sock");
    std::fs::write(&path, "precious").unwrap();
    let top = format!("listen = \"unix:{}\"", path.display());
    let mut program = Program::start_in(folder, &top, "");
    assert!(!program.wait().success());
    let line = program.line_with("linkseal-milter:");
    assert!(
        line.ends_with("expected an address that is free and allowed"),
        "{line}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn counters_are_served() {
    let program = Program::start("metrics = \"127.0.0.1:0\"", "");
    let mut wire = program.connect();
    wire.authenticated_mail(&["anna@example.org"]);
    wire.header(&HEADER);
    events(&wire.body(HTML));
    let mut http = TcpStream::connect(program.address("metrics")).unwrap();
    http.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    http.read_to_string(&mut answer).unwrap();
    for line in [
        "linkseal_milter_messages_total{outcome=\"rewritten\"} 1",
        "linkseal_milter_messages_total{outcome=\"untrusted\"} 0",
        "linkseal_milter_connections 1",
        "linkseal_milter_rewriting_seconds_count 1",
        "content-type: application/openmetrics-text",
    ] {
        assert!(answer.contains(line), "{line}\n{answer}");
    }
    assert!(answer.contains("linkseal_milter_message_bytes_total{direction=\"in\"} "));
}

#[test]
fn log_has_one_line_for_each_message_and_no_address() {
    let program = Program::start("", "");
    let mut wire = program.connect();
    for _ in 0..3 {
        wire.authenticated_mail(&["anna@example.org"]);
        wire.header(&HEADER);
        wire.body(HTML);
    }
    program.signal("TERM");
    program.line_with("stopped");
    let log = program.log();
    let messages = log.iter().filter(|line| line.contains(" message "));
    assert_eq!(messages.count(), 3, "{log:#?}");
    assert!(log.iter().all(|line| !line.contains('@')), "{log:#?}");
}
