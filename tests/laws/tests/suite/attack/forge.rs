//! Payloads to sign, and a verifier to show them to.

use linkseal::error::TokenError;
use linkseal::{Event, KeyId, SigningKey, Verifier};
pub use linkseal_laws::setup::SECRET;
pub use linkseal_laws::signer::{
    DOMAIN, encode, field, full_tag, of_version, signed, signed_for, token, varint,
};

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

/// The payload, and the same to be sealed.
pub fn of_both_versions(payload: &[u8]) -> [Vec<u8>; 2] {
    [1, 2].map(|version| of_version(version, payload))
}

/// What the verifier of these tests says to a payload that the key's holder signed.
///
/// Where the format is the same for what is sealed, it says the same to that.
pub fn verdict(payload: &[u8]) -> Result<Event, TokenError> {
    let verdict = verifier().verify(&token(payload));
    if payload.first().is_some_and(|header| header >> 4 == 1) && payload.len() > 2 {
        let sealed = verifier().verify(&token(&of_version(2, payload)));
        assert_eq!(sealed, verdict, "{payload:02x?}, sealed");
    }
    verdict
}
