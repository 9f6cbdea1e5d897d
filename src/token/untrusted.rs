//! Tokens that come back from the open internet.
//!
//! Whoever calls may send any text as often as they like. So: nothing is allocated before a length
//! check, the key id only ever selects among keys that were configured, the tag is compared
//! in constant time and whole, and nothing of the payload is looked at before that has passed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::domain_key::DomainKey;
use super::error::TokenError;
use super::event::{Event, EventKind};
use super::mac::TAG_BYTES;
use super::payload::{read, read_key_id};
use super::seal::MAX_TOKEN_CHARS;
use super::token_path::{PathKind, TokenPath};
use super::version::TokenVersion;
use crate::key::KeyId;

/// Most tokens have a hundred bytes or two; those fit on the stack.
const STACK_BYTES: usize = 512;
/// Header, key id, and one byte more: every kind has at least these.
const MIN_PAYLOAD_BYTES: usize = 3;

/// A token whose format is in order, and of which nothing is believed yet.
///
/// It says which key to look up, in any store, synchronous or not; [`verify`](Self::verify) then says with that
/// key's domain whether the token is genuine. A forged token costs one HMAC or AES-SIV, whatever the number of domains.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{EventKind, UntrustedToken, rewrite};
///
/// # let key = SigningKey::new(KeyId(7), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// # let domain_of = |key_id| (key_id == KeyId(7)).then(|| domain.clone());
/// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
/// let url = html.split('\'').nth(1).unwrap();
///
/// let token = UntrustedToken::parse_url(url)?;
/// let domain = domain_of(token.key_id()).ok_or("no such key")?;
/// let event = token.verify(&domain)?;
/// assert!(matches!(event.kind(), EventKind::Click(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct UntrustedToken {
    /// The token before base64url.
    bytes: Vec<u8>,
    key_id: KeyId,
    /// What the path says that the token is of.
    path_kind: Option<PathKind>,
}

impl UntrustedToken {
    /// Reads a bare token, exactly as it was minted: rules 1 to 3 of `docs/token-format.md`.
    ///
    /// Whether it is of a click or of an open is for the caller to compare with where it came from; see
    /// [`Event::kind`].
    ///
    /// ```
    /// use linkseal::UntrustedToken;
    /// use linkseal::error::TokenError;
    ///
    /// assert_eq!(UntrustedToken::parse("junk").unwrap_err(), TokenError::UnsupportedVersion);
    /// assert_eq!(UntrustedToken::parse(" EQEA").unwrap_err(), TokenError::Malformed);
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError::Malformed`] or [`TokenError::UnsupportedVersion`].
    pub fn parse(token: &str) -> Result<Self, TokenError> {
        let mut bytes = vec![0; decoded_len(token)?];
        decode(token, &mut bytes)
            .map(<[u8]>::len)
            .and_then(|length| {
                bytes.truncate(length);
                let key_id = Parts::read(&bytes)?.key_id;
                Ok(Self {
                    bytes,
                    key_id,
                    path_kind: None,
                })
            })
    }

    /// Reads the token that ends the path of a tracking URL.
    ///
    /// Takes a whole URL or a path, of up to 32768 bytes before any query: percent-escapes are decoded
    /// once, a query or fragment that something added is ignored, blanks, tabs and line breaks that came
    /// into the token when a line was folded count for nothing, and punctuation that a linkifier appended is
    /// stripped. The rest is read as [`parse`](Self::parse) reads it.
    ///
    /// The path chooses nothing but the token and its kind: below `/c/` a token verifies as a click only,
    /// below `/o/` as an open only. The host is not looked at; see
    /// [`DomainConfig::may_present`](crate::DomainConfig::may_present).
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::error::TokenError;
    /// use linkseal::{UntrustedToken, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
    /// let url = html.split('\'').nth(1).unwrap();
    /// assert!(UntrustedToken::parse_url(&format!("{url}?fbclid=1"))?.verify(&domain).is_ok());
    /// let token = UntrustedToken::parse_url(&url.replace("/c/", "/o/"))?;
    /// assert_eq!(token.verify(&domain), Err(TokenError::UnexpectedKind));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError::Malformed`] when the path holds no token, otherwise as [`parse`](Self::parse).
    pub fn parse_url(url: &str) -> Result<Self, TokenError> {
        let path = TokenPath::find(url)?;
        Ok(Self {
            path_kind: Some(path.kind),
            ..Self::parse(&path.token)?
        })
    }

    /// Returns the id of the key that the token claims to be signed by. It may be any number: look it up, and
    /// remember nothing.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Returns what the token says, if one of the keys signed it.
    pub(crate) fn verify_by<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k DomainKey>,
    ) -> Result<Event, TokenError> {
        let event = Parts::read(&self.bytes)?.verify_by(keys)?;
        of_kind(event, self.path_kind)
    }
}

/// Neither the token nor what it claims is shown, except for the key id.
impl fmt::Debug for UntrustedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UntrustedToken")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// Returns what a bare token says, if one of the keys signed it: as [`UntrustedToken::parse`] and
/// [`UntrustedToken::verify_by`], and without an allocation for a short token that is refused.
pub(crate) fn verify_token<'k, K: IntoIterator<Item = &'k DomainKey>>(
    token: &str,
    keys: impl FnOnce(KeyId) -> K,
) -> Result<Event, TokenError> {
    let length = decoded_len(token)?;
    let (mut stack, mut heap) = ([0; STACK_BYTES], Vec::new());
    let buffer = room(length, &mut stack, &mut heap);
    let parts = Parts::read(decode(token, buffer)?)?;
    parts.verify_by(keys(parts.key_id))
}

/// The same of the token that ends the path of a URL.
pub(crate) fn verify_url<'k, K: IntoIterator<Item = &'k DomainKey>>(
    url: &str,
    keys: impl FnOnce(KeyId) -> K,
) -> Result<Event, TokenError> {
    let path = TokenPath::find(url)?;
    of_kind(verify_token(&path.token, keys)?, Some(path.kind))
}

/// The parts of a token whose format is in order, borrowed.
#[derive(Clone, Copy)]
struct Parts<'b> {
    key_id: KeyId,
    /// Of a signed token the payload; of a sealed one what comes up to its key id.
    head: &'b [u8],
    #[cfg_attr(
        not(feature = "sealed"),
        expect(dead_code, reason = "only sealed tokens have some")
    )]
    sealed: &'b [u8],
    tag: &'b [u8; TAG_BYTES],
    version: TokenVersion,
}

impl<'b> Parts<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, TokenError> {
        let header = bytes.first().ok_or(TokenError::Malformed)?;
        let version = TokenVersion::of(*header).ok_or(TokenError::UnsupportedVersion)?;
        Self::split(bytes, version).ok_or(TokenError::Malformed)
    }

    fn split(bytes: &'b [u8], version: TokenVersion) -> Option<Self> {
        let (head, sealed, tag) = match version {
            TokenVersion::Signed => {
                let (payload, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
                (payload, &[][..], tag)
            }
            #[cfg(feature = "sealed")]
            TokenVersion::Sealed => {
                let (_, head_bytes) = read_key_id(bytes)?;
                let (head, rest) = bytes.split_at_checked(head_bytes)?;
                let (iv, sealed) = rest.split_first_chunk::<TAG_BYTES>()?;
                (head, sealed, iv)
            }
        };
        let is_long_enough = head.len() + sealed.len() >= MIN_PAYLOAD_BYTES
            && (version == TokenVersion::Signed || !sealed.is_empty());
        let (key_id, _) = read_key_id(head)?;
        is_long_enough.then_some(Self {
            key_id,
            head,
            sealed,
            tag,
            version,
        })
    }

    fn verify_by<'k>(
        self,
        keys: impl IntoIterator<Item = &'k DomainKey>,
    ) -> Result<Event, TokenError> {
        let keys = keys.into_iter().filter(|key| key.id == self.key_id);
        let mut verdict = TokenError::UnknownKey;
        for key in keys {
            if let Some(event) = self.event(key) {
                return event.ok_or(TokenError::Malformed);
            }
            verdict = TokenError::BadSignature;
        }
        Err(verdict)
    }

    /// Returns what the token says, if it says anything, if that key signed or sealed it.
    fn event(self, key: &DomainKey) -> Option<Option<Event>> {
        match self.version {
            TokenVersion::Signed => {
                let is_genuine = key.accepts(self.head, self.tag);
                is_genuine.then(|| read(self.head, &key.domain))
            }
            #[cfg(feature = "sealed")]
            TokenVersion::Sealed => {
                let (mut stack, mut heap) = ([0; STACK_BYTES], Vec::new());
                let length = self.head.len() + self.sealed.len();
                let payload = room(length, &mut stack, &mut heap);
                let (head, fields) = payload.split_at_mut_checked(self.head.len())?;
                head.copy_from_slice(self.head);
                fields.copy_from_slice(self.sealed);
                let is_genuine = key.sealing().open(head, fields, self.tag);
                is_genuine.then(|| read(payload, &key.domain))
            }
        }
    }
}

fn of_kind(event: Event, path_kind: Option<PathKind>) -> Result<Event, TokenError> {
    match (event.kind(), path_kind) {
        (EventKind::Click(_), Some(PathKind::Open))
        | (EventKind::Open(_), Some(PathKind::Click)) => Err(TokenError::UnexpectedKind),
        _ => Ok(event),
    }
}

/// Returns a buffer of that length, on the stack if it is short.
fn room<'b>(
    length: usize,
    stack: &'b mut [u8; STACK_BYTES],
    heap: &'b mut Vec<u8>,
) -> &'b mut [u8] {
    match stack.get_mut(..length) {
        Some(buffer) => buffer,
        None => {
            heap.resize(length, 0);
            heap
        }
    }
}

/// Returns how many bytes a buffer needs that the token is decoded to.
fn decoded_len(token: &str) -> Result<usize, TokenError> {
    match token.len() > MAX_TOKEN_CHARS {
        true => Err(TokenError::Malformed),
        false => Ok(base64::decoded_len_estimate(token.len())),
    }
}

fn decode<'b>(token: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], TokenError> {
    let length = URL_SAFE_NO_PAD
        .decode_slice(token, buffer)
        .map_err(|_| TokenError::Malformed)?;
    buffer.get(..length).ok_or(TokenError::Malformed)
}
