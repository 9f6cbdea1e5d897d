//! Verifying tokens by the settings of their domains.

use std::fmt;

use crate::config::DomainConfig;
use crate::key::{KeyId, SigningKey};
use crate::sending_domain::SendingDomain;
use crate::token::{DomainKey, Event, TokenError, UntrustedToken, verify_token, verify_url};

impl UntrustedToken {
    /// Returns what the token says, if the domain's signing key or one of its retired keys signed it for that
    /// domain.
    ///
    /// Costs one HMAC at most. Whether the host that the token came by may answer with the domain's links is for
    /// [`DomainConfig::may_present`].
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::error::TokenError;
    /// use linkseal::{UntrustedToken, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
    /// let token = UntrustedToken::parse_url(html.split('\'').nth(1).unwrap())?;
    /// assert_eq!(token.verify(&domain)?.domain(), "example.com");
    ///
    /// let host = TrackingHost::custom("link.example.net")?;
    /// let key = SigningKey::new(KeyId(1), &[0x43; 32])?;
    /// let other = DomainConfig::new("example.net".parse()?, host, key)?;
    /// assert_eq!(token.verify(&other), Err(TokenError::BadSignature));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError`], by the first of the rules 4 to 6 of `docs/token-format.md` that the token breaks, and
    /// [`TokenError::UnexpectedKind`] when it came by the path of the other kind.
    pub fn verify(&self, domain: &DomainConfig) -> Result<Event, TokenError> {
        self.verify_by(domain.keys())
    }
}

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
/// - The key id only ever selects among the keys that were given.
/// - A destination is safe in a `Location` field, whoever holds the key; see [`Click::destination`](crate::Click::destination).
///
/// `SECURITY.md` lists the attacks, and the test that shows each one to fail.
///
/// Several domains may use the same key id, even the same key: the tag binds a token to its
/// domain. Each domain that has the token's key id then costs one HMAC, for a forged token all of them. Where there
/// are many domains, look up the one: [`UntrustedToken`] says which key it needs.
///
/// ```
/// use linkseal::{DomainConfig, EventKind, KeyId, SigningKey, TrackingHost, Verifier, rewrite};
///
/// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = rewrite(r#"<a href="https://shop.example/?a=1&amp;b=2">Shop</a>"#, &domain);
/// let url = html.split('"').nth(1).unwrap();
///
/// let verifier = Verifier::new([&domain])?;
/// match verifier.verify_url(url)?.kind() {
///     EventKind::Click(click) => assert_eq!(click.destination(), "https://shop.example/?a=1&b=2"),
///     EventKind::Open(open) => panic!("{open:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Verifier {
    /// Ordered by key id.
    keys: Vec<DomainKey>,
}

impl Verifier {
    /// Creates a verifier of these domains' tokens, signed by a domain's signing key or one of its retired keys.
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
        Self::of_keys(domains.into_iter().flat_map(DomainConfig::keys).cloned())
    }

    /// Creates a verifier of tokens signed by these keys, each for a sending domain: for a server that only
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
        let keys = keys.into_iter();
        Self::of_keys(keys.map(|(domain, key)| DomainKey::new(key, domain)))
    }

    fn of_keys(keys: impl Iterator<Item = DomainKey>) -> Result<Self, VerifierError> {
        let mut keys: Vec<DomainKey> = keys.collect();
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
            None => Ok(Self { keys }),
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
    /// assert_eq!(Verifier::new([&domain])?.verify(token)?.domain(), "example.com");
    /// assert_eq!(Verifier::new([])?.verify(token), Err(TokenError::UnknownKey));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TokenError`], by the first rule of `docs/token-format.md` that the token breaks.
    pub fn verify(&self, token: &str) -> Result<Event, TokenError> {
        verify_token(token, |id| self.keys_of(id))
    }

    /// Returns what the token says that ends the path of a tracking URL.
    ///
    /// Takes what [`UntrustedToken::parse_url`] takes. The host is not looked at; see
    /// [`DomainConfig::may_present`].
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::error::TokenError;
    /// use linkseal::{Verifier, rewrite};
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
        verify_url(url, |id| self.keys_of(id))
    }

    fn keys_of(&self, id: KeyId) -> &[DomainKey] {
        let first = self.keys.partition_point(|key| key.id < id);
        let rest = self.keys.get(first..).unwrap_or_default();
        let count = rest.partition_point(|key| key.id == id);
        rest.get(..count).unwrap_or_default()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|key| (&key.domain, key.id)).collect();
        formatter
            .debug_struct("Verifier")
            .field("keys", &ids)
            .finish_non_exhaustive()
    }
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
