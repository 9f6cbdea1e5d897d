//! A signer that shares nothing with the crate: what it signs may break any rule of the format.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use linkseal::{Event, Placement};
use sha2::Sha256;

use super::setup::SECRET;

pub const DOMAIN: &str = "example.com";

pub fn varint(value: u64) -> Vec<u8> {
    let low = u8::try_from(value % 128).unwrap();
    match value / 128 {
        0 => vec![low],
        more => [vec![low | 128], varint(more)].concat(),
    }
}

pub fn field(bytes: &[u8]) -> Vec<u8> {
    [&varint(u64::try_from(bytes.len()).unwrap()), bytes].concat()
}

/// What is signed for an event.
pub fn payload(event: &Event) -> Vec<u8> {
    let key_id = varint(event.key_id().0.into());
    let head = match event {
        Event::Click(click) => {
            let (scheme, rest) = click.destination().split_once("://").unwrap();
            let destination = [&[u8::from(scheme == "https")], rest.as_bytes()].concat();
            let position = varint(click.position().into());
            let name = field(click.name().as_bytes());
            [vec![0x11], key_id, position, name, field(&destination)].concat()
        }
        Event::Open(open) => {
            let placement = u8::from(open.placement() == Placement::Start);
            [vec![0x12], key_id, vec![placement]].concat()
        }
        other => panic!("{other:?}"),
    };
    let (message, recipient) = (
        field(event.message().as_bytes()),
        field(event.recipient().as_bytes()),
    );
    [head, varint(event.sent_at()), message, recipient].concat()
}

pub fn full_tag(secret: &[u8], domain: &str, payload: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(b"linkseal/1\0");
    mac.update(&field(domain.as_bytes()));
    mac.update(payload);
    mac.finalize().into_bytes().into()
}

/// Payload and tag, before base64url.
pub fn signed(payload: &[u8]) -> Vec<u8> {
    [payload, &full_tag(&SECRET, DOMAIN, payload)[..16]].concat()
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn token(payload: &[u8]) -> String {
    encode(&signed(payload))
}
