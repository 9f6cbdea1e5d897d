//! URLs that come back wrong on purpose. The oracle reads them by the letter of
//! `docs/token-format.md`, "A URL that comes back", byte by byte and without the crate.

use std::cell::Cell;

use linkseal::error::TokenError;
use linkseal::{Event, EventKind, Verifier};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

use super::forge::{click, encode, of_version, open, signed, token, verifier};

fn tokens() -> [String; 2] {
    [token(&click(b"\x01x.test/")), token(&open())]
}

fn cut(bytes: &[u8]) -> &[u8] {
    let at = bytes.iter().position(|byte| b"?#".contains(byte));
    &bytes[..at.unwrap_or(bytes.len())]
}

fn unescape(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3);
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        match digits {
            Some(digits) if bytes[at] == b'%' => {
                let digits = std::str::from_utf8(digits).unwrap();
                out.push(u8::from_str_radix(digits, 16).unwrap());
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

fn is_token_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(byte)
}

/// The six rules, one after the other; only a bare token is left to the verifier.
fn oracle(verifier: &Verifier, url: &str) -> Result<Event, TokenError> {
    let path = cut(url.as_bytes());
    if path.len() > 32_768 {
        return Err(TokenError::Malformed);
    }
    let path = unescape(path);
    let mut path = cut(&path);
    while path.last().is_some_and(|byte| !is_token_byte(byte)) {
        path = &path[..path.len() - 1];
    }
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let [.., segment, token] = &parts[..] else {
        return Err(TokenError::Malformed);
    };
    let expects_click = match *segment {
        b"c" => true,
        b"o" => false,
        _ => return Err(TokenError::Malformed),
    };
    let folds = |byte: &u8| b" \t\r\n".contains(byte);
    let token: Vec<u8> = token.iter().copied().filter(|byte| !folds(byte)).collect();
    if !token.iter().all(is_token_byte) {
        return Err(TokenError::Malformed);
    }
    let event = verifier.verify(std::str::from_utf8(&token).unwrap())?;
    if matches!(event.kind(), EventKind::Click(_)) == expects_click {
        Ok(event)
    } else {
        Err(TokenError::UnexpectedKind)
    }
}

/// Writes a token's characters as escapes, where the bits of `which` say so.
fn escaped(token: &str, which: u64) -> String {
    token
        .bytes()
        .enumerate()
        .map(|(at, byte)| match which >> (at % 64) & 1 {
            0 => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

const ODD: &[&str] = &[
    "/",
    "//",
    "\\",
    "%2f",
    "%2F",
    "%252f",
    "%5c",
    "..",
    ".",
    "/../",
    "%2e%2e/",
    ";",
    ":",
    "@",
    "c",
    "o",
    "C",
    "/c",
    "/o",
    "c/",
    "%63/",
    "%6f/",
    "%2563/",
    "?",
    "#",
    "%3f",
    "%23",
    "%253f",
    "?/c/",
    "#/o/",
    "%",
    "%4",
    "%zz",
    "%00",
    "\0",
    "%0d%0a",
    "\r\n",
    " ",
    "+",
    "%20",
    "=",
    "==",
    "%3d",
    "&",
    ",",
    ")",
    "\"",
    "%22",
    "é",
    "%e9",
    "%c3%a9",
    "%ff",
    "%c0%af",
    "\u{ff0f}",
    "\u{2028}",
    "\u{202e}",
    "A",
    "-",
    "_",
    "Zm9v",
    "https://link.example.com",
    "https://evil.test/c/",
    "//evil.test/",
];

fn some_token() -> impl Strategy<Value = String> {
    let [click, open] = tokens();
    let sealed = token(&of_version(2, &super::forge::click(b"\x01x.test/")));
    let mut forged = signed(&super::forge::click(b"\x01evil.test/"));
    *forged.last_mut().unwrap() ^= 1;
    let tokens = select(vec![click, open, encode(&forged), sealed]);
    let which = prop_oneof![2 => Just(0), 1 => any::<u64>()];
    (tokens, which).prop_map(|(token, which)| escaped(&token, which))
}

fn segment() -> impl Strategy<Value = String> {
    select(vec!["/c/", "/o/", "/%63/", "%2fo/"]).prop_map(str::to_owned)
}

/// Whole URLs with odd things before, behind and between; or all in any order.
fn urls() -> impl Strategy<Value = String> {
    let odd = || select(ODD).prop_map(str::to_owned);
    let odds = |most| vec(odd(), 0..most).prop_map(|parts| parts.concat());
    let whole = (odds(3), segment(), odds(2), some_token(), odds(3));
    let whole = whole.prop_map(|(a, b, c, d, e)| [a, b, c, d, e].concat());
    let any = prop_oneof![2 => some_token(), 2 => segment(), 3 => odd()];
    prop_oneof![whole, vec(any, 0..7).prop_map(|parts| parts.concat())]
}

#[test]
fn urls_are_read_by_the_letter_of_the_format() {
    let config = ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2),
        ..ProptestConfig::with_cases(20_000)
    };
    let verifier = verifier();
    let genuine = tokens().map(|token| verifier.verify(&token));
    let verified = Cell::new(0);
    proptest!(config, |(url in urls())| {
        let verdict = verifier.verify_url(&url);
        prop_assert_eq!(&verdict, &oracle(&verifier, &url));
        if verdict.is_ok() {
            // Nothing but what the bare token says.
            prop_assert!(genuine.contains(&verdict));
            verified.set(verified.get() + 1);
        }
    });
    assert!(verified.get() > 1000, "{} verified", verified.get());
}

#[test]
fn any_text_is_read_by_the_letter_of_the_format() {
    let config = ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(3),
        ..ProptestConfig::with_cases(5000)
    };
    let verifier = verifier();
    proptest!(config, |(url in any::<String>(), path in "(/|%|[0-9a-f]|c|o|\\?|#|é|\\PC){0,60}")| {
        for url in [url, path] {
            let verdict = verifier.verify_url(&url);
            prop_assert_eq!(&verdict, &oracle(&verifier, &url));
            prop_assert!(verdict.is_err());
        }
    });
}

#[test]
fn confusing_paths_verify_to_the_same_event_or_not_at_all() {
    let verifier = verifier();
    let [click, open] = tokens();
    let (malformed, kind) = (TokenError::Malformed, TokenError::UnexpectedKind);
    for (url, expected) in [
        (format!("/c/..%2fo/{open}"), None),
        (format!("/c/..%2fo/{click}"), Some(kind)),
        (format!("/o/../c/{click}"), None),
        (format!("/c/../o/{click}"), Some(kind)),
        (format!("/c%2f{click}"), None),
        (format!("%2fc%2f{click}"), None),
        (format!("/c%252f{click}"), Some(malformed)),
        (format!("/%2563/{click}"), Some(malformed)),
        (format!("/c/%2545{}", &click[1..]), Some(malformed)),
        (format!("/c/{click}%2500"), Some(malformed)),
        (format!("\\c\\{click}"), Some(malformed)),
        (format!("/c\\{click}"), Some(malformed)),
        (format!("/c;x=/{click}"), Some(malformed)),
        (format!("/C/{click}"), Some(malformed)),
        (format!("/c/./{click}"), Some(malformed)),
        (format!("/c//{click}"), Some(malformed)),
        (format!("//c/{click}"), None),
        (format!("/c/{open}/c/{click}"), None),
        (format!("/c/{click}/o/{open}"), None),
        (format!("/c/{click}?/o/{open}"), None),
        (format!("/c/{click}%3f/o/{open}"), None),
        (format!("/c/{click}%00"), None),
        (format!("/c/{click}\0"), None),
        (format!("/c/%00{click}"), Some(malformed)),
        (format!("/c/{click}%ff%fe"), None),
        (format!("/c/%ff{click}"), Some(malformed)),
        (format!("/%ff/c/{click}"), None),
        (
            format!("/c/{click}%0d%0aSet-Cookie:%20a=b"),
            Some(malformed),
        ),
        (format!("/\u{441}/{click}"), Some(malformed)), // a Cyrillic `c`
        (format!("https://c/{click}"), None),
    ] {
        let verdict = verifier.verify_url(&url);
        assert_eq!(verdict, oracle(&verifier, &url), "{url}");
        assert_eq!(verdict.as_ref().err(), expected.as_ref(), "{url}");
        // Nothing but what the bare token says.
        match verdict {
            Ok(event) => match event.kind() {
                EventKind::Click(_) => assert_eq!(verifier.verify(&click), Ok(event)),
                EventKind::Open(_) => assert_eq!(verifier.verify(&open), Ok(event)),
            },
            Err(_) => assert!(expected.is_some(), "{url}"),
        }
    }
}

#[test]
fn enormous_urls_are_read_up_to_their_limit_only() {
    let verifier = verifier();
    let [click, _] = tokens();
    let mega = 1 << 20;
    let path = format!("/c/{click}");
    let room = 32_768 - path.len();
    for (url, is_ok) in [
        (format!("{path}?{}", "x".repeat(mega)), true),
        (format!("{path}#{}", "%ff".repeat(mega)), true),
        (format!("{}{path}", "/".repeat(room)), true),
        (format!("{}{path}", "/".repeat(room + 1)), false),
        (format!("{}{path}", "é".repeat(room / 2)), true),
        (format!("{}{path}", "é".repeat(room / 2 + 1)), false),
        (format!("{path}{}", "/".repeat(room)), true),
        (format!("{path}{}?", "/".repeat(room)), true),
        (format!("{path}{}?", "/".repeat(room + 1)), false),
        (format!("{path}{}", "%2f".repeat(room / 3)), true),
        (format!("{path}{}", "%ff".repeat(room / 3)), true),
        (format!("{path}{}", "%".repeat(room)), true),
        ("/".repeat(mega), false),
        ("%2f".repeat(mega), false),
        ("/c".repeat(mega), false),
        ("\0".repeat(mega), false),
        ("\u{10ffff}".repeat(mega), false),
        (format!("/c/{}", "A".repeat(mega)), false),
    ] {
        let verdict = verifier.verify_url(&url);
        let shown = &url.chars().take(40).collect::<String>();
        assert_eq!(verdict.is_ok(), is_ok, "{shown}");
        assert_eq!(verdict, oracle(&verifier, &url), "{shown}");
    }
}
