//! A key that secrets are stored under: AES-256 in SIV mode (RFC 5297), which bears a nonce that repeats.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use aes_siv::aead::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use hmac::{Hmac, Mac as _};
use sha2::Sha512;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 16;
const EXPECTED: &str = "expected 64 hexadecimal digits, as `openssl rand -hex 32` prints them";

/// A setting that nobody is shown.
#[derive(Clone)]
pub(crate) struct SecretText(Zeroizing<String>);

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

/// Zeroised when it goes out of scope. No `Debug`.
pub(crate) struct EncryptionKey {
    cipher: Zeroizing<[u8; 64]>,
    fingerprint: String,
}

#[derive(Debug)]
pub(crate) enum EncryptionKeyError {
    Characters {
        setting: &'static str,
    },
    Length {
        setting: &'static str,
        chars: usize,
    },
    Unreadable {
        setting: &'static str,
        path: PathBuf,
        error: io::Error,
    },
}

impl fmt::Display for EncryptionKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Characters { setting } => {
                write!(
                    f,
                    "{setting} has a character that is no hexadecimal digit, {EXPECTED}"
                )
            }
            Self::Length { setting, chars } => {
                write!(f, "{setting} has {chars} characters, {EXPECTED}")
            }
            Self::Unreadable {
                setting,
                path,
                error,
            } => write!(f, "{setting}: `{}` can't be read: {error}", path.display()),
        }
    }
}

impl std::error::Error for EncryptionKeyError {}

impl EncryptionKey {
    /// Reads a key from a setting or, if that is not set, from a file.
    pub(crate) fn of(
        setting: &'static str,
        text: Option<&SecretText>,
        file: Option<&Path>,
    ) -> Result<Option<Self>, EncryptionKeyError> {
        match (text, file) {
            (Some(text), _) => Self::parse(setting, &text.0).map(Some),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    let path = path.to_owned();
                    EncryptionKeyError::Unreadable {
                        setting,
                        path,
                        error,
                    }
                })?;
                Self::parse(setting, &Zeroizing::new(text)).map(Some)
            }
            (None, None) => Ok(None),
        }
    }

    fn parse(setting: &'static str, text: &str) -> Result<Self, EncryptionKeyError> {
        let digits = text.trim();
        let chars = digits.chars().count();
        if chars != 2 * KEY_BYTES {
            return Err(EncryptionKeyError::Length { setting, chars });
        }
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let digit = |digit: &u8| char::from(*digit).to_digit(16);
            let both = pair
                .first()
                .and_then(digit)
                .zip(pair.last().and_then(digit));
            let (high, low) = both.ok_or(EncryptionKeyError::Characters { setting })?;
            *byte = u8::try_from(high * 16 + low).unwrap_or_default();
        }
        Ok(Self::new(&key))
    }

    fn new(key: &[u8; KEY_BYTES]) -> Self {
        let fingerprint = derived(key, b"fingerprint");
        Self {
            cipher: derived(key, b"encryption"),
            fingerprint: fingerprint
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    }

    /// Says which key it is, and nothing of what it is.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Returns a nonce and the ciphertext. Decrypting takes the same context.
    pub(crate) fn encrypt(&self, context: &[&[u8]], secret: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        #[expect(
            clippy::expect_used,
            reason = "a system without randomness must not encrypt"
        )]
        getrandom::fill(&mut nonce).expect("the system has randomness");
        #[expect(
            clippy::expect_used,
            reason = "it only refuses more than 126 parts of context"
        )]
        let ciphertext = self
            .siv()
            .encrypt(headers(context, &nonce), secret)
            .expect("the context has few parts");
        let mut encrypted = nonce.to_vec();
        encrypted.extend(ciphertext);
        encrypted
    }

    /// Returns `None` for what was changed, or encrypted by another key or for another context.
    pub(crate) fn decrypt(
        &self,
        context: &[&[u8]],
        encrypted: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = encrypted.split_at_checked(NONCE_BYTES)?;
        let secret = self.siv().decrypt(headers(context, nonce), ciphertext);
        secret.ok().map(Zeroizing::new)
    }

    fn siv(&self) -> Aes256Siv {
        Aes256Siv::new((&*self.cipher).into())
    }
}

/// The nonce comes last (RFC 5297 §3).
fn headers<'a>(context: &[&'a [u8]], nonce: &'a [u8]) -> Vec<&'a [u8]> {
    context.iter().copied().chain([nonce]).collect()
}

fn derived(key: &[u8; KEY_BYTES], purpose: &[u8]) -> Zeroizing<[u8; 64]> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of any length (RFC 2104 §2)"
    )]
    let mut mac: Hmac<Sha512> =
        hmac::KeyInit::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(b"linkseal tracking server: ");
    mac.update(purpose);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1E1F";

    fn parse(text: &str) -> Result<EncryptionKey, String> {
        EncryptionKey::parse("KEY", text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_secret_comes_back_with_its_own_key_and_context_only() {
        let key = parse(&format!(" {TEXT}\n")).ok().unwrap();
        let other = parse(&TEXT.replace("00", "01")).ok().unwrap();
        let context: [&[u8]; 2] = [b"example.com", b"7"];
        let encrypted = key.encrypt(&context, b"secret");
        assert_eq!(encrypted.len(), NONCE_BYTES + 16 + b"secret".len());
        assert_ne!(encrypted, key.encrypt(&context, b"secret"), "a nonce each");
        assert_eq!(**key.decrypt(&context, &encrypted).unwrap(), *b"secret");
        assert!(other.decrypt(&context, &encrypted).is_none());
        for context in [[b"example.com".as_slice(), b"8"], [b"example.co", b"m7"]] {
            assert!(key.decrypt(&context, &encrypted).is_none());
        }
        for at in 0..encrypted.len() {
            let mut changed = encrypted.clone();
            changed[at] ^= 1;
            assert!(key.decrypt(&context, &changed).is_none(), "{at}");
            assert!(key.decrypt(&context, &encrypted[..at]).is_none(), "{at}");
        }
    }

    #[test]
    fn a_fingerprint_is_of_one_key() {
        let key = parse(TEXT).ok().unwrap();
        assert_eq!(key.fingerprint().len(), 16);
        assert_eq!(
            key.fingerprint(),
            parse(&TEXT.to_lowercase()).ok().unwrap().fingerprint()
        );
        let other = parse(&TEXT.replace("00", "01")).ok().unwrap();
        assert_ne!(key.fingerprint(), other.fingerprint());
    }

    #[test]
    fn what_is_no_key_is_not_repeated() {
        let rows = [
            (
                "",
                "KEY has 0 characters, expected 64 hexadecimal digits, as `openssl rand -hex 32` prints them",
            ),
            (
                "abc",
                "KEY has 3 characters, expected 64 hexadecimal digits, as `openssl rand -hex 32` prints them",
            ),
            (
                &TEXT.replace('f', "ü").replace('F', "g"),
                "KEY has a character that is no hexadecimal digit, expected 64 hexadecimal digits, as `openssl rand -hex 32` prints them",
            ),
        ];
        for (text, message) in rows {
            assert_eq!(parse(text).err().as_deref(), Some(message));
        }
    }
}
