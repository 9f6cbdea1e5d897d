//! What is known of the mail that is being sent.

use url::Url;

use crate::byte_count::ByteCount;
use crate::tracking_level::TrackingLevel;

/// One mail to one recipient: the ids that its tokens carry, and what may not be tracked in it.
///
/// Tokens are signed, not encrypted: use opaque ids here, never an address.
///
/// ```
/// use linkseal::Message;
///
/// let message = Message::new("msg-7f3a")?
///     .with_recipient("rcpt-42")?
///     .with_sent_at(1_790_000_000)?
///     .with_list_unsubscribe("<mailto:u@example.com>, <https://example.com/u/42>");
/// assert_eq!(message.id(), Some("msg-7f3a"));
/// # Ok::<(), linkseal::error::MessageError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    click_tracking: TrackingLevel,
    id: String,
    list_unsubscribe: Vec<String>,
    open_tracking: TrackingLevel,
    recipient: String,
    sent_at: u64,
}

impl Message {
    /// The longest message id and the longest recipient, in bytes.
    pub const MAX_ID_BYTES: usize = 1024;
    /// The latest time that a token can carry: 63 bits of Unix seconds.
    pub const MAX_SENT_AT: u64 = u64::MAX >> 1;

    /// Creates a message from the sender's id for it. [`Message::default`] is an anonymous one.
    ///
    /// ```
    /// use linkseal::Message;
    ///
    /// assert_eq!(Message::new("msg-7f3a")?.id(), Some("msg-7f3a"));
    /// assert_eq!(Message::default().id(), None);
    /// assert!(Message::new("m".repeat(Message::MAX_ID_BYTES + 1)).is_err());
    /// # Ok::<(), linkseal::error::MessageError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MessageError::TooLong`] over [`MAX_ID_BYTES`](Self::MAX_ID_BYTES).
    pub fn new(id: impl Into<String>) -> Result<Self, MessageError> {
        Ok(Self {
            id: limited("message id", id.into())?,
            ..Self::default()
        })
    }

    /// Sets the sender's id for the recipient.
    ///
    /// ```
    /// use linkseal::Message;
    ///
    /// let message = Message::new("msg-7f3a")?.with_recipient("rcpt-42")?;
    /// assert_eq!(message.recipient(), Some("rcpt-42"));
    /// # Ok::<(), linkseal::error::MessageError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MessageError::TooLong`] over [`MAX_ID_BYTES`](Self::MAX_ID_BYTES).
    pub fn with_recipient(mut self, recipient: impl Into<String>) -> Result<Self, MessageError> {
        self.recipient = limited("recipient", recipient.into())?;
        Ok(self)
    }

    /// Sets the time of sending, in Unix seconds; `0` means not stated.
    ///
    /// ```
    /// use linkseal::Message;
    /// use linkseal::error::MessageError;
    ///
    /// let message = Message::default().with_sent_at(1_790_000_000)?;
    /// assert_eq!(message.sent_at(), Some(1_790_000_000));
    /// let error = Message::default().with_sent_at(u64::MAX).unwrap_err();
    /// assert_eq!(error, MessageError::SentAt { seconds: u64::MAX });
    /// # Ok::<(), linkseal::error::MessageError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`MessageError::SentAt`] over [`MAX_SENT_AT`](Self::MAX_SENT_AT).
    pub fn with_sent_at(mut self, seconds: u64) -> Result<Self, MessageError> {
        if seconds > Self::MAX_SENT_AT {
            return Err(MessageError::SentAt { seconds });
        }
        self.sent_at = seconds;
        Ok(self)
    }

    /// Adds what the mail's `List-Unsubscribe` field holds, so that the same link in the body is
    /// left alone: one URL, or the field's whole value (RFC 2369 §3.2). Can be called again.
    ///
    /// Only http and https URLs are kept, and [`list_unsubscribe`](Self::list_unsubscribe) returns
    /// them. A link is compared after the URL standard's parsing, and must be equal to its fragment.
    ///
    /// ```
    /// use linkseal::Message;
    ///
    /// let field_value = "<mailto:u@example.com>, <https://Example.com/u/42>";
    /// let message = Message::default().with_list_unsubscribe(field_value);
    /// assert!(message.list_unsubscribe().eq(["https://example.com/u/42"]));
    /// ```
    #[must_use]
    pub fn with_list_unsubscribe(mut self, field_value: &str) -> Self {
        let bracketed = field_value
            .split('<')
            .skip(1)
            .filter_map(|rest| rest.split_once('>').map(|(url, _)| url));
        let bare = (!field_value.contains('<')).then_some(field_value);
        let urls = bracketed
            .chain(bare)
            .filter_map(|url| Url::parse(url).ok())
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        self.list_unsubscribe.extend(urls.map(String::from));
        self
    }

    /// Lowers how closely clicks are tracked for this message, whatever the domain allows. A higher level than
    /// before changes nothing.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Message, SkipReason, TrackingLevel, rewrite_with_report};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let message = Message::new("msg-7f3a")?.with_click_tracking(TrackingLevel::Off);
    /// let domain = domain.for_message(message.with_click_tracking(TrackingLevel::Identified));
    /// let (_, report) = rewrite_with_report("<a href='https://shop.example/'>Shop</a>", &domain);
    /// assert_eq!(report.click_tracking(), TrackingLevel::Off);
    /// assert_eq!(report.links()[0].outcome().skip_reason(), Some(SkipReason::ClicksOff));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_click_tracking(mut self, level: TrackingLevel) -> Self {
        self.click_tracking = self.click_tracking.min(level);
        self
    }

    /// Lowers how closely opens are tracked for this message, as
    /// [`with_click_tracking`](Self::with_click_tracking) does for clicks.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Message, TrackingLevel, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let message = Message::new("msg-7f3a")?.with_open_tracking(TrackingLevel::Off);
    /// assert_eq!(rewrite("<p>Hi</p>", &domain.for_message(message)), "<p>Hi</p>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_open_tracking(mut self, level: TrackingLevel) -> Self {
        self.open_tracking = self.open_tracking.min(level);
        self
    }

    /// Returns how closely clicks may be tracked for this message at most.
    #[must_use]
    pub fn click_tracking(&self) -> TrackingLevel {
        self.click_tracking
    }

    /// Returns how closely opens may be tracked for this message at most.
    #[must_use]
    pub fn open_tracking(&self) -> TrackingLevel {
        self.open_tracking
    }

    /// Returns the sender's id for the message; `None` when it was not stated, or is empty.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        Some(&*self.id).filter(|id| !id.is_empty())
    }

    /// Returns the sender's id for the recipient; `None` when it was not stated, or is empty.
    #[must_use]
    pub fn recipient(&self) -> Option<&str> {
        Some(&*self.recipient).filter(|recipient| !recipient.is_empty())
    }

    /// Returns the time of sending in Unix seconds; `None` when it was not stated, or is `0`.
    #[must_use]
    pub fn sent_at(&self) -> Option<u64> {
        Some(self.sent_at).filter(|seconds| *seconds > 0)
    }

    /// Returns the http and https URLs of the mail's `List-Unsubscribe` field, as the URL standard
    /// serialises them.
    pub fn list_unsubscribe(&self) -> impl Iterator<Item = &str> {
        self.list_unsubscribe.iter().map(String::as_str)
    }

    /// Sets the id if there is none, and if this one is not too long.
    #[cfg(feature = "mime")]
    pub(crate) fn or_with_id(mut self, id: String) -> Self {
        if self.id.is_empty() && id.len() <= Self::MAX_ID_BYTES {
            self.id = id;
        }
        self
    }

    pub(crate) fn is_list_unsubscribe(&self, destination: &str) -> bool {
        self.list_unsubscribe.iter().any(|url| url == destination)
    }
}

/// An anonymous message, which lowers nothing.
impl Default for Message {
    fn default() -> Self {
        Self {
            click_tracking: TrackingLevel::Identified,
            id: String::new(),
            list_unsubscribe: Vec::new(),
            open_tracking: TrackingLevel::Identified,
            recipient: String::new(),
            sent_at: 0,
        }
    }
}

fn limited(field: &'static str, value: String) -> Result<String, MessageError> {
    if value.len() > Message::MAX_ID_BYTES {
        return Err(MessageError::TooLong {
            field,
            bytes: value.len(),
        });
    }
    Ok(value)
}

/// Why values can't be part of a [`Message`].
///
/// ```
/// use linkseal::Message;
/// use linkseal::error::MessageError;
///
/// let error = Message::new("m".repeat(1025)).unwrap_err();
/// assert_eq!(error, MessageError::TooLong { field: "message id", bytes: 1025 });
/// assert_eq!(error.to_string(), "message id is 1025 bytes, expected at most 1024");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The time does not fit into 63 bits.
    #[error(
        "sent at is {seconds} seconds, expected at most {}",
        Message::MAX_SENT_AT
    )]
    SentAt {
        /// The Unix time that was given, in seconds.
        seconds: u64,
    },
    /// The message id or the recipient is longer than [`Message::MAX_ID_BYTES`].
    #[error(
        "{field} is {}, expected at most {}",
        ByteCount(*bytes),
        Message::MAX_ID_BYTES
    )]
    TooLong {
        /// Which value: `message id` or `recipient`.
        field: &'static str,
        /// How long it was.
        bytes: usize,
    },
}
