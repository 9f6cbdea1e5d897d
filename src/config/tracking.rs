//! Settings: whether and how closely is tracked, and by which keys.

use super::DomainConfig;
use super::error::ConfigError;
use crate::domain_status::DomainStatus;
use crate::key::SigningKey;
use crate::token::DomainKey;
#[cfg(feature = "sealed")]
use crate::token::TokenVersion;
use crate::tracking_level::TrackingLevel;

impl DomainConfig {
    /// Adds a key that signs no more but still verifies: mail is clicked years after it was sent.
    ///
    /// ```
    /// use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost, Verifier, rewrite};
    ///
    /// let host = TrackingHost::custom("link.example.com")?;
    /// let old_key = SigningKey::new(KeyId(1), &[0x41; 32])?;
    /// let before = DomainConfig::new("example.com".parse()?, host.clone(), old_key.clone())?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &before);
    ///
    /// let key = SigningKey::new(KeyId(2), &[0x42; 32])?;
    /// let domain = DomainConfig::new("example.com".parse()?, host, key)?.with_retired_key(old_key)?;
    /// let url = html.split('\'').nth(1).unwrap();
    /// assert!(Verifier::new([&domain])?.verify_url(url).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::DuplicateKeyId`] when another key of this domain has the same id.
    pub fn with_retired_key(mut self, key: SigningKey) -> Result<Self, ConfigError> {
        if self.keys().any(|known| known.id == key.id()) {
            return Err(ConfigError::DuplicateKeyId {
                key_id: key.id(),
                domain: self.sending_domain().clone(),
            });
        }
        let key = DomainKey::new(&key, self.sending_domain().clone());
        self.settings_mut().retired_keys.push(key);
        Ok(self)
    }

    /// Sets whether tokens are sealed; they are signed when new.
    ///
    /// A signed token can be read by whoever holds the link: its destination, message and recipient. A sealed one, of
    /// the same length, can be read only with the key: it is encrypted by AES-SIV (RFC 5297). Tokens of both kinds
    /// verify, whatever is set here; a program without the feature `sealed` refuses sealed ones as
    /// [`UnsupportedVersion`](crate::error::TokenError::UnsupportedVersion), so update the programs that verify first.
    ///
    /// There is no randomness in it: the same link in the same mail is the same token.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{UntrustedToken, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let sealed = rewrite("<a href='https://shop.example/'>Shop</a>", &domain.clone().with_sealed_tokens(true));
    /// let url = sealed.split('\'').nth(1).unwrap();
    /// assert!(url.starts_with("https://link.example.com/c/IQ"));
    /// assert!(UntrustedToken::parse_url(url)?.verify(&domain).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "sealed")]
    #[must_use]
    pub fn with_sealed_tokens(mut self, are_sealed: bool) -> Self {
        self.settings_mut().token_version = match are_sealed {
            true => TokenVersion::Sealed,
            false => TokenVersion::Signed,
        };
        self
    }

    /// Sets whether the domain may be rewritten; it is [`DomainStatus::Validated`] when new.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{DomainStatus, Untouched, rewrite_with_report};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_status(DomainStatus::Pending);
    /// let (html, report) = rewrite_with_report("<a href='https://shop.example/'>Shop</a>", &domain);
    /// assert_eq!(html, "<a href='https://shop.example/'>Shop</a>");
    /// assert_eq!(report.untouched(), Some(Untouched::DomainPending));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_status(mut self, status: DomainStatus) -> Self {
        self.settings_mut().status = status;
        self
    }

    /// Sets how closely clicks are tracked at most; it is [`TrackingLevel::Identified`] when new.
    ///
    /// A message can lower it, and not raise it: [`Message::with_click_tracking`](crate::Message::with_click_tracking).
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Message, TrackingLevel, UntrustedToken, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_click_tracking(TrackingLevel::Anonymous);
    /// let message = Message::new("msg-7f3a")?.with_recipient("rcpt-42")?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain.for_message(message));
    /// let event = UntrustedToken::parse_url(html.split('\'').nth(1).unwrap())?.verify(&domain)?;
    /// assert_eq!((event.message(), event.recipient()), (Some("msg-7f3a"), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_click_tracking(mut self, level: TrackingLevel) -> Self {
        self.settings_mut().click_tracking = level;
        self
    }

    /// Sets how closely opens are tracked at most; it is [`TrackingLevel::Identified`] when new.
    ///
    /// A message can lower it, and not raise it: [`Message::with_open_tracking`](crate::Message::with_open_tracking).
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{TrackingLevel, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_open_tracking(TrackingLevel::Off);
    /// assert_eq!(rewrite("<p>Hi</p>", &domain), "<p>Hi</p>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_open_tracking(mut self, level: TrackingLevel) -> Self {
        self.settings_mut().open_tracking = level;
        self
    }

    /// Sets whether links in `text/plain` parts of [messages](crate::rewrite_message) are tracked; they are not when new.
    ///
    /// A URL in plain text starts with `http://` or `https://`, and ends before white space, `<`, `>`, `"`, `` ` `` or a
    /// character outside of ASCII. What punctuation then stands at its end is not a part of it, nor is a closing bracket
    /// without its opening one. In `format=flowed; DelSp=yes`, a space at the end of a line does not end it (RFC 3676
    /// §4.1). A URL of which readers differ on the end is left alone.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::rewrite_message;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let message = b"Subject: Hi\r\n\r\nSee <https://shop.example/>.\r\n";
    /// assert_eq!(rewrite_message(message, &domain), message);
    /// let rewritten = rewrite_message(message, &domain.with_plain_text_links(true));
    /// assert!(String::from_utf8(rewritten)?.contains("See <https://link.example.com/c/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "mime")]
    #[must_use]
    pub fn with_plain_text_links(mut self, are_tracked: bool) -> Self {
        self.settings_mut().plain_text_links = are_tracked;
        self
    }

    /// Limits how long an edit may make a line, in bytes without the line ending.
    ///
    /// No edit makes a line longer than that, or than it was if it was longer already. Where one would,
    /// a line ending takes the place of white space in the tag; a link in whose tag there is none is
    /// left alone. SMTP allows 998 bytes (RFC 5322 §2.1.1), and servers fold longer lines wherever they
    /// are that long. A part in quoted-printable or base64 needs no limit: its lines are folded by that.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// assert_eq!(domain.line_limit(), None);
    /// assert_eq!(domain.with_line_limit(998).line_limit(), Some(998));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_line_limit(mut self, bytes: usize) -> Self {
        self.settings_mut().line_limit = Some(bytes);
        self
    }
}
