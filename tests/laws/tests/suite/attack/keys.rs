//! Key ids, which the caller chooses, and keys that come and go.

use std::sync::{Arc, Mutex};

use linkseal::error::TokenError;
use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost, Verifier};

use super::forge::{DOMAIN, SECRET, click, encode, full_tag, signed, token, varint};

fn domain(id: u32, secret: &[u8]) -> DomainConfig {
    let host = TrackingHost::custom("link.example.com").unwrap();
    let key = SigningKey::new(KeyId(id), secret).unwrap();
    DomainConfig::new(DOMAIN.parse().unwrap(), host, key).unwrap()
}

/// A click's payload that names key `id`.
fn payload(id: u32) -> Vec<u8> {
    let rest = &click(b"\x01x.test/")[2..];
    [&[0x11][..], &varint(id.into()), rest].concat()
}

/// A verifier by look-up, and the ids that it was asked for.
fn watched(
    answer: impl Fn(KeyId) -> Option<DomainConfig> + Send + Sync + 'static,
) -> (Verifier, Arc<Mutex<Vec<u32>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let verifier = Verifier::from_lookup(move |id| {
        seen.lock().unwrap().push(id.0);
        answer(id)
    });
    (verifier, asked)
}

#[test]
fn a_lookup_is_asked_once_and_for_the_very_id() {
    for id in [
        0,
        1,
        2,
        127,
        128,
        300,
        16_383,
        16_384,
        u32::MAX - 1,
        u32::MAX,
    ] {
        let payload = payload(id);
        let right = token(&payload);
        let wrong = encode(&[&payload[..], &[0; 16]].concat());
        let (verifier, asked) = watched(|id| Some(domain(id.0, &SECRET)));
        assert_eq!(verifier.verify(&right).unwrap().key_id(), KeyId(id));
        assert_eq!(verifier.verify(&wrong), Err(TokenError::BadSignature));
        assert!(verifier.verify_url(&format!("/c/{right}")).is_ok());
        let error = verifier.verify_url(&format!("/o/{right}"));
        assert_eq!(error, Err(TokenError::UnexpectedKind));
        assert_eq!(*asked.lock().unwrap(), [id; 4]);

        let (verifier, asked) = watched(|_| None);
        assert_eq!(verifier.verify(&right), Err(TokenError::UnknownKey));
        assert_eq!(*asked.lock().unwrap(), [id]);
    }
}

#[test]
fn a_lookup_is_not_asked_before_the_first_three_rules_have_passed() {
    let (verifier, asked) = watched(|id| Some(domain(id.0, &SECRET)));
    let right = token(&payload(1));
    let with_id = |id: &[u8]| signed(&[&[0x11][..], id, &click(b"\x01x.test/")[2..]].concat());
    let version = |version: u8| [&[version << 4 | 1][..], &signed(&payload(1))[1..]].concat();
    for (wrong, expected) in [
        (String::new(), TokenError::Malformed),
        (format!("{right}="), TokenError::Malformed),
        (format!(" {right}"), TokenError::Malformed),
        (right.repeat(200), TokenError::Malformed),
        (encode(&version(0)), TokenError::UnsupportedVersion),
        (encode(&version(2)), TokenError::UnsupportedVersion),
        (encode(&signed(&payload(1))[..18]), TokenError::Malformed),
        (encode(&with_id(&[0x81, 0])), TokenError::Malformed),
        (encode(&with_id(&varint(1 << 32))), TokenError::Malformed),
        (encode(&with_id(&[0xff; 10])), TokenError::Malformed),
    ] {
        assert_eq!(verifier.verify(&wrong), Err(expected), "{wrong}");
        assert_eq!(
            verifier.verify_url(&format!("/x/{right}")),
            Err(TokenError::Malformed)
        );
    }
    assert_eq!(*asked.lock().unwrap(), [0; 0]);
}

/// A look-up may answer with any domain; only a key of the id that was asked for counts.
#[test]
fn a_lookup_that_answers_with_another_key_verifies_nothing() {
    let verifier = Verifier::from_lookup(|_| Some(domain(2, &SECRET)));
    assert!(verifier.verify(&token(&payload(2))).is_ok());
    let error = verifier.verify(&token(&payload(1)));
    assert_eq!(error, Err(TokenError::UnknownKey));
}

#[test]
fn a_key_verifies_as_long_as_it_is_listed_and_under_its_own_id_only() {
    let sign = |id: u32, secret: &[u8]| {
        let payload = payload(id);
        let tag = &full_tag(secret, DOMAIN, &payload)[..16];
        encode(&[&payload, tag].concat())
    };
    let (old, new) = ([1; 32], [2; 32]);
    let signing = Verifier::new([&domain(1, &old)]).unwrap();
    let retired = SigningKey::new(KeyId(1), &old).unwrap();
    let rotated = domain(2, &new).with_retired_key(retired).unwrap();
    let rotated = Verifier::new([&rotated]).unwrap();
    let removed = Verifier::new([&domain(2, &new)]).unwrap();

    let genuine = sign(1, &old);
    assert!(signing.verify(&genuine).is_ok());
    assert!(rotated.verify(&genuine).is_ok());
    assert_eq!(removed.verify(&genuine), Err(TokenError::UnknownKey));
    // The holder of the dropped key names its successor.
    for verifier in [&rotated, &removed] {
        let error = verifier.verify(&sign(2, &old));
        assert_eq!(error, Err(TokenError::BadSignature));
        assert!(verifier.verify(&sign(2, &new)).is_ok());
    }
    let error = rotated.verify(&sign(1, &new));
    assert_eq!(error, Err(TokenError::BadSignature));
}
