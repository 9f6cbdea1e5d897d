//! Tags that are nearly right, and tokens that are right elsewhere.

use linkseal::error::TokenError;
use linkseal::{EventKind, KeyId, SigningKey, Verifier};

use super::forge::{
    DOMAIN, SECRET, click, encode, field, full_tag, of_both_versions, open, signed, signed_for,
    token, varint, verdict, verifier,
};

/// Payloads of an open, of a usual click, and of clicks up to the longest token: 8192 characters. Of version 1.
fn payloads() -> Vec<Vec<u8>> {
    let long = |rest: usize| click(&[&b"\x01x.test/"[..], &vec![b'x'; rest]].concat());
    let mut longest = long(6000);
    longest = long(6000 + 6128 - longest.len());
    assert_eq!(longest.len(), 6128);
    vec![open(), long(0), long(600), longest]
}

/// The same of both versions, and where the tag or the synthetic IV stands.
fn payloads_with_tags() -> Vec<(Vec<u8>, usize)> {
    let of_both = |payload: Vec<u8>| {
        let [signed, sealed] = of_both_versions(&payload);
        [(signed, payload.len()), (sealed, 2)]
    };
    payloads().into_iter().flat_map(of_both).collect()
}

#[test]
fn tags_with_any_one_bit_flipped_are_refused() {
    let verifier = verifier();
    for (payload, tag_at) in payloads_with_tags() {
        let right = signed(&payload);
        assert!(verifier.verify(&encode(&right)).is_ok());
        for bit in 0..128 {
            let mut wrong = right.clone();
            wrong[tag_at + bit / 8] ^= 1 << (bit % 8);
            let error = verifier.verify(&encode(&wrong));
            assert_eq!(error, Err(TokenError::BadSignature), "{tag_at}: bit {bit}");
        }
    }
}

#[test]
fn payloads_with_any_one_bit_flipped_are_refused() {
    let verifier = verifier();
    for (payload, _) in &payloads_with_tags()[..6] {
        for bit in 0..8 * payload.len() {
            let mut wrong = signed(payload);
            wrong[bit / 8] ^= 1 << (bit % 8);
            if bit == 15 && payload[0] >> 4 == 2 {
                // A key id that goes on in the synthetic IV: any.
                continue;
            }
            // The version and the key id are read to find the key.
            let expected = match bit {
                4..8 => TokenError::UnsupportedVersion,
                // A key id of two bytes, the second of which is zero and so not minimal.
                15 => TokenError::Malformed,
                8..15 => TokenError::UnknownKey,
                _ => TokenError::BadSignature,
            };
            let error = verifier.verify(&encode(&wrong));
            assert_eq!(error, Err(expected), "{}: bit {bit}", payload.len());
        }
    }
}

/// A comparison that ended early, or took fewer bytes, would tell these apart.
#[test]
fn tags_right_in_their_first_bytes_only_are_refused_alike() {
    let verifier = verifier();
    for (payload, tag_at) in payloads_with_tags() {
        let right = signed(&payload);
        for known in 0..16 {
            let from = tag_at + known;
            let mut inverted = right.clone();
            inverted[from..tag_at + 16]
                .iter_mut()
                .for_each(|byte| *byte ^= 0xff);
            let mut last = right.clone();
            last[from] ^= 1;
            for wrong in [inverted, last] {
                let error = verifier.verify(&encode(&wrong));
                assert_eq!(error, Err(TokenError::BadSignature), "{from}, {known}");
            }
        }
    }
}

#[test]
fn tags_of_any_other_length_are_refused() {
    for payload in payloads() {
        let full = full_tag(&SECRET, DOMAIN, &payload);
        for length in (0..=32).filter(|length| *length != 16) {
            let bytes = [&payload, &full[..length]].concat();
            // The longest token has no room left for more.
            let is_malformed = !(19..=6144).contains(&bytes.len());
            let expected = if is_malformed {
                TokenError::Malformed
            } else {
                TokenError::BadSignature
            };
            let error = verifier().verify(&encode(&bytes));
            assert_eq!(error, Err(expected), "{}, {length}", payload.len());
        }
    }
}

#[test]
fn a_click_is_no_open_and_an_open_is_no_click() {
    let verifier = verifier();
    let (click, open) = (token(&click(b"\x01x.test/")), token(&open()));
    let (clicked, opened) = (
        verifier.verify(&click).unwrap(),
        verifier.verify(&open).unwrap(),
    );
    assert!(matches!(clicked.kind(), EventKind::Click(_)));
    assert!(matches!(opened.kind(), EventKind::Open(_)));
    let wrong = TokenError::UnexpectedKind;
    assert_eq!(verifier.verify_url(&format!("/c/{open}")), Err(wrong));
    assert_eq!(verifier.verify_url(&format!("/o/{click}")), Err(wrong));
    // The payload of the one under the header of the other: the tag covers the header.
    for payload in [super::forge::click(b"\x01x.test/"), super::forge::open()] {
        for payload in of_both_versions(&payload) {
            let mut bytes = signed(&payload);
            bytes[0] ^= 0x11 ^ 0x12;
            let error = verifier.verify(&encode(&bytes));
            assert_eq!(error, Err(TokenError::BadSignature));
        }
    }
}

#[test]
fn tokens_of_other_domains_are_refused_also_where_they_share_the_key() {
    let here = SigningKey::new(KeyId(1), &SECRET).unwrap();
    let [signed, sealed] = of_both_versions(&click(b"\x01x.test/"));
    for (domain, secret) in [
        ("example.net", SECRET),
        ("example.co", SECRET),
        ("www.example.com", SECRET),
        ("example.com", [1; 32]),
        ("example.net", [1; 32]),
    ] {
        for payload in [&signed, &sealed] {
            let token = encode(&signed_for(domain, &secret, payload));
            let there = SigningKey::new(KeyId(1), &secret).unwrap();
            let verifier = Verifier::from_keys([(domain.parse().unwrap(), &there)]).unwrap();
            assert_eq!(verifier.verify(&token).unwrap().domain(), domain);
            let verifier = Verifier::from_keys([(DOMAIN.parse().unwrap(), &here)]).unwrap();
            let error = verifier.verify(&token);
            assert_eq!(error, Err(TokenError::BadSignature), "{domain}");
        }
    }
}

#[test]
fn unknown_kinds_are_malformed_even_if_signed() {
    for payload in [click(b"\x01x.test/"), open()] {
        for kind in (0..16).filter(|kind| ![1, 2].contains(kind)) {
            let mut payload = payload.clone();
            payload[0] = 0x10 | kind;
            assert_eq!(verdict(&payload), Err(TokenError::Malformed), "{kind}");
        }
    }
}

#[test]
fn other_versions_are_unsupported_even_if_signed() {
    for payload in [click(b"\x01x.test/"), open()] {
        for version in (0..16).filter(|version| ![1, 2].contains(version)) {
            let mut payload = payload.clone();
            payload[0] = version << 4 | payload[0] & 15;
            let expected = Err(TokenError::UnsupportedVersion);
            assert_eq!(verdict(&payload), expected, "{version}");
        }
    }
}

/// Cut, prolonged, or with one number out of its limits: rule 6 of the format, to its borders.
#[test]
fn payloads_out_of_their_limits_are_malformed_even_if_signed() {
    let part = |position: u64, sent_at: Vec<u8>| {
        let head = [&[0x11, 1][..], &varint(position), &[0]].concat();
        [&head[..], &field(b"\x01x.test/"), &sent_at, &[0, 0]].concat()
    };
    let last = part(u64::from(u32::MAX), varint(u64::MAX / 2));
    assert!(verdict(&last).is_ok());
    for wrong in [
        part(1 << 32, varint(0)),
        part(0, varint(1 << 63)),
        part(0, varint(u64::MAX)),
        part(0, vec![0x80, 0]),
        part(0, vec![0x81, 0x80, 0]),
        part(0, vec![0xff; 10]),
        [&last[..], &[0]].concat(),
    ] {
        assert_eq!(verdict(&wrong), Err(TokenError::Malformed), "{wrong:02x?}");
    }
    for payload in [last, open()] {
        for end in 3..payload.len() {
            let error = verdict(&payload[..end]);
            assert_eq!(error, Err(TokenError::Malformed), "{end}");
        }
    }
}

/// What the one version makes is nothing to the other, though both use one secret.
#[test]
fn a_token_of_one_version_is_none_of_the_other() {
    for payload in payloads() {
        for (made, named) in of_both_versions(&payload).iter().zip([2, 1]) {
            let mut bytes = signed(made);
            bytes[0] = named << 4 | bytes[0] & 15;
            let error = verifier().verify(&encode(&bytes));
            assert_eq!(error, Err(TokenError::BadSignature), "{}", payload.len());
        }
    }
}

/// What does not stand in the clear can't be seen, nor be told from other bytes of that length.
#[test]
fn sealed_tokens_show_their_kind_and_key_and_length_only() {
    let payload = click(b"\x01x.test/orders?recipient=rcpt-42");
    let [signed_token, sealed_token] = of_both_versions(&payload).map(|payload| signed(&payload));
    assert_eq!(signed_token.len(), sealed_token.len());
    assert_eq!(sealed_token[..2], [0x21, 1]);
    let has_part = |bytes: &[u8]| {
        bytes
            .windows(3)
            .any(|part| payload[2..].windows(3).any(|own| own == part))
    };
    assert!(has_part(&signed_token));
    assert!(!has_part(&sealed_token));
    // There is no nonce: the same event is the same token.
    assert_eq!(sealed_token, signed(&of_both_versions(&payload)[1]));
}
