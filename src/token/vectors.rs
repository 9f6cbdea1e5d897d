//! The token vectors, minted: the bytes are judged by what a separate implementation made.

use serde_json::Value;

use super::{Mac, Placement, click_head, encode, message_tail, open_head};
use crate::{KeyId, Message, SigningKey};

#[test]
fn valid_vectors_are_minted_to_their_very_bytes() {
    let vectors = include_str!("../../tests/vectors/tokens.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let valid = vectors["valid"].as_array().unwrap();
    assert_eq!(valid.len(), 9);
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
            click_head(key_id, position, text("name"), destination, &mut payload).unwrap();
        } else {
            let placement = match text("placement") {
                "start" => Placement::Start,
                _ => Placement::End,
            };
            open_head(key_id, placement, &mut payload);
        }
        let message = Message::new(text("message"))
            .and_then(|message| message.with_recipient(text("recipient")))
            .and_then(|message| message.with_sent_at(number("sent_at")))
            .unwrap();
        payload.extend(message_tail(&message));
        let mut mac = Mac::new(&key, text("domain"));
        mac.update(&payload);
        let mut token = Vec::new();
        encode(&mut payload, mac.tag(), &mut token);
        let expected = vector["token"].as_str().unwrap();
        assert_eq!(token, expected.as_bytes(), "{}", vector["note"]);
    }
}
