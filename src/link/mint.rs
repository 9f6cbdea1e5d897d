//! Making tracking URLs and the pixel of one message.

use crate::config::DomainConfig;
use crate::report::SkipReason;
use crate::token::{
    MAX_TOKEN_BYTES, PixelPosition, PreparedToken, TAG_BYTES, message_part, seal, write_click,
    write_open,
};

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
    pub(crate) position: u32,
}

/// Returns what stands on both sides of a tracking URL that may need quotes of its own.
pub(crate) fn quote(add_quotes: bool) -> &'static str {
    match add_quotes {
        true => "\"",
        false => "",
    }
}

/// Signs for one message.
#[derive(Debug)]
pub(crate) struct Minter {
    domain: DomainConfig,
    payload: Vec<u8>,
    tail: Vec<u8>,
}

impl Minter {
    pub(crate) fn new(domain: DomainConfig) -> Self {
        let tail = message_part(domain.message());
        Self {
            domain,
            payload: Vec::new(),
            tail,
        }
    }

    /// Appends the tracking URL of a click, or says why this message may not have one.
    pub(crate) fn write_link(
        &mut self,
        link: &TrackedLink<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), SkipReason> {
        if self.domain.message().is_list_unsubscribe(link.destination) {
            return Err(SkipReason::Unsubscribe);
        }
        let key = self.domain.signing_key();
        let (name, destination) = (link.name, link.destination);
        self.payload.clear();
        write_click(key.id, link.position, name, destination, &mut self.payload)
            .ok_or(SkipReason::Scheme)?;
        if !fits(self.payload.len(), self.tail.len()) {
            return Err(SkipReason::TooLong);
        }
        let quote = quote(link.add_quotes).as_bytes();
        out.extend_from_slice(quote);
        out.extend_from_slice(self.domain.click_url_prefix().as_bytes());
        self.sign_and_encode(out);
        out.extend_from_slice(quote);
        Ok(())
    }

    /// Appends the open pixel.
    pub(crate) fn write_pixel(&mut self, placement: PixelPosition, out: &mut Vec<u8>) {
        out.extend_from_slice(PIXEL_BEFORE_URL.as_bytes());
        out.extend_from_slice(self.domain.open_url_prefix().as_bytes());
        self.payload.clear();
        write_open(self.domain.signing_key().id, placement, &mut self.payload);
        self.sign_and_encode(out);
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

    fn sign_and_encode(&mut self, out: &mut Vec<u8>) {
        self.payload.extend_from_slice(&self.tail);
        seal(self.domain.signing_key(), &mut self.payload, out);
    }
}

/// Whether a token with a head and a tail of these lengths can be read again.
pub(crate) fn fits(head_bytes: usize, tail_bytes: usize) -> bool {
    head_bytes + tail_bytes + TAG_BYTES <= MAX_TOKEN_BYTES
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
    /// Prepares the tracking URL of a click; `None` where no message could have one.
    pub(crate) fn click(domain: &DomainConfig, link: &TrackedLink<'_>) -> Option<Self> {
        let mut head = Vec::new();
        let key = domain.signing_key();
        write_click(
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
        ))
    }

    /// Prepares an open pixel; [`PIXEL_AFTER_URL`] is to follow it.
    pub(crate) fn pixel(domain: &DomainConfig, placement: PixelPosition) -> Self {
        let mut head = Vec::new();
        write_open(domain.signing_key().id, placement, &mut head);
        let before = format!("{PIXEL_BEFORE_URL}{}", domain.open_url_prefix());
        Self::new(domain, before, &head)
    }

    fn new(domain: &DomainConfig, mut text: String, head: &[u8]) -> Self {
        let (head_text, token) = PreparedToken::new(domain.signing_key(), head);
        text.push_str(&head_text);
        Self {
            head_bytes: head.len(),
            text,
            token,
        }
    }
}
