//! A signer that shares nothing with the crate: what it signs, or seals, may break any rule of the format.

mod siv;

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

/// What is signed for an event, or, of another version, sealed.
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
    hmac(secret, 1, domain, payload)
}

/// The key of sealed tokens.
pub fn sealing_key(secret: &[u8], domain: &str) -> [u8; 32] {
    hmac(secret, 2, domain, b"")
}

fn hmac(secret: &[u8], version: u8, domain: &str, payload: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(format!("linkseal/{version}\0").as_bytes());
    mac.update(&field(domain.as_bytes()));
    mac.update(payload);
    mac.finalize().into_bytes().into()
}

/// The same payload with another version in its header.
pub fn of_version(version: u8, payload: &[u8]) -> Vec<u8> {
    [&[version << 4 | payload[0] & 15], &payload[1..]].concat()
}

/// A token of the version that the payload's header says, before base64url: payload and tag, or, of version 2, sealed.
/// Of any other version it is signed as version 1 is.
pub fn signed(payload: &[u8]) -> Vec<u8> {
    signed_with(&SECRET, payload)
}

pub fn signed_with(secret: &[u8], payload: &[u8]) -> Vec<u8> {
    signed_for(DOMAIN, secret, payload)
}

pub fn signed_for(domain: &str, secret: &[u8], payload: &[u8]) -> Vec<u8> {
    match payload.first().map(|header| header >> 4) {
        Some(2) => {
            let (head, fields) = payload.split_at(sealed_head(payload));
            let (iv, sealed) = siv::seal(&sealing_key(secret, domain), head, fields);
            [head, &iv, &sealed].concat()
        }
        _ => [payload, &full_tag(secret, domain, payload)[..16]].concat(),
    }
}

/// How many bytes the header and a key id of a sealed token take: up to the first byte without its high bit.
pub fn sealed_head(bytes: &[u8]) -> usize {
    let last = bytes.iter().skip(1).position(|byte| *byte < 128);
    last.map_or(bytes.len(), |at| at + 2)
}

/// What is sealed in the bytes of a token of version 2; `None` if that is refused.
pub fn opened(bytes: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = bytes.split_at(sealed_head(bytes));
    let (iv, sealed) = rest.split_at(16);
    let fields = siv::open(&sealing_key(&SECRET, DOMAIN), head, iv, sealed)?;
    Some([head, &fields].concat())
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn token(payload: &[u8]) -> String {
    encode(&signed(payload))
}
