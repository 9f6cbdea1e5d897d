//! Whole messages: what is rewritten, what stays, and what is said of it.

use linkseal::{
    DomainConfig, DomainStatus, EventKind, Message, MessageReport, PartOutcome, PartSkipReason,
    SignatureKind, SkipReason, TrackingLevel, UntrustedToken, rewrite_message,
    rewrite_message_with_report,
};

use crate::setup::domain;

const LINK: &str = "<a href='https://shop.test/'>Shop</a>";
const HTML: &str = "Content-Type: text/html\r\n\r\n<a href='https://shop.test/'>Shop</a>\r\n";

fn rewritten(message: &str, domain: &DomainConfig) -> (String, MessageReport) {
    let (rewritten, report) = rewrite_message_with_report(message.as_bytes(), domain);
    assert_eq!(rewrite_message(message.as_bytes(), domain), rewritten);
    (String::from_utf8(rewritten).unwrap(), report)
}

fn multipart(kind: &str, parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| format!("--=_b\r\n{part}"));
    let parts: String = parts.collect();
    format!("Content-Type: multipart/{kind}; boundary=\"=_b\"\r\n\r\n{parts}--=_b--\r\n")
}

#[track_caller]
fn assert_skipped(message: &str, reason: PartSkipReason) {
    let (rewritten, report) = rewritten(message, &domain());
    assert_eq!(rewritten, message);
    let outcomes: Vec<_> = report.parts().iter().map(|part| part.outcome()).collect();
    assert!(
        outcomes.contains(&PartOutcome::Skipped(reason)),
        "{outcomes:?}"
    );
    assert!(report.parts().iter().all(|part| part.report().is_none()));
}

#[test]
fn what_must_stay_stays_and_says_why() {
    use PartSkipReason as Reason;
    for (header, reason) in [
        (
            "Content-Type: text/html\r\nContent-Disposition: attachment",
            Reason::Attachment,
        ),
        (
            "Content-Type: text/html\r\nContent-Disposition: x-other; filename=a",
            Reason::Attachment,
        ),
        (
            "Content-Type: text/html\r\nContent-MD5: Q2hlY2s=",
            Reason::ContentMd5,
        ),
        ("Content-Type: text/html; charset=utf-16", Reason::Charset),
        (
            "Content-Type: text/html; charset=iso-2022-jp",
            Reason::Charset,
        ),
        (
            "Content-Type: text/html; charset=x-unknown",
            Reason::Charset,
        ),
        (
            "Content-Type: text/html\r\nContent-Transfer-Encoding: x-uuencode",
            Reason::Encoding,
        ),
        (
            "Content-Type: text/html\r\nContent-Type: text/html",
            Reason::Ambiguous,
        ),
        (
            "Content-Type: text/html; charset=utf-8; charset=latin1",
            Reason::Ambiguous,
        ),
        ("Content-Type: text/html charset=utf-8", Reason::Type),
        ("Content-Type: text/html\r\nno field", Reason::Ambiguous),
        (
            "Content-Type: text/html\r\nContent-Transfer-Encoding: base64",
            Reason::Ambiguous,
        ),
        ("Content-Type: text/x-amp-html", Reason::Amp),
        ("Content-Type: text/calendar", Reason::Calendar),
        ("Content-Type: text/plain", Reason::Type),
        ("Subject: Hi", Reason::Type),
        ("Content-Type: message/rfc822", Reason::Message),
        (
            "Content-Type: message/partial; id=a; number=1",
            Reason::Message,
        ),
        ("Content-Type: message/delivery-status", Reason::Message),
        (
            "Content-Type: application/pkcs7-mime; smime-type=signed-data",
            Reason::Signed,
        ),
        (
            "Content-Type: application/pkcs7-mime; smime-type=enveloped-data",
            Reason::Encrypted,
        ),
    ] {
        assert_skipped(&format!("{header}\r\n\r\n{LINK}\r\n"), reason);
    }
}

#[test]
fn what_is_in_such_a_part_stays_too() {
    use PartSkipReason as Reason;
    for (kind, reason) in [
        ("signed", Reason::Signed),
        ("encrypted", Reason::Encrypted),
        ("report", Reason::Report),
    ] {
        let inner = multipart("mixed", &[HTML]).replace("=_b", "=_c");
        assert_skipped(&multipart(kind, &[&inner, HTML]), reason);
    }
    let message = format!("Content-MD5: Q2hlY2s=\r\n{}", multipart("mixed", &[HTML]));
    assert_skipped(&message, Reason::ContentMd5);
    let digest = multipart("digest", &[&format!("\r\n{HTML}")]);
    assert_skipped(&digest, Reason::Message);
}

#[test]
fn domains_that_are_not_validated_pass_messages_through() {
    for (status, reason) in [
        (DomainStatus::External, PartSkipReason::DomainExternal),
        (DomainStatus::Pending, PartSkipReason::DomainPending),
    ] {
        let (output, report) = rewritten(HTML, &domain().with_status(status));
        assert_eq!(output, HTML);
        assert_eq!(report.parts()[0].outcome().skip_reason(), Some(reason));
    }
}

#[test]
fn nothing_to_change_changes_nothing() {
    let off = domain().with_click_tracking(TrackingLevel::Off);
    let off = off.with_open_tracking(TrackingLevel::Off);
    let message = multipart("mixed", &[HTML, "\r\nText\r\n"]);
    let (output, report) = rewritten(&message, &off);
    assert_eq!(output, message);
    assert_eq!(report.parts()[0].outcome(), PartOutcome::Unchanged);
    assert_eq!(report.input_bytes(), report.output_bytes());
    assert_eq!(report.input_longest_line(), report.output_longest_line());
}

#[test]
fn the_pixel_goes_into_one_part() {
    let pixels = |message: &str| {
        let (_, report) = rewritten(message, &domain());
        let with_pixel = |part: &&linkseal::PartReport| {
            part.report()
                .is_some_and(|report| report.pixel().is_placed())
        };
        let paths = report
            .parts()
            .iter()
            .filter(with_pixel)
            .map(|part| part.path().to_owned());
        paths.collect::<Vec<_>>()
    };
    let alternative = multipart("alternative", &["\r\nText\r\n", HTML, HTML]);
    assert_eq!(pixels(&alternative), ["3"]);
    assert_eq!(pixels(&multipart("mixed", &[HTML, HTML])), ["1"]);
    let inner = alternative.replace("=_b", "=_c");
    assert_eq!(pixels(&multipart("mixed", &[HTML, &inner, HTML])), ["2.3"]);
    assert_eq!(pixels(HTML), ["1"]);
    let text = multipart("alternative", &["\r\nText\r\n"]).replace("=_b", "=_c");
    assert_eq!(pixels(&multipart("mixed", &[&text, HTML])), ["2"]);
}

#[test]
fn the_header_says_what_is_not_tracked_and_which_message_it_is() {
    for field in [
        "List-Unsubscribe: <mailto:u@x.test>,\r\n <https://shop.test/>",
        "List-Unsubscribe: <https://shop.\r\n test/>",
        "List-Unsubscribe: =?utf-8?Q?=3Chttps=3A//shop.test/=3E?=",
        "LIST-UNSUBSCRIBE: https://shop.test/",
    ] {
        let (output, report) = rewritten(&format!("{field}\r\n{HTML}"), &domain());
        let links = report.parts()[0].report().unwrap().links();
        let reason = links[0].outcome().skip_reason();
        assert_eq!(reason, Some(SkipReason::Unsubscribe), "{field}");
        assert!(output.starts_with(field));
    }
    let message = format!("Message-ID:\r\n <1@x.test>\r\n{HTML}");
    let unscoped = domain().for_message(Message::default());
    assert_eq!(
        message_of_first_link(&message, &unscoped).as_deref(),
        Some("1@x.test")
    );
    let scoped = domain().for_message(Message::new("given").unwrap());
    assert_eq!(
        message_of_first_link(&message, &scoped).as_deref(),
        Some("given")
    );
    assert_eq!(message_of_first_link(HTML, &unscoped), None);
}

fn message_of_first_link(message: &str, domain: &DomainConfig) -> Option<String> {
    let (output, _) = rewritten(message, domain);
    let url = output.split('\'').nth(1).unwrap();
    let event = UntrustedToken::parse_url(url)
        .unwrap()
        .verify(domain)
        .unwrap();
    event.message().map(str::to_owned)
}

#[test]
fn links_in_plain_text_are_numbered_after_those_in_html() {
    let text = "\r\nSee <https://shop.test/a> and https://shop.test/b.\r\n";
    let html = format!("Content-Type: text/html\r\n\r\n{LINK}{LINK}\r\n");
    let message = multipart("alternative", &[text, &html]);
    let (output, report) = rewritten(&message, &domain().with_plain_text_links(true));
    let positions = |part: usize| {
        let links = report.parts()[part].report().unwrap().links();
        links
            .iter()
            .map(|link| link.position().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!((positions(0), positions(1)), (vec![2, 3], vec![0, 1]));
    assert_eq!(report.parts()[0].report().unwrap().links()[0].element(), "");
    let url = output.split(['<', '>']).nth(1).unwrap();
    let event = UntrustedToken::parse_url(url)
        .unwrap()
        .verify(&domain())
        .unwrap();
    let EventKind::Click(click) = event.kind() else {
        panic!("{event:?}")
    };
    assert_eq!(
        (click.position(), click.destination()),
        (2, "https://shop.test/a")
    );
    let (output, report) = rewritten(&message, &domain());
    assert!(output.contains(text));
    let outcome = report.parts()[0].outcome();
    assert_eq!(outcome, PartOutcome::Skipped(PartSkipReason::Type));
}

#[test]
fn no_url_in_plain_text_ends_in_what_readers_take_for_punctuation() {
    let domain = domain().with_plain_text_links(true);
    let mut lengthened = 0;
    for number in 0..300 {
        let destination = format!("https://shop.test/{number}{}", "x".repeat(number % 3));
        let message = format!("Subject: Hi\r\n\r\n{destination}\r\n");
        let (output, _) = rewritten(&message, &domain);
        let url = output.lines().last().unwrap();
        assert!(
            url.ends_with(|last: char| last.is_ascii_alphanumeric()),
            "{url}"
        );
        lengthened += usize::from(url.contains('?'));
        let event = UntrustedToken::parse_url(url).unwrap().verify(&domain);
        let EventKind::Click(click) = event.unwrap().kind().clone() else {
            panic!("{url}")
        };
        assert_eq!(click.destination(), destination);
        assert_eq!(rewritten(&output, &domain).0, output);
    }
    assert!(lengthened > 0);
}

#[test]
fn lines_of_plain_text_stay_short() {
    let long = format!(
        "\r\nhttps://shop.test/ {}\r\nhttps://shop.test/\r\n",
        "x".repeat(970)
    );
    let (_, report) = rewritten(&long, &domain().with_plain_text_links(true));
    let links = report.parts()[0].report().unwrap().links();
    let reasons = links.iter().map(|link| link.outcome().skip_reason());
    assert!(reasons.eq([Some(SkipReason::LineLength), None]));
    assert!(report.output_longest_line() <= 998);
}

#[test]
fn a_signature_over_the_message_is_reported() {
    let message =
        format!("DKIM-Signature: v=1\r\nARC-Seal: i=1\r\nARC-Message-Signature: i=1\r\n{HTML}");
    let (_, report) = rewritten(&message, &domain());
    assert_eq!(
        report.signatures(),
        [SignatureKind::Arc, SignatureKind::Dkim]
    );
}

#[test]
fn what_is_no_message_comes_out_as_it_is() {
    for message in ["", "\r\n", "nothing", "a: b", "\0"] {
        assert_eq!(
            rewrite_message(message.as_bytes(), &domain()),
            message.as_bytes()
        );
    }
    let many = multipart("mixed", &["\r\n\r\n"; 6000]);
    assert_skipped(&many, PartSkipReason::Limit);
}

#[test]
fn what_readers_decode_differently_stays() {
    for body in [
        "<a =\r\n href=3D'https://x.test/'>=",
        "<a href='https://x.test/' = \r\n>",
    ] {
        let header = "Subject: Hi\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
        let message = format!("{header}{body}=x\r\n");
        let (output, report) = rewritten(&message, &domain());
        assert_eq!(output, message);
        let outcome = report.parts()[0].outcome();
        assert_eq!(outcome, PartOutcome::Skipped(PartSkipReason::Ambiguous));
    }
}

#[test]
fn an_edit_that_would_make_a_delimiter_is_not_made() {
    let html = "Content-Type: text/html\r\n\r\n<a href='https://shop.test/'\r\ndata-track=off\r\n--=_b=x>Shop</a>\r\n";
    let message = multipart("mixed", &[html]);
    assert_eq!(
        rewrite_message(message.as_bytes(), &domain()),
        message.as_bytes()
    );
}
