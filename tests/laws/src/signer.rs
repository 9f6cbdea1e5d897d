//! A signer that shares nothing with the crate: what it signs may break any rule of the format.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use linkseal::{Event, EventKind, PixelPosition};
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
    let key_id = event.key_id().0;
    let head = match event.kind() {
        EventKind::Click(click) => click_head(
            key_id,
            click.position(),
            click.name().unwrap_or_default(),
            click.destination(),
        ),
        EventKind::Open(open) => {
            open_head(key_id, u8::from(open.placement() == PixelPosition::Start))
        }
    };
    let tail = tail(
        event.sent_at().unwrap_or_default(),
        event.message().unwrap_or_default(),
        event.recipient().unwrap_or_default(),
    );
    [head, tail].concat()
}

/// What is signed for a click of the message and the recipient, sent at no stated time.
pub fn click_payload(
    key_id: u32,
    position: u32,
    name: &str,
    destination: &str,
    (message, recipient): (&str, &str),
) -> Vec<u8> {
    let head = click_head(key_id, position, name, destination);
    [head, tail(0, message, recipient)].concat()
}

/// The same for an open.
pub fn open_payload(key_id: u32, placement: u8, (message, recipient): (&str, &str)) -> Vec<u8> {
    [open_head(key_id, placement), tail(0, message, recipient)].concat()
}

fn click_head(key_id: u32, position: u32, name: &str, destination: &str) -> Vec<u8> {
    let (scheme, rest) = destination.split_once("://").unwrap();
    let destination = [&[u8::from(scheme == "https")], rest.as_bytes()].concat();
    let numbers = [varint(key_id.into()), varint(position.into())].concat();
    [
        vec![0x11],
        numbers,
        field(name.as_bytes()),
        field(&destination),
    ]
    .concat()
}

fn open_head(key_id: u32, placement: u8) -> Vec<u8> {
    [vec![0x12], varint(key_id.into()), vec![placement]].concat()
}

fn tail(sent_at: u64, message: &str, recipient: &str) -> Vec<u8> {
    let (message, recipient) = (field(message.as_bytes()), field(recipient.as_bytes()));
    [varint(sent_at), message, recipient].concat()
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
    signed_with(&SECRET, payload)
}

pub fn signed_with(secret: &[u8], payload: &[u8]) -> Vec<u8> {
    [payload, &full_tag(secret, DOMAIN, payload)[..16]].concat()
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn token(payload: &[u8]) -> String {
    encode(&signed(payload))
}
