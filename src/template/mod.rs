//! One document for many messages.

mod parts;
mod text;

use std::fmt;

use parts::{Content, Parts};
pub use text::Rendering;

use crate::charset::Charset;
use crate::config::DomainConfig;
use crate::link::{MessageParts, Minter, PIXEL_AFTER_URL, fits};
use crate::message::Message;
use crate::one_shot::rewrite_bytes;
use crate::report::Report;
use crate::scan::{LineCounter, Scanner};
use crate::token::{PreparedToken, TAG_BYTES};

/// A document that was read once, to be rendered for any number of messages: the same for all except for
/// their tokens. It fills in no merge tags, and a link that holds one is never tracked.
///
/// Compiling costs what [`rewrite()`](crate::rewrite()) costs. Rendering copies the text and finishes one
/// HMAC for each link: what is the same for every message is hashed and encoded once. A sealed token is encrypted as a
/// whole. Two documents are read anew for each message: one that holds an open pixel of this domain already, and
/// any of a domain that [limits lines](DomainConfig::with_line_limit).
///
/// It renders `String`s when compiled from text, and `Vec<u8>`s when
/// [compiled from bytes](Template::compile_bytes). A template can be shared between threads. It holds what
/// keys have become in the domain's settings, and zeroises it on drop.
///
/// ```
/// use linkseal::{DomainConfig, KeyId, Message, SigningKey, Template, TrackingHost, rewrite};
///
/// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = "<a href='https://shop.example/'>Shop</a>";
/// let template = Template::compile(html, &domain);
/// for recipient in ["rcpt-1", "rcpt-2"] {
///     let message = Message::new("msg-7f3a")?.with_recipient(recipient)?;
///     let rendered = template.render(&message);
///     assert_eq!(rendered, rewrite(html, &domain.for_message(message)));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Template<T = String> {
    charset: Charset,
    domain: DomainConfig,
    parts: Parts<T>,
    report: Report,
    /// The document, if it must be read anew for each message: since it holds an open pixel of this
    /// domain, which is one message's own, or since lines have a limit, and tokens differ in length.
    source: Option<Vec<u8>>,
}

impl Template {
    /// Reads a document for the messages of `domain`.
    ///
    /// The message that `domain` may be scoped to makes no difference to what is rendered. Where its tokens
    /// are [`Anonymous`](crate::TrackingLevel::Anonymous), they are made now, and rendering for a recipient of
    /// the same message copies them.
    ///
    /// This can't fail: what can't be tracked stays as it is.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let template = linkseal::Template::compile("<a href='https://shop.example/'>Shop</a>", &domain);
    /// assert_eq!(template.report().tracked(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn compile(html: &str, domain: &DomainConfig) -> Self {
        Self::read(html.as_bytes(), Charset::UTF_8, domain)
    }
}

impl Template<Vec<u8>> {
    /// Reads a document in any charset that extends ASCII, as [`compile`](Template::compile) does.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Charset, Message, Template, rewrite_bytes};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let html = b"<a href='https://shop.example/?q=caf\xe9'>Caf\xe9</a>";
    /// let charset = Charset::for_label("windows-1252")?;
    /// let template = Template::compile_bytes(html, charset, &domain);
    /// let rendered: Vec<u8> = template.render(&Message::default());
    /// assert_eq!(rendered, rewrite_bytes(html, charset, &domain).0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn compile_bytes(html: &[u8], charset: Charset, domain: &DomainConfig) -> Self {
        Self::read(html, charset, domain)
    }
}

impl<T: Rendering> Template<T> {
    fn read(html: &[u8], charset: Charset, domain: &DomainConfig) -> Self {
        let ready = MessageParts::for_all_recipients(domain);
        let domain = domain.for_message(Message::default());
        let mut scanner = Scanner::new(&domain, Parts::new(domain.clone(), ready, html.len()));
        scanner.set_encoding(charset.encoding());
        scanner.scan_whole(html);
        let is_read_anew = scanner.saw_own_pixel() || domain.line_limit().is_some();
        let (parts, report) = scanner.finish();
        let mut template = Self {
            charset,
            domain,
            parts,
            report,
            source: is_read_anew.then(|| html.to_vec()),
        };
        template.complete_report();
        template
    }

    /// Returns the document for one message: the same as [`rewrite()`](crate::rewrite()) or
    /// [`rewrite_bytes`] returns.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Message, Template};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let template = Template::compile("<a href='https://shop.example/'>Shop</a>", &domain);
    /// let html = template.render(&Message::new("msg-7f3a")?);
    /// assert!(html.starts_with("<a href='https://link.example.com/c/"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn render(&self, message: &Message) -> T {
        let mut out = T::default();
        self.render_into(message, &mut out);
        out
    }

    /// Appends the document for one message, to a buffer that can be used again.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Message, Template};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let template = Template::compile("<p>Hi</p>", &domain);
    /// let mut html = String::new();
    /// for id in ["msg-1", "msg-2"] {
    ///     html.clear();
    ///     template.render_into(&Message::new(id)?, &mut html);
    ///     assert!(html.starts_with("<p>Hi</p><img "));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn render_into(&self, message: &Message, out: &mut T) {
        if let Some(html) = &self.source {
            let domain = self.domain.for_message(message.clone());
            out.push_bytes(&rewrite_bytes(html, self.charset, &domain).0);
            return;
        }
        let message_parts = MessageParts::new(&self.domain, message);
        let longest = message_parts.longest();
        let (version, head) = (self.domain.token_version(), self.parts.longest_head);
        let token_bytes = PreparedToken::finished_len(version, head, longest) + 2;
        let tokens_bytes = self.parts.list.len() * token_bytes + 2 * PIXEL_AFTER_URL.len();
        out.reserve(self.parts.text.bytes() + tokens_bytes);
        match self.is_as_prepared(message, &message_parts) {
            true => self.render_prepared(&message_parts, out),
            false => self.render_anew(message, &message_parts, out),
        }
    }

    /// Returns what was found in the document, as [`rewrite_with_report`](crate::rewrite_with_report)
    /// does for an anonymous message.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Adds to the report what only a rendering shows.
    fn complete_report(&mut self) {
        if let Some(html) = &self.source {
            self.report = rewrite_bytes(html, self.charset, &self.domain).1;
            return;
        }
        let output = self.render(self.domain.message());
        let mut lines = LineCounter::default();
        lines.add(output.as_bytes());
        self.report.output_bytes = u64::try_from(output.bytes()).unwrap_or(u64::MAX);
        self.report.output_longest_line = lines.longest();
    }

    /// Whether each link is tracked in its position, as it was prepared.
    fn is_as_prepared(&self, message: &Message, message_parts: &MessageParts) -> bool {
        let is_tracked = match &message_parts.click {
            Some(part) => fits(self.parts.longest_head, part.len()),
            None => self.parts.originals_bytes == 0,
        };
        is_tracked
            && !message
                .list_unsubscribe()
                .any(|url| self.parts.destinations.contains(url))
    }

    fn render_prepared(&self, message_parts: &MessageParts, out: &mut T) {
        let click_part = message_parts.click.as_deref().unwrap_or_default();
        let scratch_bytes = self.parts.longest_head + message_parts.longest() + TAG_BYTES;
        let mut scratch = Vec::with_capacity(scratch_bytes);
        let (text, mut copied) = (&self.parts.text, 0);
        for part in &self.parts.list {
            match (&part.content, &message_parts.open) {
                (Content::Link(link), _) => {
                    out.push_range(text, copied, part.content_end);
                    link.token
                        .finish(click_part, &mut scratch, |text| out.push_str(text));
                    out.push_str(link.quote());
                }
                (Content::Marker(_) | Content::Untracked(_), _) => {
                    out.push_range(text, copied, part.content_end);
                }
                (Content::Pixel(token), Some(open_part)) => {
                    out.push_range(text, copied, part.content_end);
                    token.finish(open_part, &mut scratch, |text| out.push_str(text));
                    out.push_str(PIXEL_AFTER_URL);
                }
                (Content::Pixel(_), None) => out.push_range(text, copied, part.text_end),
            }
            copied = part.content_end;
        }
        out.push_range(text, copied, text.bytes());
    }

    /// Renders for a message that leaves some links alone, so that others change their position.
    fn render_anew(&self, message: &Message, message_parts: &MessageParts, out: &mut T) {
        let mut minter = Minter::new(self.domain.for_message(message.clone()));
        let tracks_clicks = message_parts.click.is_some();
        let mut scratch = Vec::new();
        let (text, mut copied) = (&self.parts.text, 0);
        let (mut position, mut url) = (0_u32, Vec::new());
        out.reserve(self.parts.originals_bytes);
        for part in &self.parts.list {
            out.push_range(text, copied, part.text_end);
            match (&part.content, &message_parts.open) {
                (Content::Link(link), _) => {
                    url.clear();
                    match minter.write_link(&link.at(position), &mut url) {
                        Ok(()) => {
                            out.push_bytes(&url);
                            position = position.saturating_add(1);
                        }
                        Err(reason) => link.push_untracked(reason, out),
                    }
                }
                (Content::Untracked(link), _) if message.is_list_unsubscribe(&link.plain) => {
                    out.push_range(&link.original, 0, link.original.bytes());
                }
                (Content::Untracked(_), _) => out.push_range(text, part.text_end, part.content_end),
                (Content::Marker(_), _) if tracks_clicks => {}
                (Content::Marker(original), _) => out.push_range(original, 0, original.bytes()),
                (Content::Pixel(token), Some(open_part)) => {
                    out.push_range(text, part.text_end, part.content_end);
                    token.finish(open_part, &mut scratch, |text| out.push_str(text));
                    out.push_str(PIXEL_AFTER_URL);
                }
                (Content::Pixel(_), None) => {}
            }
            copied = part.content_end;
        }
        out.push_range(text, copied, text.bytes());
    }
}

impl<T: Rendering> fmt::Debug for Template<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Template")
            .field("domain", &self.domain)
            .field("parts", &self.parts.list.len())
            .field("text", &self.parts.text.bytes())
            .finish_non_exhaustive()
    }
}
