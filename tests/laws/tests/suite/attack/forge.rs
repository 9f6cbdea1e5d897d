//! Payloads to sign, and a verifier to show them to.

use linkseal::error::TokenError;
use linkseal::{Event, KeyId, SigningKey, Verifier};
pub use linkseal_laws::setup::SECRET;
pub use linkseal_laws::signer::{DOMAIN, encode, field, full_tag, signed, token, varint};

/// A verifier of `example.com` with one key, of the id 1.
pub fn verifier() -> Verifier {
    let key = SigningKey::new(KeyId(1), &SECRET).unwrap();
    Verifier::from_keys([(DOMAIN.parse().unwrap(), &key)]).unwrap()
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

/// What the verifier of these tests says to a payload that the key's holder signed.
pub fn verdict(payload: &[u8]) -> Result<Event, TokenError> {
    verifier().verify(&token(payload))
}
