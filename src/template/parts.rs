//! A document taken apart into what is the same in most messages, and what differs.

use std::collections::BTreeSet;

use super::text::Text;
use crate::config::DomainConfig;
use crate::link::{MessageParts, Prepared, TrackedLink, fits, quote};
use crate::message::Message;
use crate::pixel::PixelPosition;
use crate::report::SkipReason;
use crate::scan::{Cut, Sink};
use crate::token::{PreparedToken, message_part};
use crate::tracking_level::TrackingLevel;

/// Text, and what comes after it.
pub(super) struct Part<T> {
    pub(super) content: Content<T>,
    /// Where the text of the content itself ends, which starts at `text_end`.
    pub(super) content_end: usize,
    /// Where the document's own text before the content ends.
    pub(super) text_end: usize,
}

pub(super) enum Content<T> {
    Link(Box<PreparedLink<T>>),
    /// A marker that was cut.
    Marker(T),
    Pixel(Box<PreparedToken>),
    /// What the value of a link that is not tracked became.
    Untracked(Box<UntrackedLink<T>>),
}

pub(super) struct UntrackedLink<T> {
    pub(super) original: T,
    /// Where it led before.
    pub(super) plain: String,
}

pub(super) struct PreparedLink<T> {
    pub(super) add_quotes: bool,
    pub(super) destination: String,
    pub(super) name: String,
    pub(super) original: T,
    /// The destination without campaign parameters.
    pub(super) plain: String,
    pub(super) token: PreparedToken,
    /// What the value becomes if a message does not track the link; `None` if it stays.
    pub(super) untracked: Option<String>,
}

impl<T: Text> PreparedLink<T> {
    /// Returns the link in that place among the tracked links.
    pub(super) fn at(&self, position: u32) -> TrackedLink<'_> {
        TrackedLink {
            add_quotes: self.add_quotes,
            destination: &self.destination,
            name: &self.name,
            plain: &self.plain,
            position,
            untracked: self.untracked.as_deref(),
        }
    }

    /// Appends what its value is if a message does not track it for that reason.
    pub(super) fn push_untracked(&self, reason: SkipReason, out: &mut T) {
        match self.untracked.as_deref() {
            Some(untracked) if reason != SkipReason::Unsubscribe => out.push_str(untracked),
            _ => out.push_range(&self.original, 0, self.original.bytes()),
        }
    }
    /// Returns what follows the tracking URL.
    pub(super) fn quote(&self) -> &'static str {
        quote(self.add_quotes)
    }
}

/// All parts of a document.
pub(super) struct Parts<T> {
    pub(super) destinations: BTreeSet<String>,
    domain: DomainConfig,
    pub(super) list: Vec<Part<T>>,
    pub(super) longest_head: usize,
    /// The length of all that a message may put back in the place of what was prepared.
    pub(super) originals_bytes: usize,
    /// What the payloads of those messages end with whose tokens are to be made now.
    ready: MessageParts,
    /// All that is the same in most messages, one part's text after the other's.
    pub(super) text: T,
}

impl<T: Text> Parts<T> {
    pub(super) fn new(domain: DomainConfig, ready: MessageParts, bytes: usize) -> Self {
        let mut text = T::default();
        text.reserve(bytes);
        Self {
            destinations: BTreeSet::new(),
            domain,
            list: Vec::new(),
            longest_head: 0,
            originals_bytes: 0,
            ready,
            text,
        }
    }

    fn push(&mut self, content_text: &str, content: Content<T>) {
        let text_end = self.text.bytes();
        self.text.push_str(content_text);
        self.list.push(Part {
            content,
            content_end: self.text.bytes(),
            text_end,
        });
    }

    fn original(&mut self, bytes: &[u8]) -> T {
        let mut original = T::default();
        original.push_bytes(bytes);
        self.originals_bytes += bytes.len();
        original
    }
}

impl<T: Text> Sink for Parts<T> {
    fn source(&mut self, bytes: &[u8]) {
        self.text.push_bytes(bytes);
    }

    fn cut(&mut self, bytes: &[u8], why: Cut) {
        if why == Cut::Marker {
            let original = self.original(bytes);
            self.push("", Content::Marker(original));
        }
    }

    fn link(&mut self, original: &[u8], link: &TrackedLink<'_>) -> Result<(), SkipReason> {
        let prepared = Prepared::click(&self.domain, link, self.ready.click.as_deref())
            .ok_or(SkipReason::Scheme)?;
        let least_part = message_part(&Message::default(), TrackingLevel::Off);
        if !fits(prepared.head_bytes, least_part.len()) {
            return Err(SkipReason::TooLong);
        }
        self.longest_head = self.longest_head.max(prepared.head_bytes);
        self.destinations.insert(link.plain.to_owned());
        self.originals_bytes += link.untracked.map_or(0, str::len);
        let content = PreparedLink {
            add_quotes: link.add_quotes,
            destination: link.destination.to_owned(),
            name: link.name.to_owned(),
            original: self.original(original),
            plain: link.plain.to_owned(),
            token: prepared.token,
            untracked: link.untracked.map(str::to_owned),
        };
        self.push(&prepared.text, Content::Link(Box::new(content)));
        Ok(())
    }

    fn untracked(&mut self, original: &[u8], new: &str, plain: &str) {
        self.destinations.insert(plain.to_owned());
        let content = UntrackedLink {
            original: self.original(original),
            plain: plain.to_owned(),
        };
        self.push(new, Content::Untracked(Box::new(content)));
    }

    fn line_ending(&mut self, _original: &[u8], ending: &'static str) {
        self.source(ending.as_bytes());
    }

    fn pixel(&mut self, placement: PixelPosition, _line_ending: Option<&'static str>) {
        let Prepared { text, token, .. } =
            Prepared::pixel(&self.domain, placement, self.ready.open.as_deref());
        self.push(&text, Content::Pixel(Box::new(token)));
    }
}
