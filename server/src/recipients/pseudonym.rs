//! A recipient's pseudonym: a keyed hash of the id. Who has the key can tell whether an id is the one, by trying
//! it; who has not learns nothing.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

const SECRET_BYTES: usize = 32;

/// One for each domain, so that two domains' pseudonyms can't be matched. No `Debug`, no `Display`.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct RecipientKey(Zeroizing<Vec<u8>>);

impl RecipientKey {
    pub(crate) fn new(secret: Vec<u8>) -> Self {
        Self(Zeroizing::new(secret))
    }

    pub(super) fn random() -> Self {
        let mut secret = Zeroizing::new(vec![0; SECRET_BYTES]);
        #[expect(
            clippy::expect_used,
            reason = "a system without randomness must not make keys"
        )]
        getrandom::fill(&mut secret).expect("the system has randomness");
        Self(secret)
    }

    pub(super) fn secret(&self) -> &[u8] {
        &self.0
    }

    /// 128 bits in hexadecimal.
    pub(crate) fn pseudonym(&self, recipient: &str) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length");
        // As it stands in events: PostgreSQL stores no NUL.
        let mut parts = recipient.split('\0');
        mac.update(parts.next().unwrap_or_default().as_bytes());
        for part in parts {
            mac.update("\u{fffd}".as_bytes());
            mac.update(part.as_bytes());
        }
        let tag = mac.finalize().into_bytes();
        tag.iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::RecipientKey;

    #[test]
    fn a_pseudonym_is_a_hmac() {
        // RFC 4231 §4.3.
        let key = RecipientKey::new(b"Jefe".to_vec());
        assert_eq!(
            key.pseudonym("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c7"
        );
        assert_eq!(key.pseudonym("a\0b\0"), key.pseudonym("a\u{fffd}b\u{fffd}"));
    }
}
