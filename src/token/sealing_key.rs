//! The key of sealed tokens: AES-SIV (RFC 5297), bound to the sending domain.

use aes_siv::aead::KeyInit;
use aes_siv::siv::Aes128Siv;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::mac::TAG_BYTES;
use super::wire::put_field;
use crate::key::SigningKey;
use crate::sending_domain::SendingDomain;

/// A key for `AEAD_AES_SIV_CMAC_256`, derived from a signing key and a domain. It is zeroised on drop.
#[derive(Clone)]
pub(super) struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    pub(super) fn new(key: &SigningKey, domain: &SendingDomain) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "HMAC takes keys of any length (RFC 2104 §2)"
        )]
        let mut mac: Hmac<Sha256> =
            hmac::KeyInit::new_from_slice(key.secret()).expect("HMAC takes keys of any length");
        let mut context = b"linkseal/2\0".to_vec();
        put_field(&[domain.as_str().as_bytes()], &mut context);
        mac.update(&context);
        Self(Zeroizing::new(mac.finalize().into_bytes().into()))
    }

    /// Encrypts `fields`, and returns the synthetic IV over them and `head`.
    pub(super) fn seal(&self, head: &[u8], fields: &mut [u8]) -> [u8; TAG_BYTES] {
        let sealed = self.cipher().encrypt_inout_detached([head], fields.into());
        // It only refuses more associated data than there is.
        sealed.map_or([0; TAG_BYTES], Into::into)
    }

    /// Decrypts `fields`, if `iv` is theirs and that of `head`. The comparison takes constant time.
    pub(super) fn open(&self, head: &[u8], fields: &mut [u8], iv: &[u8; TAG_BYTES]) -> bool {
        let opened = self
            .cipher()
            .decrypt_inout_detached([head], fields.into(), iv.into());
        opened.is_ok()
    }

    fn cipher(&self) -> Aes128Siv {
        Aes128Siv::new((&*self.0).into())
    }
}

#[cfg(test)]
mod tests {
    use super::SealingKey;
    use serde_json::Value;
    use zeroize::Zeroizing;

    fn bytes(hex: &Value) -> Vec<u8> {
        let pairs = hex.as_str().unwrap().as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        pairs.map(byte).collect()
    }

    /// RFC 5297's own vector (A.1), and those of Project Wycheproof.
    #[test]
    fn the_cipher_is_the_one_of_the_standard() {
        let vectors = include_str!("../../tests/vectors/aes-siv.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let tests = vectors["tests"].as_array().unwrap();
        assert_eq!(tests.len(), 148);
        assert_eq!(tests[0]["comment"], "RFC 5297");
        let mut refused = 0;
        for test in tests {
            let key = SealingKey(Zeroizing::new(bytes(&test["key"]).try_into().unwrap()));
            let (head, message) = (bytes(&test["aad"]), bytes(&test["msg"]));
            let sealed = bytes(&test["ct"]);
            let (iv, ciphertext) = sealed.split_first_chunk().unwrap();
            let mut fields = ciphertext.to_vec();
            let is_valid = test["result"] == "valid";
            assert_eq!(key.open(&head, &mut fields, iv), is_valid, "{test}");
            if is_valid {
                assert_eq!(fields, message, "{test}");
                assert_eq!(key.seal(&head, &mut fields), *iv, "{test}");
                assert_eq!(fields, ciphertext, "{test}");
            } else {
                // What was not genuine is not left behind decrypted.
                assert_eq!(fields, ciphertext, "{test}");
                refused += 1;
            }
        }
        assert!(refused > 0);
    }

    #[test]
    fn keys_are_those_of_the_vectors() {
        let vectors = include_str!("../../tests/vectors/tokens-v2.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        for key in vectors["keys"].as_array().unwrap() {
            let id = crate::KeyId(u32::try_from(key["id"].as_u64().unwrap()).unwrap());
            let secret = key["secret_hex"].as_str().unwrap();
            let signing = crate::SigningKey::from_hex(id, secret).unwrap();
            let domain = key["domain"].as_str().unwrap().parse().unwrap();
            let derived = SealingKey::new(&signing, &domain);
            assert_eq!(derived.0.to_vec(), bytes(&key["sealing_key_hex"]));
        }
    }
}
