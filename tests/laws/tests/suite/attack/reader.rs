//! Tokens read by a second reader, and what both say compared.

use linkseal::error::TokenError;
use linkseal_laws::reader::{Said, read};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

use super::forge::{DOMAIN, click, encode, field, of_version, open, signed, varint, verifier};

#[track_caller]
fn assert_read_alike(token: &str) -> Result<Said, TokenError> {
    let said = verifier().verify(token).map(|event| {
        assert_eq!(event.domain(), DOMAIN);
        assert_eq!(event.key_id().0, 1);
        Said::by(&event)
    });
    assert_eq!(said, read(token), "{token}");
    said
}

/// Numbers around the limits, each in its right spelling or in one that is too long.
fn number() -> impl Strategy<Value = Vec<u8>> {
    let borders = [
        0,
        1,
        127,
        128,
        (1 << 32) - 1,
        1 << 32,
        (1 << 63) - 1,
        1 << 63,
        u64::MAX,
    ];
    let value = prop_oneof![3 => any::<u32>().prop_map(u64::from), 1 => select(borders.to_vec())];
    let overlong = value.clone().prop_map(|value| {
        let mut bytes = varint(value);
        *bytes.last_mut().unwrap() |= 0x80;
        [bytes, vec![0]].concat()
    });
    prop_oneof![12 => value.prop_map(varint), 1 => overlong]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let text = "\\PC{0,5}".prop_map(String::into_bytes);
    prop_oneof![8 => text, 1 => vec(any::<u8>(), 0..4)].prop_map(|text| field(&text))
}

fn payloads() -> impl Strategy<Value = Vec<u8>> {
    let scheme = prop_oneof![8 => 0..2_u8, 1 => any::<u8>()];
    let target = (scheme, "[!-~]{0,9}")
        .prop_map(|(scheme, rest)| field(&[&[scheme], rest.as_bytes()].concat()));
    let click = (number(), text(), target).prop_map(|(a, b, c)| [vec![0x11, 1], a, b, c].concat());
    let open = prop_oneof![6 => 0..2_u8, 1 => any::<u8>()].prop_map(|at| vec![0x12, 1, at]);
    let left = prop_oneof![8 => Just(vec![]), 1 => vec(any::<u8>(), 1..3)];
    let tail = (number(), text(), text(), left);
    let tail = tail.prop_map(|(a, b, c, left)| [a, b, c, left].concat());
    let payload = (prop_oneof![click, open], tail).prop_map(|(head, tail)| [head, tail].concat());
    (1..3_u8, payload).prop_map(|(version, payload)| of_version(version, &payload))
}

/// Changes a byte, or cuts, or leaves all as it is, which is the case more often than not.
fn changes() -> impl Strategy<Value = Option<(usize, Option<u8>)>> {
    prop_oneof![2 => Just(None), 1 => any::<(usize, Option<u8>)>().prop_map(Some)]
}

fn changed(bytes: Vec<u8>, change: Option<(usize, Option<u8>)>) -> Vec<u8> {
    let mut bytes = bytes;
    match change {
        None => {}
        Some((at, Some(byte))) => {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        Some((at, None)) => bytes.truncate(1 + at % bytes.len()),
    }
    bytes
}

#[test]
fn tokens_are_read_by_the_letter_of_the_format() {
    let config = ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(4),
        ..ProptestConfig::with_cases(20_000)
    };
    let seen = std::cell::RefCell::new(std::collections::BTreeMap::new());
    proptest!(config, |(payload in payloads(), inside in changes(), outside in changes())| {
        let token = encode(&changed(signed(&changed(payload, inside)), outside));
        let verdict = assert_read_alike(&token).map_or_else(TokenError::as_str, |_| "valid");
        *seen.borrow_mut().entry(verdict).or_insert(0) += 1;
    });
    let seen = seen.into_inner();
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert!(seen.values().all(|count| *count > 100), "{seen:?}");
}

/// Texts of the alphabet, and others.
#[test]
fn any_text_is_read_as_a_token_by_the_letter_of_the_format() {
    let config = ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(5),
        ..ProptestConfig::with_cases(5000)
    };
    proptest!(config, |(token in "[EIA-D][A-Za-z0-9_-]{0,60}", text in any::<String>())| {
        prop_assert!(assert_read_alike(&token).is_err());
        prop_assert!(assert_read_alike(&text).is_err());
    });
}

/// So that an error says nothing of what comes after the rule that was broken.
#[test]
fn the_first_rule_that_is_broken_names_the_error() {
    let altered = |payload: &[u8]| [payload, &[0xee; 16]].concat();
    let kind_3 = [&[0x13][..], &open()[1..]].concat();
    for (bytes, expected) in [
        (vec![0x00], TokenError::UnsupportedVersion),
        (vec![0x10], TokenError::Malformed),
        (altered(&[0x31, 0x80, 0]), TokenError::UnsupportedVersion),
        (altered(&[0x11, 2]), TokenError::Malformed),
        (altered(&[0x11, 0x82, 0, 0]), TokenError::Malformed),
        (altered(&[0x13, 2, 0, 0, 0]), TokenError::UnknownKey),
        (altered(&kind_3), TokenError::BadSignature),
        (signed(&kind_3), TokenError::Malformed),
        (altered(&click(b"\x07")), TokenError::BadSignature),
        (vec![0x20], TokenError::Malformed),
        (altered(&[0x21, 0x80, 0]), TokenError::Malformed),
        (altered(&[0x21, 2]), TokenError::Malformed),
        (altered(&[0x21, 0x82, 0, 0]), TokenError::Malformed),
        (altered(&[0x21, 0x82]), TokenError::Malformed),
        (altered(&[0x21, 2, 0]), TokenError::UnknownKey),
        (altered(&[0x21, 1, 0]), TokenError::BadSignature),
        (altered(&of_version(2, &kind_3)), TokenError::BadSignature),
        (signed(&of_version(2, &kind_3)), TokenError::Malformed),
    ] {
        let token = encode(&bytes);
        assert_eq!(assert_read_alike(&token), Err(expected), "{token}");
        let padded = assert_read_alike(&format!("{token}="));
        assert_eq!(padded, Err(TokenError::Malformed));
        // A wrong kind is told of genuine tokens only.
        for path in [format!("/c/{token}"), format!("/o/{token}")] {
            assert_eq!(verifier().verify_url(&path), Err(expected), "{path}");
        }
    }
}
