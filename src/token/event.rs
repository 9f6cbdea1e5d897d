//! What a verified token says.

use std::borrow::Cow;
use std::fmt;

use crate::key::KeyId;
use crate::parameters::extended;
use crate::pixel::PixelPosition;
use crate::sending_domain::SendingDomain;

/// What happened, as told by a token whose tag has been checked.
///
/// Message, recipient and name are as the sender or author wrote them, and may hold line breaks and
/// control characters: escape them in logs, as `Debug` does, and in HTML.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{EventKind, Message, UntrustedToken, rewrite};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let message = Message::new("msg-7f3a")?.with_recipient("rcpt-42")?.with_sent_at(1_790_000_000)?;
/// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain.for_message(message));
/// let event = UntrustedToken::parse_url(html.split('\'').nth(1).unwrap())?.verify(&domain)?;
/// assert!(matches!(event.kind(), EventKind::Click(_)));
/// assert_eq!(event.domain(), "example.com");
/// assert_eq!(event.key_id(), KeyId(1));
/// assert_eq!((event.message(), event.recipient()), (Some("msg-7f3a"), Some("rcpt-42")));
/// assert_eq!(event.sent_at(), Some(1_790_000_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Event {
    domain: SendingDomain,
    /// The message id, and the recipient after it.
    ids: String,
    key_id: KeyId,
    kind: EventKind,
    message_end: usize,
    /// `0` when not stated.
    sent_at: u64,
}

impl Event {
    pub(super) fn new(
        domain: SendingDomain,
        key_id: KeyId,
        kind: EventKind,
        sent_at: u64,
        message: &str,
        recipient: &str,
    ) -> Self {
        Self {
            domain,
            ids: [message, recipient].concat(),
            key_id,
            kind,
            message_end: message.len(),
            sent_at,
        }
    }

    /// Returns the sending domain that the token was signed for.
    #[must_use]
    pub fn domain(&self) -> &SendingDomain {
        &self.domain
    }

    /// Returns the id of the key that signed the token.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Returns the sender's id for the message, if the token holds one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        stated(self.ids.get(..self.message_end))
    }

    /// Returns the sender's id for the recipient, if the token holds one.
    #[must_use]
    pub fn recipient(&self) -> Option<&str> {
        stated(self.ids.get(self.message_end..))
    }

    /// Returns the time of sending in Unix seconds, if the token holds it.
    #[must_use]
    pub fn sent_at(&self) -> Option<u64> {
        (self.sent_at > 0).then_some(self.sent_at)
    }

    /// Returns what was done, and to what.
    #[must_use]
    pub fn kind(&self) -> &EventKind {
        &self.kind
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Event")
            .field("domain", &self.domain)
            .field("key_id", &self.key_id)
            .field("message", &self.message())
            .field("recipient", &self.recipient())
            .field("sent_at", &self.sent_at())
            .field("kind", &self.kind)
            .finish()
    }
}

/// What was done with a mail.
///
/// A server answers a click with a redirect and an open with a GIF:
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost, UntrustedToken, rewrite};
/// use linkseal::{EventKind, PIXEL_GIF};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// # let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain);
/// # let event = UntrustedToken::parse_url(html.split('\'').nth(1).unwrap())?.verify(&domain)?;
/// let (status, body) = match event.kind() {
///     EventKind::Click(click) => (302, click.destination().as_bytes()),
///     EventKind::Open(_) => (200, PIXEL_GIF),
/// };
/// assert_eq!((status, body), (302, &b"https://shop.example/"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EventKind {
    /// Somebody, or something, followed a tracked link.
    Click(Click),
    /// Somebody, or something, loaded the open pixel.
    Open(Open),
}

/// A click on a tracked link.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{EventKind, UntrustedToken, rewrite};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = rewrite("<a data-track-name=shop href='https://shop.example/'>Shop</a>", &domain);
/// let event = UntrustedToken::parse_url(html.split('\'').nth(1).unwrap())?.verify(&domain)?;
/// let EventKind::Click(click) = event.kind() else { panic!() };
/// assert_eq!(click.destination(), "https://shop.example/");
/// assert_eq!((click.name(), click.position()), (Some("shop"), 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Click {
    name_end: usize,
    position: u32,
    /// The name, and the destination after it.
    texts: String,
}

impl Click {
    pub(super) fn new(position: u32, name: &str, scheme: &str, rest: &str) -> Self {
        Self {
            name_end: name.len(),
            position,
            texts: [name, scheme, rest].concat(),
        }
    }

    /// Returns where to redirect to: `http://` or `https://` and at least one more character, all of
    /// visible ASCII, so that it is safe as the value of a `Location` field (RFC 9110 §10.2.2).
    ///
    /// What this crate signed is a URL as the URL standard serialises it, and so has a host. Another
    /// implementation that holds the key may have signed `https:///x` or `https://\x`: parse it before
    /// relying on any part of it. In HTML it needs escaping like any text; `&` and `'` are usual in URLs.
    #[must_use]
    pub fn destination(&self) -> &str {
        self.texts.get(self.name_end..).unwrap_or_default()
    }

    /// Returns the destination with parameters of the click's own, such as an id by which the site it leads to can
    /// report back, or those that came with the request.
    ///
    /// They go before the fragment, percent-encoded. A parameter whose name the query has already, in any letter case
    /// and spelling, is left out, and nothing that is there changes. All are left out where the query looks signed, or
    /// where more than 4096 bytes would come of it. Whether the site may get them is for the caller to decide.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{EventKind, UntrustedToken, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = rewrite("<a href='https://shop.example/?a=1#top'>Shop</a>", &domain);
    /// let event = UntrustedToken::parse_url(html.split('\'').nth(1).unwrap())?.verify(&domain)?;
    /// let EventKind::Click(click) = event.kind() else { panic!() };
    /// let location = click.destination_with(&[("click_id", "7f 3a"), ("a", "2")]);
    /// assert_eq!(location, "https://shop.example/?a=1&click_id=7f%203a#top");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn destination_with(&self, parameters: &[(&str, &str)]) -> Cow<'_, str> {
        let destination = self.destination();
        match extended(destination, parameters.iter().copied(), |_| false) {
            Some(extended) => Cow::Owned(extended),
            None => Cow::Borrowed(destination),
        }
    }

    /// Returns the name that a marker gave the link, if any did.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        stated(self.texts.get(..self.name_end))
    }

    /// Returns the link's place among the tracked links of its document, from 0.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.position
    }
}

impl fmt::Debug for Click {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Click")
            .field("destination", &self.destination())
            .field("name", &self.name())
            .field("position", &self.position)
            .finish()
    }
}

/// A loading of the open pixel.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{EventKind, PixelPosition, UntrustedToken, rewrite};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = rewrite("<p>Hi</p>", &domain);
/// let event = UntrustedToken::parse_url(html.split('"').nth(1).unwrap())?.verify(&domain)?;
/// let EventKind::Open(open) = event.kind() else { panic!() };
/// assert_eq!(open.placement(), PixelPosition::End);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Open {
    placement: PixelPosition,
}

impl Open {
    pub(super) fn new(placement: PixelPosition) -> Self {
        Self { placement }
    }

    /// Returns which of the two places the loaded pixel stands in.
    #[must_use]
    pub fn placement(&self) -> PixelPosition {
        self.placement
    }
}

/// Tokens have an empty text for what is not stated.
fn stated(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
