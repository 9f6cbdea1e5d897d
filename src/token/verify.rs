//! Reading tokens that come back from the open internet.
//!
//! Whoever calls may send any text as often as they like. So: nothing is allocated before a length
//! check, the key id only ever selects among keys that were configured, the tag is compared
//! in constant time and whole, and nothing of the payload is looked at before that has passed.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memchr2;
use percent_encoding::percent_decode_str;

use super::error::TokenError;
use super::event::{Event, read};
use super::mac::{Mac, TAG_BYTES};
use super::wire::Reader;
use super::{Click, MAX_TOKEN_CHARS, Open};
use crate::config::DomainConfig;
use crate::key::{KeyId, SigningKey};
use crate::sending_domain::SendingDomain;

const VERSION: u8 = 1;
/// Most tokens have a hundred bytes or two; those fit on the stack.
const STACK_BYTES: usize = 512;
/// Escapes take three characters for one, and there is room for a long prefix.
const MAX_PATH_BYTES: usize = 4 * MAX_TOKEN_CHARS;
/// Header, key id, and one byte more: every kind has at least these.
const MIN_PAYLOAD_BYTES: usize = 3;

/// Turns tokens back into events, or says why they can't be believed.
///
/// Anybody may send it any text, as often as they like:
///
/// - Nothing is believed before the tag is right, all 128 bits of it, compared in constant time. A
///   token of another domain, of another or a removed key, with a shorter or longer tag, or spelt in
///   any other way is refused.
/// - It never panics and keeps nothing: no text, key id or count. It can be shared between threads.
/// - A token of over 8192 characters is refused by its length. So is a path of over 32768 bytes,
///   and no more of a URL is read.
/// - Up to 680 characters, a token without a right tag allocates nothing, unless it was folded. Any other
///   allocates no more than twice its length, and a path with percent-escapes four times its own.
/// - The key id only ever selects among the keys that were given, or is handed to the look-up, once,
///   after the format, the version and the id itself were found in order.
/// - A destination is safe in a `Location` field, whoever holds the key; see [`Click::destination`].
///
/// `SECURITY.md` lists the attacks, and the test that shows each one to fail.
///
/// Several domains may use the same key id, even the same key: the tag binds a token to its
/// domain. Each domain that has the token's key id then costs one HMAC; give keys of many domains
/// ids of their own, or verify with the domain that the request's host belongs to.
///
/// ```
/// use linkseal::{DomainConfig, Event, KeyId, SigningKey, TrackingHost, Verifier, rewrite};
///
/// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = rewrite(r#"<a href="https://shop.example/?a=1&amp;b=2">Shop</a>"#, &domain);
/// let url = html.split('"').nth(1).unwrap();
///
/// let verifier = Verifier::new([&domain])?;
/// match verifier.verify_url(url)? {
///     Event::Click(click) => assert_eq!(click.destination(), "https://shop.example/?a=1&b=2"),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Verifier {
    keys: Keys,
}

enum Keys {
    /// Ordered by key id.
    Listed(Vec<ListedKey>),
    Lookup(Box<dyn Fn(KeyId) -> Option<DomainConfig> + Send + Sync>),
}

struct ListedKey {
    domain: SendingDomain,
    id: KeyId,
    mac: Box<Mac>,
}

impl Verifier {
    /// Verifies tokens of these domains, signed by their signing key or one of their retired keys.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::Verifier;
    /// use linkseal::error::VerifierError;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// assert!(Verifier::new([&domain]).is_ok());
    /// let error = Verifier::new([&domain, &domain]).unwrap_err();
    /// assert!(matches!(error, VerifierError::DuplicateKeyId { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`VerifierError::DuplicateKeyId`] when a domain comes twice with the same key id.
    pub fn new<'a>(
        domains: impl IntoIterator<Item = &'a DomainConfig>,
    ) -> Result<Self, VerifierError> {
        Self::from_listed(domains.into_iter().flat_map(|domain| {
            domain.keys().map(|key| ListedKey {
                domain: domain.sending_domain().clone(),
                id: key.id,
                mac: key.mac.clone(),
            })
        }))
    }

    /// Verifies tokens signed by these keys, each for a sending domain: for a server that only
    /// reads tokens and knows of no other setting.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Verifier, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
    /// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// let verifier = Verifier::from_keys([("example.com".parse()?, &key)])?;
    /// assert!(verifier.verify_url(html.split('\'').nth(1).unwrap()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`VerifierError::DuplicateKeyId`] when a domain comes twice with the same key id.
    pub fn from_keys<'a>(
        keys: impl IntoIterator<Item = (SendingDomain, &'a SigningKey)>,
    ) -> Result<Self, VerifierError> {
        Self::from_listed(keys.into_iter().map(|(domain, key)| ListedKey {
            id: key.id(),
            mac: Box::new(Mac::new(key, &domain)),
            domain,
        }))
    }

    /// Verifies tokens by asking for the domain that has a key id, at every token.
    ///
    /// The id comes from the token and may be any number: the function should look it up and
    /// remember nothing. It is called at most once for a token, before the tag is checked. A domain that
    /// does not have that key verifies nothing.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Verifier, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
    /// let verifier = Verifier::from_lookup(move |id| (id == KeyId(1)).then(|| domain.clone()));
    /// assert!(verifier.verify_url(html.split('\'').nth(1).unwrap()).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_lookup(
        lookup: impl Fn(KeyId) -> Option<DomainConfig> + Send + Sync + 'static,
    ) -> Self {
        Self {
            keys: Keys::Lookup(Box::new(lookup)),
        }
    }

    /// Returns what a bare token says, or why it can't be believed.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Event, Verifier, rewrite};
    /// use linkseal::error::TokenError;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
    /// let url = html.split('\'').nth(1).unwrap();
    /// let token = url.strip_prefix("https://link.example.com/c/").unwrap();
    /// assert!(matches!(Verifier::new([&domain])?.verify(token)?, Event::Click(_)));
    /// assert_eq!(Verifier::new([])?.verify(token), Err(TokenError::UnknownKey));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError`], by the first rule of `docs/token-format.md` that the token breaks.
    pub fn verify(&self, token: &str) -> Result<Event, TokenError> {
        open(token, |key_id, payload, tag| {
            self.signer(key_id, payload, tag)
        })
    }

    /// Returns what the token says that ends the path of a tracking URL.
    ///
    /// Takes a whole URL or a path, of up to 32768 bytes before any query: percent-escapes are decoded
    /// once, a query or fragment that something added is ignored, blanks, tabs and line breaks that came
    /// into the token when a line was folded count for nothing, and punctuation that a linkifier glued to
    /// the end is stripped. The result is what [`verify`](Self::verify) says of the bare
    /// token, or an error; the path chooses nothing but the token and its kind.
    /// A click is believed under `/c/` only, an open under `/o/` only. The host is not looked at:
    /// whether it belongs to [`Event::domain`] is for the server to say.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Verifier, rewrite};
    /// use linkseal::error::TokenError;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
    /// let url = html.split('\'').nth(1).unwrap();
    /// let verifier = Verifier::new([&domain])?;
    /// assert!(verifier.verify_url(&format!("{url}?fbclid=1")).is_ok());
    /// assert_eq!(verifier.verify_url(&url.replace("/c/", "/o/")), Err(TokenError::UnexpectedKind));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError::Malformed`] when the path holds no token, [`TokenError::UnexpectedKind`] when
    /// the token is of the other kind, otherwise as [`verify`](Self::verify).
    pub fn verify_url(&self, url: &str) -> Result<Event, TokenError> {
        verify_path(url, |token| self.verify(token))
    }

    /// Returns what a bare token of a click says.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Verifier, rewrite};
    /// use linkseal::error::TokenError;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
    /// let url = html.split('\'').nth(1).unwrap();
    /// let token = url.strip_prefix("https://link.example.com/c/").unwrap();
    /// let verifier = Verifier::new([&domain])?;
    /// assert_eq!(verifier.verify_click(token)?.destination(), "https://shop.example/");
    /// assert_eq!(verifier.verify_open(token), Err(TokenError::UnexpectedKind));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError::UnexpectedKind`] when it is an open's, otherwise as [`verify`](Self::verify).
    pub fn verify_click(&self, token: &str) -> Result<Click, TokenError> {
        match self.verify(token)? {
            Event::Click(click) => Ok(click),
            Event::Open(_) => Err(TokenError::UnexpectedKind),
        }
    }

    /// Returns what a bare token of an open says.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Placement, Verifier, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = rewrite("<p>Hi</p>", &domain);
    /// let url = html.split('"').nth(1).unwrap();
    /// let token = url.strip_prefix("https://link.example.com/o/").unwrap();
    /// let open = Verifier::new([&domain])?.verify_open(token)?;
    /// assert_eq!(open.placement(), Placement::End);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError::UnexpectedKind`] when it is a click's, otherwise as [`verify`](Self::verify).
    pub fn verify_open(&self, token: &str) -> Result<Open, TokenError> {
        match self.verify(token)? {
            Event::Click(_) => Err(TokenError::UnexpectedKind),
            Event::Open(open) => Ok(open),
        }
    }

    fn from_listed(keys: impl IntoIterator<Item = ListedKey>) -> Result<Self, VerifierError> {
        let mut keys: Vec<ListedKey> = keys.into_iter().collect();
        keys.sort_by(|a, b| (a.id, &a.domain).cmp(&(b.id, &b.domain)));
        let twice = keys.windows(2).find_map(|pair| match pair {
            [a, b] if a.id == b.id && a.domain == b.domain => Some(a),
            _ => None,
        });
        match twice {
            Some(key) => Err(VerifierError::DuplicateKeyId {
                key_id: key.id,
                domain: key.domain.clone(),
            }),
            None => Ok(Self {
                keys: Keys::Listed(keys),
            }),
        }
    }

    /// Finds the domain that signed the payload.
    fn signer(
        &self,
        key_id: KeyId,
        payload: &[u8],
        tag: &[u8; TAG_BYTES],
    ) -> Result<SendingDomain, TokenError> {
        match &self.keys {
            Keys::Listed(keys) => {
                let first = keys.partition_point(|key| key.id < key_id);
                let mut known = keys
                    .iter()
                    .skip(first)
                    .take_while(|key| key.id == key_id)
                    .peekable();
                known.peek().ok_or(TokenError::UnknownKey)?;
                known
                    .find(|key| accepts(&key.mac, payload, tag))
                    .map(|key| key.domain.clone())
            }
            Keys::Lookup(lookup) => {
                let domain = lookup(key_id).ok_or(TokenError::UnknownKey)?;
                let key = domain.keys().find(|key| key.id == key_id);
                let key = key.ok_or(TokenError::UnknownKey)?;
                accepts(&key.mac, payload, tag).then(|| domain.sending_domain().clone())
            }
        }
        .ok_or(TokenError::BadSignature)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Verifier");
        if let Keys::Listed(keys) = &self.keys {
            let ids: Vec<_> = keys.iter().map(|key| (&key.domain, key.id)).collect();
            shown.field("keys", &ids);
        }
        shown.finish_non_exhaustive()
    }
}

/// Returns what the token says that ends the path of a URL, if one of this domain's keys signed it.
pub(crate) fn verify_own_url(url: &str, domain: &DomainConfig) -> Result<Event, TokenError> {
    let signer = |key_id, payload: &[u8], tag: &[u8; TAG_BYTES]| {
        let key = domain.keys().find(|key| key.id == key_id);
        let key = key.ok_or(TokenError::UnknownKey)?;
        let is_signed = accepts(&key.mac, payload, tag);
        is_signed
            .then(|| domain.sending_domain().clone())
            .ok_or(TokenError::BadSignature)
    };
    verify_path(url, |token| open(token, signer))
}

/// Finds the token in a URL, and holds what it says against the path that it came by.
fn verify_path(
    url: &str,
    verify: impl FnOnce(&str) -> Result<Event, TokenError>,
) -> Result<Event, TokenError> {
    let path = path_of(url).ok_or(TokenError::Malformed)?;
    let path = percent_decode_str(path).decode_utf8_lossy();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_end_matches(|character: char| !is_token_char(character));
    let (before, token) = path.rsplit_once('/').ok_or(TokenError::Malformed)?;
    let kind = before.rsplit('/').next();
    if !matches!(kind, Some("c" | "o")) {
        return Err(TokenError::Malformed);
    }
    let event = verify(&unfolded(token))?;
    match (&event, kind) {
        (Event::Click(_), Some("c")) | (Event::Open(_), Some("o")) => Ok(event),
        _ => Err(TokenError::UnexpectedKind),
    }
}

/// A line break and what indents the next line, or a blank that one of both became (RFC 5322 §2.2.3).
fn unfolded(token: &str) -> Cow<'_, str> {
    let is_fold = |character: char| matches!(character, ' ' | '\t' | '\n' | '\r');
    match token.contains(is_fold) {
        true => Cow::Owned(token.replace(is_fold, "")),
        false => Cow::Borrowed(token),
    }
}

/// Reads a bare token; `signer` says whose key made the tag over the payload.
fn open(
    token: &str,
    signer: impl FnOnce(KeyId, &[u8], &[u8; TAG_BYTES]) -> Result<SendingDomain, TokenError>,
) -> Result<Event, TokenError> {
    let mut buffer = [0; STACK_BYTES];
    let mut spill = Vec::new();
    let bytes = decode(token, &mut buffer, &mut spill)?;
    let header = bytes.first().ok_or(TokenError::Malformed)?;
    if header >> 4 != VERSION {
        return Err(TokenError::UnsupportedVersion);
    }
    let (payload, tag) = bytes
        .split_last_chunk::<TAG_BYTES>()
        .filter(|(payload, _)| payload.len() >= MIN_PAYLOAD_BYTES)
        .ok_or(TokenError::Malformed)?;
    let key_id = key_id(payload).ok_or(TokenError::Malformed)?;
    let domain = signer(key_id, payload, tag)?;
    read(payload, &domain).ok_or(TokenError::Malformed)
}

/// Cuts off a query and a fragment, and looks no further for one than a path may reach.
fn path_of(url: &str) -> Option<&str> {
    let bytes = url.as_bytes();
    let bytes = bytes.get(..=MAX_PATH_BYTES).unwrap_or(bytes);
    let end = memchr2(b'?', b'#', bytes).unwrap_or(url.len());
    url.get(..end).filter(|path| path.len() <= MAX_PATH_BYTES)
}

/// Decodes into the buffer, or where it is too small, into a vector.
fn decode<'a>(
    token: &str,
    buffer: &'a mut [u8; STACK_BYTES],
    spill: &'a mut Vec<u8>,
) -> Result<&'a [u8], TokenError> {
    if token.len() > MAX_TOKEN_CHARS {
        return Err(TokenError::Malformed);
    }
    let room = if base64::decoded_len_estimate(token.len()) <= STACK_BYTES {
        &mut buffer[..]
    } else {
        spill.resize(base64::decoded_len_estimate(token.len()), 0);
        &mut spill[..]
    };
    let length = URL_SAFE_NO_PAD
        .decode_slice(token, room)
        .map_err(|_| TokenError::Malformed)?;
    room.get(..length).ok_or(TokenError::Malformed)
}

fn accepts(mac: &Mac, payload: &[u8], tag: &[u8; TAG_BYTES]) -> bool {
    let mut mac = mac.clone();
    mac.update(payload);
    mac.accepts(tag)
}

fn key_id(payload: &[u8]) -> Option<KeyId> {
    let mut reader = Reader::new(payload);
    reader.byte()?;
    u32::try_from(reader.varint(32)?).ok().map(KeyId)
}

fn is_token_char(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-' || character == '_'
}

/// Why keys don't make a [`Verifier`].
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::Verifier;
/// use linkseal::error::VerifierError;
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let error = Verifier::new([&domain, &domain]).unwrap_err();
/// assert!(matches!(error, VerifierError::DuplicateKeyId { key_id: KeyId(1), .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// A domain came twice with the same key id.
    #[error("key id {key_id} is given twice for {domain}, expected each key of a domain once")]
    DuplicateKeyId {
        /// The id that came twice.
        key_id: KeyId,
        /// The sending domain.
        domain: SendingDomain,
    },
}
