//! What a verified token says.

use std::fmt::{self, DebugStruct};

use super::mint::{CLICK, OPEN};
use super::wire::Reader;
use crate::key::KeyId;
use crate::sending_domain::SendingDomain;

/// What happened, as told by a token whose tag has been checked.
///
/// Message, recipient and name are as the sender or author wrote them, and may hold line breaks and
/// control characters: escape them in logs, as `Debug` does, and in HTML.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{Event, Message, Verifier, rewrite};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let message = Message::new("msg-7f3a")?.with_recipient("rcpt-42")?.with_sent_at(1_790_000_000)?;
/// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain.for_message(message));
/// let event = Verifier::new([&domain])?.verify_url(html.split('\'').nth(1).unwrap())?;
/// assert!(matches!(event, Event::Click(_)));
/// assert_eq!(event.domain(), "example.com");
/// assert_eq!(event.key_id(), KeyId(1));
/// assert_eq!((event.message(), event.recipient()), ("msg-7f3a", "rcpt-42"));
/// assert_eq!(event.sent_at(), 1_790_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Somebody, or something, followed a tracked link.
    Click(Click),
    /// Somebody, or something, loaded the open pixel.
    Open(Open),
}

impl Event {
    fn origin(&self) -> &Origin {
        match self {
            Self::Click(click) => &click.origin,
            Self::Open(open) => &open.origin,
        }
    }
}

/// What clicks and opens have in common, and the texts of both in one allocation: the message id,
/// the recipient, and of a click its name and destination.
#[derive(Clone, Eq, PartialEq)]
struct Origin {
    domain: SendingDomain,
    key_id: KeyId,
    message_end: usize,
    recipient_end: usize,
    sent_at: u64,
    texts: String,
}

impl Origin {
    fn text(&self, from: usize, to: usize) -> &str {
        self.texts.get(from..to).unwrap_or_default()
    }

    fn debug<'a, 'f, 'g>(&self, shown: &'a mut DebugStruct<'f, 'g>) -> &'a mut DebugStruct<'f, 'g> {
        shown
            .field("domain", &self.domain.as_str())
            .field("key_id", &self.key_id)
            .field("sent_at", &self.sent_at)
            .field("message", &self.text(0, self.message_end))
            .field(
                "recipient",
                &self.text(self.message_end, self.recipient_end),
            )
    }
}

macro_rules! origin_getters {
    ($($event:ty),*) => {$(
        impl $event {
            /// Returns the sending domain that the token was signed for.
            #[must_use]
            pub fn domain(&self) -> &SendingDomain {
                &self.origin().domain
            }

            /// Returns which key signed the token.
            #[must_use]
            pub fn key_id(&self) -> KeyId {
                self.origin().key_id
            }

            /// Returns the sender's id for the message; empty when anonymous.
            #[must_use]
            pub fn message(&self) -> &str {
                self.origin().text(0, self.origin().message_end)
            }

            /// Returns the sender's id for the recipient; empty when not stated.
            #[must_use]
            pub fn recipient(&self) -> &str {
                self.origin().text(self.origin().message_end, self.origin().recipient_end)
            }

            /// Returns the time of sending in Unix seconds; `0` when not stated.
            #[must_use]
            pub fn sent_at(&self) -> u64 {
                self.origin().sent_at
            }
        }
    )*};
}

origin_getters!(Event, Click, Open);

/// A click on a tracked link.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{Event, Verifier, rewrite};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = rewrite("<a data-track-name=shop href='https://shop.example/'>Shop</a>", &domain);
/// let event = Verifier::new([&domain])?.verify_url(html.split('\'').nth(1).unwrap())?;
/// let Event::Click(click) = event else { panic!() };
/// assert_eq!(click.destination(), "https://shop.example/");
/// assert_eq!((click.name(), click.position()), ("shop", 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Click {
    name_end: usize,
    origin: Origin,
    position: u32,
}

impl Click {
    /// Returns where to redirect to: `http://` or `https://` and at least one more character, all of
    /// visible ASCII, so that it is safe as the value of a `Location` field (RFC 9110 §10.2.2).
    ///
    /// What this crate signed is a URL as the URL standard serialises it, and so has a host. Another
    /// implementation that holds the key may have signed `https:///x` or `https://\x`: parse it before
    /// relying on any part of it. In HTML it needs escaping like any text; `&` and `'` are usual in URLs.
    #[must_use]
    pub fn destination(&self) -> &str {
        self.origin.text(self.name_end, self.origin.texts.len())
    }

    /// Returns the name that a marker gave the link; empty when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.origin.text(self.origin.recipient_end, self.name_end)
    }

    /// Returns the link's place among the tracked links of its document, from 0.
    #[must_use]
    pub fn position(&self) -> u32 {
        self.position
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Debug for Click {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin
            .debug(&mut formatter.debug_struct("Click"))
            .field("position", &self.position)
            .field("name", &self.name())
            .field("destination", &self.destination())
            .finish()
    }
}

/// A loading of the open pixel.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{Event, Placement, Verifier, rewrite};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = rewrite("<p>Hi</p>", &domain);
/// let event = Verifier::new([&domain])?.verify_url(html.split('"').nth(1).unwrap())?;
/// let Event::Open(open) = event else { panic!() };
/// assert_eq!(open.placement(), Placement::End);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Open {
    origin: Origin,
    placement: Placement,
}

impl Open {
    /// Returns which of the two places the loaded pixel stands in.
    #[must_use]
    pub fn placement(&self) -> Placement {
        self.placement
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin
            .debug(&mut formatter.debug_struct("Open"))
            .field("placement", &self.placement)
            .finish()
    }
}

/// Where in the body a loaded pixel stands.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{Event, PixelPlacement, Placement, Verifier, rewrite};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let domain = domain.with_pixel_placement(PixelPlacement::Start);
/// let html = rewrite("<p>Hi</p>", &domain);
/// let event = Verifier::new([&domain])?.verify_url(html.split('"').nth(1).unwrap())?;
/// let Event::Open(open) = event else { panic!() };
/// assert_eq!(open.placement(), Placement::Start);
/// assert_eq!(open.placement().as_str(), "start");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Placement {
    /// At its end, or in the place of a placeholder.
    End,
    /// At its start.
    Start,
}

impl Placement {
    /// Returns a short name for logs and interfaces: `end` or `start`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Start => "start",
        }
    }

    pub(super) fn code(self) -> u8 {
        match self {
            Self::End => 0,
            Self::Start => 1,
        }
    }
}

/// Reads a payload whose tag has been checked; `None` when the key's holder signed nonsense.
pub(super) fn read(payload: &[u8], domain: &SendingDomain) -> Option<Event> {
    let mut reader = Reader::new(payload);
    let header = reader.byte()?;
    let key_id = KeyId(narrow(reader.varint(32)?)?);
    let event = match header {
        CLICK => {
            let position = narrow(reader.varint(32)?)?;
            let name = reader.text()?;
            let (scheme, rest) = read_destination(reader.field()?)?;
            let origin = read_origin(&mut reader, domain, key_id, &[name, scheme, rest])?;
            Event::Click(Click {
                name_end: origin.recipient_end + name.len(),
                origin,
                position,
            })
        }
        OPEN => {
            let placement = match reader.byte()? {
                0 => Placement::End,
                1 => Placement::Start,
                _ => return None,
            };
            Event::Open(Open {
                origin: read_origin(&mut reader, domain, key_id, &[])?,
                placement,
            })
        }
        _ => return None,
    };
    reader.is_at_end().then_some(event)
}

fn read_origin(
    reader: &mut Reader<'_>,
    domain: &SendingDomain,
    key_id: KeyId,
    more_texts: &[&str],
) -> Option<Origin> {
    let sent_at = reader.varint(63)?;
    let (message, recipient) = (reader.text()?, reader.text()?);
    let more: usize = more_texts.iter().map(|text| text.len()).sum();
    let mut texts = String::with_capacity(message.len() + recipient.len() + more);
    texts.push_str(message);
    texts.push_str(recipient);
    texts.extend(more_texts.iter().copied());
    Some(Origin {
        domain: domain.clone(),
        key_id,
        message_end: message.len(),
        recipient_end: message.len() + recipient.len(),
        sent_at,
        texts,
    })
}

/// Splits a destination into its scheme and the rest. A URL that the URL standard serialised has no
/// other bytes than visible ASCII; anything else, from another implementation with the key, could
/// break out of a `Location` field.
fn read_destination(field: &[u8]) -> Option<(&'static str, &str)> {
    let (scheme, rest) = field.split_first()?;
    let scheme = match scheme {
        0 => "http://",
        1 => "https://",
        _ => return None,
    };
    let is_safe = !rest.is_empty() && rest.iter().all(u8::is_ascii_graphic);
    let rest = std::str::from_utf8(rest).ok()?;
    is_safe.then_some((scheme, rest))
}

fn narrow(value: u64) -> Option<u32> {
    u32::try_from(value).ok()
}
