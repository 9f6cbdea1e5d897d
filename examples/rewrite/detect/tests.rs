use super::{DECIDING_BYTES, Kind, kind, kind_of_start};

#[track_caller]
fn assert_kind(expected: Kind, inputs: &[&str]) {
    for input in inputs {
        assert_eq!(kind(input.as_bytes()), expected, "{input:?}");
        let crlf = input.replace('\n', "\r\n");
        assert_eq!(kind(crlf.as_bytes()), expected, "{crlf:?}");
    }
}

#[test]
fn two_fields_of_which_one_is_of_mail_are_a_message() {
    assert_kind(
        Kind::Message,
        &[
            "From: a@x.test\nSubject: Hi\n\n<p>",
            "Subject: Hi\nDATE: now\n\n<p>",
            "Subject: Hi\nreceived: by x.test\n\n",
            "X: 1\nMessage-Id: <1@x.test>\n\n",
            "MIME-Version: 1.0\nContent-Type: text/html\n\n<a href='https://x.test/'>",
            "Subject: a\n longer\n\tone\nFrom:\n\n<p>",
            "Subject : Hi\nFrom\t: a@x.test\n\n<p>",
            "    \nFrom: a@x.test\nDate: now\n\n<p>",
            "\n\nFrom: a@x.test\nDate: now\n\n<p>",
            "From a@x.test Thu Nov 26 2026\nFrom: a@x.test\nTo: b@x.test\n\n<p>",
        ],
    );
}

#[test]
fn a_header_without_a_body_is_a_message() {
    assert_kind(
        Kind::Message,
        &[
            "From: a@x.test\nSubject: Hi\n",
            "From: a@x.test\nSubject: Hi",
        ],
    );
}

#[test]
fn what_a_document_begins_with_is_not_a_message() {
    assert_kind(
        Kind::Html,
        &[
            "",
            "\n",
            "<p>Hi",
            "<!doctype html>\n<html>",
            "<html xmlns:v=\"urn:v\"\nxmlns:o=\"urn:o\">\n\n",
            "From: a@x.test\n\n<p>",
            "To: a@x.test\nSubject: Hi\n\n<p>",
            "From: a@x.test\n<p>\nDate: now\n\n",
            " From: a@x.test\nFrom: a@x.test\nDate: now\n\n",
            "From a@x.test\nDate: now\n\n",
            "From: a@x.test\nFrom a@x.test\nDate: now\n\n",
            ": a@x.test\nDate: now\nFrom: a\n\n",
            "Fröm: a@x.test\nDate: now\nFrom: a\n\n",
            "<p>From: a@x.test\nDate: now\nFrom: a</p>\n\n",
        ],
    );
}

#[test]
fn a_start_decides_as_soon_as_it_can() {
    for (start, expected) in [
        ("", None),
        ("<", Some(Kind::Html)),
        ("x", None),
        ("x ", None),
        ("x y", Some(Kind::Html)),
        ("<p>\n", Some(Kind::Html)),
        ("From", None),
        ("From a@x.test", None),
        ("From: a@x.test\nSubject", None),
        ("From: a@x.test\nSubject: Hi\n", None),
        ("From: a@x.test\nSubject: Hi\n\r", None),
        ("From: a@x.test\nSubject: Hi\n\n", Some(Kind::Message)),
        ("From: a@x.test\nSubject: Hi\n\r\n", Some(Kind::Message)),
        ("From: a@x.test\n\n", Some(Kind::Html)),
    ] {
        assert_eq!(kind_of_start(start.as_bytes()), expected, "{start:?}");
    }
}

#[test]
fn a_start_decides_what_the_whole_is() {
    for input in [
        "From: a@x.test\nSubject: Hi\n\n<p>",
        "From a@x.test\nFrom: a@x.test\r\nTo: b\r\n c\r\n\r\n<p>",
        "<html xmlns:v='urn:v'>\nFrom: a@x.test\nDate: now\n\n",
        "Subject: Hi\nTo: a\n\n<p>",
        "  \n\nSubject: Hi\nFrom: a\n\n<p>",
    ] {
        let decided = (0..input.len()).find_map(|end| kind_of_start(&input.as_bytes()[..end]));
        assert_eq!(decided, Some(kind(input.as_bytes())), "{input:?}");
    }
}

#[test]
fn a_header_that_does_not_end_is_decided_by_its_complete_lines() {
    let long = format!(
        "From: a@x.test\nTo: b@x.test,\n{}",
        " c@x.test,\n".repeat(9999)
    );
    let start = &long.as_bytes()[..DECIDING_BYTES];
    assert_eq!(kind_of_start(&start[..DECIDING_BYTES - 1]), None);
    assert_eq!(kind_of_start(start), Some(Kind::Message));
    assert_eq!(kind_of_start(&[b'x'; DECIDING_BYTES]), Some(Kind::Html));
}
