//! A signer that shares nothing with the crate: what it signs may break any rule of the format.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use linkseal::{Event, KeyId, SigningKey, TokenError, Verifier};
use sha2::Sha256;

pub const DOMAIN: &str = "example.com";
pub const SECRET: [u8; 32] = [0x5a; 32];

/// A verifier of `example.com` with one key, of the id 1.
pub fn verifier() -> Verifier {
    let key = SigningKey::new(KeyId(1), &SECRET).unwrap();
    Verifier::from_keys([(DOMAIN, &key)]).unwrap()
}

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

/// A click's payload by key 1; `destination` starts with the scheme byte.
pub fn click(destination: &[u8]) -> Vec<u8> {
    let head = [0x11, 1, 0, 0];
    [&head[..], &field(destination), &[0, 0, 0]].concat()
}

/// An open's payload by key 1.
pub fn open() -> Vec<u8> {
    vec![0x12, 1, 0, 0, 0, 0]
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

/// What the verifier of these tests says to a payload that the key's holder signed.
pub fn verdict(payload: &[u8]) -> Result<Event, TokenError> {
    verifier().verify(&token(payload))
}
