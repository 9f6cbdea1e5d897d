//! Making tracking URLs and the pixel of one message.

use crate::config::DomainConfig;
use crate::message::Message;
use crate::pixel::PixelPosition;
use crate::report::SkipReason;
use crate::token::{
    MAX_TOKEN_BYTES, PreparedToken, TAG_BYTES, message_part, seal, write_click, write_open,
};
use crate::tracking_level::TrackingLevel;

const PIXEL_BEFORE_URL: &str = "<img src=\"";

/// Out of the flow, so that the page grows by nothing; where a client drops `position`, a block of
/// one pixel. `!important` stands against style sheets that stretch every image.
pub(crate) const PIXEL_AFTER_URL: &str = "\" width=\"1\" height=\"1\" alt=\"\" border=\"0\" style=\"\
    position:absolute!important;display:block!important;\
    width:1px!important;height:1px!important;min-width:0!important;max-width:1px!important;\
    margin:0!important;padding:0!important;border:0!important\">";

/// A link that the document and the domain's settings let be tracked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrackedLink<'a> {
    /// Whether the tracking URL needs quotes that the original has not.
    pub(crate) add_quotes: bool,
    pub(crate) destination: &'a str,
    pub(crate) name: &'a str,
    /// The destination without campaign parameters.
    pub(crate) plain: &'a str,
    pub(crate) position: u32,
    /// What the value becomes if this message does not track the link; `None` if it stays.
    pub(crate) untracked: Option<&'a str>,
}

/// Returns what stands on both sides of a tracking URL that may need quotes of its own.
pub(crate) fn quote(add_quotes: bool) -> &'static str {
    match add_quotes {
        true => "\"",
        false => "",
    }
}

/// What the payloads of one message end with.
#[derive(Debug, Default)]
pub(crate) struct MessageParts {
    /// `None` when its clicks are not tracked.
    pub(crate) click: Option<Vec<u8>>,
    /// `None` when its opens are not tracked.
    pub(crate) open: Option<Vec<u8>>,
}

impl MessageParts {
    pub(crate) fn new(domain: &DomainConfig, message: &Message) -> Self {
        let part = |level| (level > TrackingLevel::Off).then(|| message_part(message, level));
        Self {
            click: part(domain.click_level(message)),
            open: part(domain.open_level(message)),
        }
    }

    /// Returns the length of the longer one.
    pub(crate) fn longest(&self) -> usize {
        let parts = self.click.iter().chain(&self.open);
        parts.map(Vec::len).max().unwrap_or(0)
    }

    /// Returns those of the message that `domain` is scoped to, where they are the same for all its recipients.
    pub(crate) fn for_all_recipients(domain: &DomainConfig) -> Self {
        let message = domain.message();
        let is_for_all = |level| level < TrackingLevel::Identified;
        let Self { click, open } = Self::new(domain, message);
        Self {
            click: click.filter(|_| is_for_all(domain.click_level(message))),
            open: open.filter(|_| is_for_all(domain.open_level(message))),
        }
    }
}

/// Signs for one message.
#[derive(Debug)]
pub(crate) struct Minter {
    domain: DomainConfig,
    parts: MessageParts,
    payload: Vec<u8>,
}

impl Minter {
    pub(crate) fn new(domain: DomainConfig) -> Self {
        Self {
            parts: MessageParts::new(&domain, domain.message()),
            domain,
            payload: Vec::new(),
        }
    }

    /// Appends the tracking URL of a click, or says why this message may not have one.
    pub(crate) fn write_link(
        &mut self,
        link: &TrackedLink<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), SkipReason> {
        if self.domain.message().is_list_unsubscribe(link.plain) {
            return Err(SkipReason::Unsubscribe);
        }
        let key = self.domain.signing_key();
        let (name, destination) = (link.name, link.destination);
        self.payload.clear();
        write_click(
            self.domain.token_version(),
            key.id,
            link.position,
            name,
            destination,
            &mut self.payload,
        )
        .ok_or(SkipReason::Scheme)?;
        let Some(part) = &self.parts.click else {
            return Err(SkipReason::ClicksOff);
        };
        if !fits(self.payload.len(), part.len()) {
            return Err(SkipReason::TooLong);
        }
        self.payload.extend_from_slice(part);
        let quote = quote(link.add_quotes).as_bytes();
        out.extend_from_slice(quote);
        out.extend_from_slice(self.domain.click_url_prefix().as_bytes());
        seal(self.domain.signing_key(), &mut self.payload, out);
        out.extend_from_slice(quote);
        Ok(())
    }

    /// Appends the open pixel.
    pub(crate) fn write_pixel(&mut self, placement: PixelPosition, out: &mut Vec<u8>) {
        out.extend_from_slice(PIXEL_BEFORE_URL.as_bytes());
        out.extend_from_slice(self.domain.open_url_prefix().as_bytes());
        self.payload.clear();
        let version = self.domain.token_version();
        write_open(
            version,
            self.domain.signing_key().id,
            placement,
            &mut self.payload,
        );
        let part = self.parts.open.as_deref().unwrap_or_default();
        self.payload.extend_from_slice(part);
        seal(self.domain.signing_key(), &mut self.payload, out);
        out.extend_from_slice(PIXEL_AFTER_URL.as_bytes());
    }

    /// Returns the open pixel.
    pub(crate) fn pixel_text(&mut self, placement: PixelPosition) -> String {
        let mut text = Vec::new();
        self.write_pixel(placement, &mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    /// Returns how many bytes [`write_link`](Self::write_link) would append.
    pub(crate) fn link_len(&mut self, link: &TrackedLink<'_>) -> Result<usize, SkipReason> {
        let mut text = Vec::new();
        self.write_link(link, &mut text)?;
        Ok(text.len())
    }
}

/// Whether a token can be read again whose payload has two parts of these lengths.
pub(crate) fn fits(head_bytes: usize, part_bytes: usize) -> bool {
    head_bytes + part_bytes + TAG_BYTES <= MAX_TOKEN_BYTES
}

/// A tracking URL or pixel as far as it is the same for every message.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The bytes of the token's head.
    pub(crate) head_bytes: usize,
    /// What comes before the part that differs.
    pub(crate) text: String,
    pub(crate) token: PreparedToken,
}

impl Prepared {
    /// Prepares the tracking URL of a click; `None` where no message could have one. With `ready`, the end of the
    /// payload for many messages, the token for these is done at once.
    pub(crate) fn click(
        domain: &DomainConfig,
        link: &TrackedLink<'_>,
        ready: Option<&[u8]>,
    ) -> Option<Self> {
        let mut head = Vec::new();
        let key = domain.signing_key();
        write_click(
            domain.token_version(),
            key.id,
            link.position,
            link.name,
            link.destination,
            &mut head,
        )?;
        Some(Self::new(
            domain,
            format!("{}{}", quote(link.add_quotes), domain.click_url_prefix()),
            &head,
            ready,
        ))
    }

    /// Prepares an open pixel; [`PIXEL_AFTER_URL`] is to follow it. `ready` is as for [`click`](Self::click).
    pub(crate) fn pixel(
        domain: &DomainConfig,
        placement: PixelPosition,
        ready: Option<&[u8]>,
    ) -> Self {
        let mut head = Vec::new();
        write_open(
            domain.token_version(),
            domain.signing_key().id,
            placement,
            &mut head,
        );
        let before = format!("{PIXEL_BEFORE_URL}{}", domain.open_url_prefix());
        Self::new(domain, before, &head, ready)
    }

    fn new(domain: &DomainConfig, mut text: String, head: &[u8], ready: Option<&[u8]>) -> Self {
        let (head_text, token) = PreparedToken::new(domain.signing_key(), head, ready);
        text.push_str(&head_text);
        Self {
            head_bytes: head.len(),
            text,
            token,
        }
    }
}
