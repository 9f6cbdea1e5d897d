//! How signing keys' secrets are stored: under a key of the environment, which the database does not have.

use std::fmt;

use zeroize::Zeroizing;

use crate::encryption_key::{EncryptionKey, EncryptionKeyError};
use crate::options::Settings;

/// The keys that secrets are encrypted by. Without one they are stored as they are.
pub(crate) struct Keyring {
    /// Encrypts, and decrypts.
    current: Option<EncryptionKey>,
    /// Only decrypts: the key before the current one, or the one to come.
    other: Option<EncryptionKey>,
}

/// A secret as it is stored. It is zeroised, for it may be stored as it is.
pub(crate) struct Stored {
    pub(crate) secret: Zeroizing<Vec<u8>>,
    /// The fingerprint of the key. `None`: the secret is stored as it is.
    pub(crate) encrypted_by: Option<String>,
}

#[derive(Debug)]
pub(crate) enum KeyringError {
    /// The database has signing keys that none of the keys at hand decrypts.
    UnknownKey {
        encrypted_by: String,
        at_hand: Vec<String>,
    },
    Changed {
        domain: String,
        id: i64,
    },
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { domain, id } => write!(
                f,
                "the secret of signing key {id} of {domain} was changed, or belongs to another key"
            ),
            Self::UnknownKey {
                encrypted_by,
                at_hand,
            } if at_hand.is_empty() => write!(
                f,
                "signing keys are encrypted by the key `{encrypted_by}`, expected KEY_ENCRYPTION_KEY or \
                 KEY_ENCRYPTION_KEY_FILE"
            ),
            Self::UnknownKey {
                encrypted_by,
                at_hand,
            } => write!(
                f,
                "signing keys are encrypted by the key `{encrypted_by}`, expected it as KEY_ENCRYPTION_KEY or \
                 KEY_DECRYPTION_KEY, which have `{}`",
                at_hand.join("` and `")
            ),
        }
    }
}

impl std::error::Error for KeyringError {}

impl Keyring {
    pub(crate) fn new(settings: &Settings) -> Result<Self, EncryptionKeyError> {
        Ok(Self {
            current: EncryptionKey::of(
                "KEY_ENCRYPTION_KEY",
                settings.key_encryption_key.as_ref(),
                settings.key_encryption_key_file.as_deref(),
            )?,
            other: EncryptionKey::of(
                "KEY_DECRYPTION_KEY",
                settings.key_decryption_key.as_ref(),
                settings.key_decryption_key_file.as_deref(),
            )?,
        })
    }

    /// The key that encrypts.
    pub(crate) fn current(&self) -> Option<&EncryptionKey> {
        self.current.as_ref()
    }

    /// Bound to its row, so that it is of no use in another.
    pub(crate) fn seal(&self, domain: &str, id: i64, secret: &[u8]) -> Stored {
        match &self.current {
            Some(key) => Stored {
                secret: Zeroizing::new(key.encrypt(&row(domain, &id.to_be_bytes()), secret)),
                encrypted_by: Some(key.fingerprint().to_owned()),
            },
            None => Stored {
                secret: Zeroizing::new(secret.to_vec()),
                encrypted_by: None,
            },
        }
    }

    pub(crate) fn open(
        &self,
        domain: &str,
        id: i64,
        stored: &Stored,
    ) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let Some(fingerprint) = &stored.encrypted_by else {
            return Ok(stored.secret.clone());
        };
        let key = self.key(fingerprint)?;
        let opened = key.decrypt(&row(domain, &id.to_be_bytes()), &stored.secret);
        opened.ok_or_else(|| {
            let domain = domain.to_owned();
            KeyringError::Changed { domain, id }
        })
    }

    /// The key of a fingerprint, if it is at hand.
    pub(crate) fn key(&self, fingerprint: &str) -> Result<&EncryptionKey, KeyringError> {
        let keys = || self.current.iter().chain(&self.other);
        keys()
            .find(|key| key.fingerprint() == fingerprint)
            .ok_or_else(|| KeyringError::UnknownKey {
                encrypted_by: fingerprint.to_owned(),
                at_hand: keys().map(|key| key.fingerprint().to_owned()).collect(),
            })
    }
}

fn row<'a>(domain: &'a str, id: &'a [u8; 8]) -> [&'a [u8]; 3] {
    [b"signing key", domain.as_bytes(), id]
}
