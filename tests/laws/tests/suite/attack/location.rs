//! What may stand in a `Location` field, whatever the holder of a key signed.

use linkseal::error::TokenError;
use linkseal::{Event, EventKind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::forge::{click, field, open, token, varint, verdict, verifier};

const MALFORMED: Result<Event, TokenError> = Err(TokenError::Malformed);

/// Whether a URL of these bytes can stand in a header: said of the whole, and without the crate.
fn is_safe(destination: &str) -> bool {
    let rest = destination
        .strip_prefix("https://")
        .or_else(|| destination.strip_prefix("http://"));
    let is_visible = |byte| (0x21..=0x7e).contains(&byte);
    rest.is_some_and(|rest| !rest.is_empty()) && destination.bytes().all(is_visible)
}

#[track_caller]
fn destination(event: Result<Event, TokenError>) -> String {
    match event.unwrap().kind() {
        EventKind::Click(click) => click.destination().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_of_the_256_bytes_passes_in_a_destination_only_if_it_is_visible_ascii() {
    for byte in 0..=255_u8 {
        for at in [0, 7, 14] {
            let mut rest = *b"x.test/abc?d=e#";
            rest[at] = byte;
            let verdict = verdict(&click(&[&b"\x01"[..], &rest].concat()));
            if (0x21..=0x7e).contains(&byte) {
                let expected = format!("https://{}", std::str::from_utf8(&rest).unwrap());
                assert_eq!(destination(verdict), expected);
            } else {
                assert_eq!(verdict, MALFORMED, "{byte:02x} at {at}");
            }
        }
        let alone = verdict(&click(&[1, byte]));
        assert_eq!(alone.is_ok(), (0x21..=0x7e).contains(&byte), "{byte:02x}");
    }
}

#[test]
fn each_of_the_256_schemes_but_http_and_https_is_malformed() {
    for scheme in 0..=255_u8 {
        let verdict = verdict(&click(&[&[scheme], &b"x.test/"[..]].concat()));
        match scheme {
            0 => assert_eq!(destination(verdict), "http://x.test/"),
            1 => assert_eq!(destination(verdict), "https://x.test/"),
            _ => assert_eq!(verdict, MALFORMED, "{scheme:02x}"),
        }
        assert_eq!(super::forge::verdict(&click(&[scheme])), MALFORMED);
    }
    assert_eq!(verdict(&click(b"")), MALFORMED);
    // Scheme and rest as text: the scheme byte would be `h` or `j`.
    for whole in [
        &b"https://x.test/"[..],
        b"javascript:alert(1)",
        b"//x.test/",
    ] {
        assert_eq!(verdict(&click(whole)), MALFORMED);
    }
}

/// What a server would turn into a line break, or a browser into another character.
#[test]
fn characters_that_end_up_as_a_line_break_are_malformed() {
    for sign in [
        &b"\r\n"[..],
        b"\r",
        b"\n",
        b"\r\nSet-Cookie: a=b",
        b"\r\n\r\n<script>",
        "\u{10a}\u{10d}".as_bytes(), // LF and CR, where only the low byte is kept
        "\u{85}".as_bytes(),
        "\u{2028}".as_bytes(),
        "\u{ff0f}".as_bytes(), // a full-width slash
        b"\xc0\x8d\xc0\x8a",   // CR and LF in overlong UTF-8
        b"\xff",
        b"\0",
        b"\x7f",
    ] {
        for [before, after] in [["x.test/", ""], ["x.test/", "y"], ["", "x.test/"]] {
            let rest = [before.as_bytes(), sign, after.as_bytes()].concat();
            let verdict = verdict(&click(&[&b"\x01"[..], &rest].concat()));
            assert_eq!(verdict, MALFORMED, "{}", rest.escape_ascii());
        }
    }
}

/// Texts that aren't the destination may hold anything, and can't leak into it.
#[test]
fn line_breaks_in_other_texts_stay_there() {
    let texts = [&b"n\r\n"[..], b"m\r\n", b"r\r\n"].map(field);
    let [name, message, recipient] = &texts;
    let target = field(b"\x01x.test/");
    let payload = [&[0x11, 1, 0][..], name, &target, &[0], message, recipient].concat();
    let event = verdict(&payload).unwrap();
    let EventKind::Click(click) = event.kind() else {
        panic!("a name may be any text")
    };
    assert_eq!(click.destination(), "https://x.test/");
    assert_eq!(click.name(), Some("n\r\n"));
    assert_eq!(event.message(), Some("m\r\n"));
    assert_eq!(event.recipient(), Some("r\r\n"));
    // One line in a log.
    assert!(!format!("{event:?}").contains(['\r', '\n']));
}

/// Destinations of which about half verify: visible ASCII, at times with one other byte in it.
fn destinations() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop_oneof![2 => Just(None), 1 => any::<(u8, u8)>().prop_map(Some)];
    (0..3_u8, vec(0x21..=0x7e_u8, 0..40), odd).prop_map(|(scheme, rest, odd)| {
        let mut field = [&[scheme], &rest[..]].concat();
        if let Some((at, byte)) = odd {
            let at = usize::from(at) % field.len();
            field[at] = byte;
        }
        field
    })
}

fn payloads() -> impl Strategy<Value = Vec<u8>> {
    let texts = || vec(any::<u8>(), 0..6);
    let head = prop_oneof![9 => Just(0x11_u8), 1 => any::<u8>()];
    let well_formed = (
        head,
        any::<u32>(),
        "\\PC{0,6}",
        destinations(),
        any::<u32>(),
        texts(),
    );
    let well_formed = well_formed.prop_map(|(head, position, name, target, sent_at, message)| {
        let numbers = [varint(position.into()), varint(sent_at.into())];
        let [name, target] = [field(name.as_bytes()), field(&target)];
        let front = [&[head, 1][..], &numbers[0], &name, &target].concat();
        [&front[..], &numbers[1], &field(&message), &[0]].concat()
    });
    let noise = vec(any::<u8>(), 1..60).prop_map(|rest| [&[0x11, 1], &rest[..]].concat());
    let altered = (well_formed.boxed(), any::<Option<(u8, u8)>>()).prop_map(|(payload, change)| {
        let mut payload = payload;
        if let Some((at, byte)) = change.filter(|(at, _)| at % 4 == 0) {
            let at = 2 + usize::from(at) % (payload.len() - 2);
            payload[at] = byte;
        }
        payload
    });
    prop_oneof![8 => altered, 1 => noise, 1 => Just(open())]
}

#[test]
fn whatever_verifies_is_safe_as_a_location() {
    let config = ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(20_000)
    };
    let verifier = verifier();
    let clicks = std::cell::Cell::new(0);
    proptest!(config, |(payload in payloads())| {
        match verifier.verify(&token(&payload)) {
            Ok(event) => match event.kind() {
                EventKind::Click(click) => {
                    prop_assert!(is_safe(click.destination()), "{click:?}");
                    clicks.set(clicks.get() + 1);
                }
                EventKind::Open(_) => prop_assert_eq!(payload[0], 0x12),
            },
            // The holder's tag is right, so only what follows it can be wrong.
            Err(error) => prop_assert!(
                [TokenError::Malformed, TokenError::UnsupportedVersion].contains(&error),
                "{error:?}"
            ),
        }
    });
    assert!(clicks.get() > 2000, "{} verified", clicks.get());
}
