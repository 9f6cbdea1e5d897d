//! The token vectors, minted: the bytes are judged by what a separate implementation made.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{
    DomainKey, TokenError, TokenVersion, message_part, seal, verify_token, write_click, write_open,
};
use crate::key::{KeyId, SigningKey};
use crate::message::Message;
use crate::pixel::PixelPosition;
use crate::tracking_level::TrackingLevel;

#[test]
fn valid_vectors_are_minted_to_their_very_bytes() {
    let vectors = include_str!("../../tests/vectors/tokens.json");
    assert_eq!(assert_minted(TokenVersion::Signed, vectors), 9);
}

#[cfg(feature = "sealed")]
#[test]
fn valid_vectors_are_sealed_to_their_very_bytes() {
    let vectors = include_str!("../../tests/vectors/tokens-v2.json");
    assert_eq!(assert_minted(TokenVersion::Sealed, vectors), 23);
}

fn assert_minted(version: TokenVersion, vectors: &str) -> usize {
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let valid = vectors["valid"].as_array().unwrap();
    for vector in valid {
        let event = &vector["event"];
        let text = |name: &str| event[name].as_str().unwrap();
        let number = |name: &str| event[name].as_u64().unwrap();
        let key_id = KeyId(u32::try_from(number("key_id")).unwrap());
        let key = vectors["keys"].as_array().unwrap().iter();
        let key = key
            .clone()
            .find(|key| key["id"] == event["key_id"])
            .unwrap();
        let key = SigningKey::from_hex(key_id, key["secret_hex"].as_str().unwrap()).unwrap();

        let mut payload = Vec::new();
        if text("kind") == "click" {
            let position = u32::try_from(number("position")).unwrap();
            let destination = text("destination");
            let name = text("name");
            write_click(version, key_id, position, name, destination, &mut payload).unwrap();
        } else {
            let placement = match text("placement") {
                "start" => PixelPosition::Start,
                _ => PixelPosition::End,
            };
            write_open(version, key_id, placement, &mut payload);
        }
        let message = Message::new(text("message"))
            .and_then(|message| message.with_recipient(text("recipient")))
            .and_then(|message| message.with_sent_at(number("sent_at")))
            .unwrap();
        payload.extend(message_part(&message, TrackingLevel::Identified));
        let key = DomainKey::new(&key, text("domain").parse().unwrap());
        let mut token = Vec::new();
        seal(&key, &mut payload, &mut token);
        let expected = vector["token"].as_str().unwrap();
        assert_eq!(token, expected.as_bytes(), "{}", vector["note"]);
    }
    valid.len()
}

/// What another implementation with the key might sign, in place of a destination.
#[test]
fn signed_destinations_that_no_header_may_hold_are_malformed() {
    let key = SigningKey::new(KeyId(1), &[1; 32]).unwrap();
    let domain = "example.com".parse().unwrap();
    let key = DomainKey::new(&key, domain);
    let verify = |token: String| verify_token(&token, |_| [&key]);
    let token = |destination: &[u8]| {
        let mut payload = vec![0x11, 1, 0, 0];
        payload.push(u8::try_from(destination.len()).unwrap());
        payload.extend_from_slice(destination);
        payload.extend(message_part(&Message::default(), TrackingLevel::Off));
        let mut token = Vec::new();
        seal(&key, &mut payload, &mut token);
        String::from_utf8(token).unwrap()
    };
    assert!(verify(token(b"\x01x.test/")).is_ok());
    for destination in [
        &b"\x01x.test/\r\nSet-Cookie: a=b"[..],
        b"\x01x.test/\0",
        b"\x01x.test/ y",
        b"\x01x.test/\t",
        b"\x01x.test/\x7f",
        b"\x01\xc3\xbc.test/",
        b"\x01\xff",
        b"\x01",
        b"\x02x.test/",
        b"",
    ] {
        let error = verify(token(destination));
        assert_eq!(error, Err(TokenError::Malformed), "{destination:?}");
    }
}

/// Rule 3 of the format: what is too short for its version says so, whatever keys there are.
#[test]
fn tokens_without_room_for_a_payload_are_malformed() {
    for (head, least) in [
        (&[0x11, 1][..], 1),
        (&[0x12, 0x81, 1], 0),
        #[cfg(feature = "sealed")]
        (&[0x21, 1], 1),
        #[cfg(feature = "sealed")]
        (&[0x22, 0x81, 1], 1),
    ] {
        for more in 0..3 {
            let mut bytes = head.to_vec();
            bytes.resize(head.len() + 16 + more, 0xaa);
            let token = URL_SAFE_NO_PAD.encode(bytes);
            let error = verify_token(&token, |_| Vec::<&DomainKey>::new());
            let expected = match more < least {
                true => TokenError::Malformed,
                false => TokenError::UnknownKey,
            };
            assert_eq!(error, Err(expected), "{head:?} {more}");
        }
    }
}
