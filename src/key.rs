//! Signing keys and their ids.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::byte_count::ByteCount;

/// The number of the key that signed a token. It is part of the token and readable by anybody.
///
/// A domain's keys have different ids, so that a retired key and its successor can be told apart.
///
/// ```
/// use linkseal::KeyId;
///
/// assert_eq!(KeyId(7).to_string(), "7");
/// assert_eq!("7".parse::<KeyId>()?, KeyId(7));
/// assert!(KeyId(7) < KeyId(8));
/// # Ok::<(), linkseal::error::KeyError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId(pub u32);

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let id = text.parse().ok().filter(|_| is_number);
        id.map(Self).ok_or(KeyError::InvalidId)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A secret that signs and verifies tokens with HMAC-SHA-256.
///
/// The secret is at least 32 bytes, is overwritten with zeros when dropped, and is never shown:
/// `Debug` prints the id only.
///
/// ```
/// use linkseal::{KeyId, SigningKey};
/// use linkseal::error::KeyError;
///
/// let key = SigningKey::new(KeyId(7), &[0x5e; 32])?;
/// assert_eq!(format!("{key:?}"), "SigningKey { id: KeyId(7), .. }");
/// assert_eq!(SigningKey::new(KeyId(7), b"too short").unwrap_err(), KeyError::TooShort { bytes: 9 });
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    id: KeyId,
    secret: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// The shortest secret that is accepted: as long as SHA-256's output (RFC 2104 §3).
    pub const MIN_BYTES: usize = 32;

    /// Creates a key from a secret: random bytes of a cryptographic generator, not a passphrase.
    ///
    /// ```
    /// use linkseal::{KeyId, SigningKey};
    /// use linkseal::error::KeyError;
    ///
    /// assert_eq!(SigningKey::new(KeyId(7), &[0x5e; 32])?.id(), KeyId(7));
    /// assert_eq!(SigningKey::new(KeyId(7), &[]).unwrap_err(), KeyError::TooShort { bytes: 0 });
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyError::TooShort`] under [`MIN_BYTES`](Self::MIN_BYTES).
    pub fn new(id: KeyId, secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < Self::MIN_BYTES {
            return Err(KeyError::TooShort {
                bytes: secret.len(),
            });
        }
        Ok(Self {
            id,
            secret: Zeroizing::new(secret.to_vec()),
        })
    }

    /// Creates a key from a secret in hexadecimal digits, as configuration files hold it.
    ///
    /// ```
    /// use linkseal::{KeyId, SigningKey};
    /// use linkseal::error::KeyError;
    ///
    /// assert_eq!(SigningKey::from_hex(KeyId(7), &"5e".repeat(32))?.id(), KeyId(7));
    /// assert_eq!(SigningKey::from_hex(KeyId(7), "0x5e").unwrap_err(), KeyError::NotHexadecimal);
    /// # Ok::<(), KeyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyError::NotHexadecimal`] when the text is anything but pairs of digits, otherwise as
    /// [`new`](Self::new).
    pub fn from_hex(id: KeyId, secret: &str) -> Result<Self, KeyError> {
        let (pairs, rest) = secret.as_bytes().as_chunks::<2>();
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|v| u8::try_from(v).ok())
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
        for [high, low] in pairs {
            let byte = digit(*high)
                .zip(digit(*low))
                .map(|(high, low)| high << 4 | low);
            bytes.push(byte.ok_or(KeyError::NotHexadecimal)?);
        }
        if !rest.is_empty() {
            return Err(KeyError::NotHexadecimal);
        }
        Self::new(id, &bytes)
    }

    /// Returns the key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }
}

/// Parses an id and a secret in one text, `ID:HEX`, as a command line or an environment variable holds it.
///
/// ```
/// use linkseal::{KeyId, SigningKey};
/// use linkseal::error::KeyError;
///
/// let key: SigningKey = format!("7:{}", "5e".repeat(32)).parse()?;
/// assert_eq!(key.id(), KeyId(7));
/// assert_eq!("5e".repeat(32).parse::<SigningKey>().unwrap_err(), KeyError::NoId);
/// # Ok::<(), KeyError>(())
/// ```
impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (id, secret) = text.split_once(':').ok_or(KeyError::NoId)?;
        if id.is_empty() {
            return Err(KeyError::NoId);
        }
        Self::from_hex(id.parse()?, secret)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Why a text or bytes can't be a [`SigningKey`] or a [`KeyId`].
///
/// ```
/// use linkseal::SigningKey;
/// use linkseal::error::KeyError;
///
/// assert_eq!("1:5e".parse::<SigningKey>().unwrap_err(), KeyError::TooShort { bytes: 1 });
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The id is not a number below 2^32.
    #[error("key id is not a number below 2^32, expected decimal digits")]
    InvalidId,
    /// The text does not start with a key id and a colon.
    #[error("signing key has no id, expected a number below 2^32, a colon, and hexadecimal digits")]
    NoId,
    /// The text holds other characters than pairs of hexadecimal digits.
    #[error("signing key is not hexadecimal, expected two digits for each byte")]
    NotHexadecimal,
    /// The secret is shorter than [`SigningKey::MIN_BYTES`].
    #[error(
        "signing key is {}, expected at least {}",
        ByteCount(*bytes),
        SigningKey::MIN_BYTES
    )]
    TooShort {
        /// How long the secret was.
        bytes: usize,
    },
}
