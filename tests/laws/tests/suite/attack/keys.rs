//! Key ids, which the caller chooses, and keys that come and go.

use linkseal::error::TokenError;
use linkseal::{DomainConfig, Event, KeyId, SigningKey, TrackingHost, UntrustedToken, Verifier};

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

/// What a token is said to be by whoever looks up its key: the id that was asked for, and the verdict.
fn looked_up(
    token: Result<UntrustedToken, TokenError>,
    answer: impl FnOnce(KeyId) -> DomainConfig,
) -> (Option<KeyId>, Result<Event, TokenError>) {
    match token {
        Ok(token) => (Some(token.key_id()), token.verify(&answer(token.key_id()))),
        Err(error) => (None, Err(error)),
    }
}

#[test]
fn a_token_asks_for_the_very_id_that_it_names() {
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
        let own = |id: KeyId| domain(id.0, &SECRET);
        let (asked, event) = looked_up(UntrustedToken::parse(&right), own);
        assert_eq!(asked, Some(KeyId(id)));
        assert_eq!(event.unwrap().key_id(), KeyId(id));
        let forged = looked_up(UntrustedToken::parse(&wrong), own);
        assert_eq!(forged, (asked, Err(TokenError::BadSignature)));
        let (_, event) = looked_up(UntrustedToken::parse_url(&format!("/c/{right}")), own);
        assert!(event.is_ok());
        let misplaced = looked_up(UntrustedToken::parse_url(&format!("/o/{right}")), own);
        assert_eq!(misplaced, (asked, Err(TokenError::UnexpectedKind)));
    }
}

#[test]
fn no_key_is_asked_for_before_the_first_three_rules_have_passed() {
    let right = token(&payload(1));
    let with_id = |id: &[u8]| signed(&[&[0x11][..], id, &click(b"\x01x.test/")[2..]].concat());
    let version = |version: u8| [&[version << 4 | 1][..], &signed(&payload(1))[1..]].concat();
    for (wrong, expected) in [
        (String::new(), TokenError::Malformed),
        (format!("{right}="), TokenError::Malformed),
        (format!(" {right}"), TokenError::Malformed),
        (right.repeat(200), TokenError::Malformed),
        (encode(&version(0)), TokenError::UnsupportedVersion),
        (encode(&version(3)), TokenError::UnsupportedVersion),
        (encode(&signed(&payload(1))[..18]), TokenError::Malformed),
        (encode(&with_id(&[0x81, 0])), TokenError::Malformed),
        (encode(&with_id(&varint(1 << 32))), TokenError::Malformed),
        (encode(&with_id(&[0xff; 10])), TokenError::Malformed),
    ] {
        assert_eq!(
            UntrustedToken::parse(&wrong).unwrap_err(),
            expected,
            "{wrong}"
        );
    }
    let elsewhere = UntrustedToken::parse_url(&format!("/x/{right}"));
    assert_eq!(elsewhere.unwrap_err(), TokenError::Malformed);
}

/// A look-up may answer with any domain; only a key of the id that was asked for counts.
#[test]
fn a_domain_without_that_key_id_verifies_nothing() {
    let own = |_| domain(2, &SECRET);
    let (_, event) = looked_up(UntrustedToken::parse(&token(&payload(2))), own);
    assert!(event.is_ok());
    let (_, error) = looked_up(UntrustedToken::parse(&token(&payload(1))), own);
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
