//! One document for many messages.

use std::fmt;

use crate::config::DomainConfig;
use crate::link::{MessageParts, Minter, PIXEL_AFTER_URL, Prepared, TrackedLink, fits, quote};
use crate::message::Message;
use crate::pixel::PixelPosition;
use crate::report::{Report, SkipReason};
use crate::scan::{Cut, LineCounter, Scanner, Sink};
use crate::token::{PreparedToken, message_part};
use crate::tracking_level::TrackingLevel;
use crate::{rewrite, rewrite_with_report};

/// A document that was read once, to be rendered for any number of messages: the same for all but for
/// their tokens. It fills in no merge tags, and a link that holds one is never tracked.
///
/// Compiling costs what [`rewrite()`](crate::rewrite()) costs. Rendering copies the text and
/// finishes one HMAC for each link: what is the same for every message is hashed and encoded once.
/// A template can be shared between threads. It holds what keys have become in the domain's
/// settings, and zeroises it on drop.
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
pub struct Template {
    domain: DomainConfig,
    longest_head: usize,
    parts: Vec<Part>,
    report: Report,
    /// The document, if it must be read anew for each message: since it holds an open pixel of this
    /// domain, which is one message's own, or since lines have a limit, and tokens differ in length.
    source: Option<String>,
    /// All that is the same in most messages, one part's text behind the other's.
    text: String,
}

/// Text, and what comes behind it.
struct Part {
    content: Content,
    /// Where the text of the content itself ends, which starts at `text_end`.
    content_end: usize,
    /// Where the document's own text before the content ends.
    text_end: usize,
}

enum Content {
    Click(Box<Click>),
    /// A marker that was cut.
    Marker(String),
    Pixel(Box<PreparedToken>),
}

struct Click {
    add_quotes: bool,
    destination: String,
    name: String,
    original: String,
    token: PreparedToken,
}

impl Click {
    /// Returns what follows the tracking URL.
    fn quote(&self) -> &'static str {
        quote(self.add_quotes)
    }
}

impl Template {
    /// Reads a document for the messages of `domain`.
    ///
    /// The message that `domain` may be scoped to makes no difference to what is rendered. But where its tokens
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
        let ready = MessageParts::for_all_recipients(domain);
        let domain = domain.for_message(Message::default());
        let collector = Collector {
            domain: domain.clone(),
            longest_head: 0,
            parts: Vec::new(),
            ready,
            text: String::with_capacity(html.len()),
        };
        let mut scanner = Scanner::new(&domain, collector);
        scanner.scan_whole(html.as_bytes());
        let is_read_anew = scanner.saw_own_pixel() || domain.line_limit().is_some();
        let (collector, report) = scanner.finish();
        let mut template = Self {
            domain,
            longest_head: collector.longest_head,
            parts: collector.parts,
            report,
            source: is_read_anew.then(|| html.to_owned()),
            text: collector.text,
        };
        template.complete_report(html);
        template
    }

    /// Returns the document for one message: the same as [`rewrite()`](crate::rewrite()) returns.
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
    pub fn render(&self, message: &Message) -> String {
        let mut out = String::new();
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
    pub fn render_into(&self, message: &Message, out: &mut String) {
        if let Some(html) = &self.source {
            out.push_str(&rewrite(html, &self.domain.for_message(message.clone())));
            return;
        }
        let parts = MessageParts::new(&self.domain, message);
        if self.is_plain(message, &parts) {
            out.reserve(self.rendered_len(&parts));
            self.render_prepared(&parts, out);
        } else {
            out.reserve(self.rendered_anew_len(&parts));
            self.render_anew(message, &parts, out);
        }
    }

    /// Returns what was found in the document, as [`rewrite_with_report`]
    /// does for an anonymous message.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Adds to the report what only a rendering shows.
    fn complete_report(&mut self, html: &str) {
        if self.source.is_some() {
            self.report = rewrite_with_report(html, &self.domain).1;
            return;
        }
        let output = self.render(self.domain.message());
        let mut lines = LineCounter::default();
        lines.add(output.as_bytes());
        self.report.output_bytes = u64::try_from(output.len()).unwrap_or(u64::MAX);
        self.report.output_longest_line = lines.longest();
    }

    /// Whether each link is tracked in its position, as it was prepared.
    fn is_plain(&self, message: &Message, parts: &MessageParts) -> bool {
        let unsubscribes = |part: &Part| match &part.content {
            Content::Click(click) => message.is_list_unsubscribe(&click.destination),
            Content::Marker(_) | Content::Pixel(_) => false,
        };
        let is_pixel = |part: &Part| matches!(part.content, Content::Pixel(_));
        let is_tracked = match &parts.click {
            Some(part) => fits(self.longest_head, part.len()),
            None => self.parts.iter().all(is_pixel),
        };
        is_tracked && !(message.names_list_unsubscribe() && self.parts.iter().any(unsubscribes))
    }

    /// The length of what [`render_prepared`](Self::render_prepared) appends.
    fn rendered_len(&self, parts: &MessageParts) -> usize {
        let click_bytes = parts.click.as_ref().map_or(0, Vec::len);
        let dynamic = self
            .parts
            .iter()
            .map(|part| match (&part.content, &parts.open) {
                (Content::Click(click), _) => {
                    click.token.finished_len(click_bytes) + click.quote().len()
                }
                (Content::Pixel(token), Some(open)) => {
                    token.finished_len(open.len()) + PIXEL_AFTER_URL.len()
                }
                (Content::Marker(_) | Content::Pixel(_), _) => 0,
            });
        let left_out = self
            .parts
            .iter()
            .map(|part| match (&part.content, &parts.open) {
                (Content::Pixel(_), None) => part.content_end - part.text_end,
                _ => 0,
            });
        self.text.len() + dynamic.sum::<usize>() - left_out.sum::<usize>()
    }

    /// The length of what [`render_anew`](Self::render_anew) appends; at most that when some links
    /// are tracked and others are not.
    fn rendered_anew_len(&self, parts: &MessageParts) -> usize {
        let mut length = self.rendered_len(parts);
        let tracks_clicks = parts.click.is_some();
        let click_bytes = parts.click.as_ref().map_or(0, Vec::len);
        for part in &self.parts {
            let prepared = part.content_end - part.text_end;
            match &part.content {
                Content::Click(click) if tracks_clicks => length += click.original.len(),
                Content::Click(click) => {
                    length += click.original.len();
                    length -=
                        prepared + click.token.finished_len(click_bytes) + click.quote().len();
                }
                Content::Marker(_) if tracks_clicks => {}
                Content::Marker(original) => length += original.len(),
                Content::Pixel(_) => {}
            }
        }
        length
    }

    fn render_prepared(&self, parts: &MessageParts, out: &mut String) {
        let click_part = parts.click.as_deref().unwrap_or_default();
        let mut scratch = Vec::with_capacity(click_part.len() + 32);
        let mut copied = 0;
        for part in &self.parts {
            match (&part.content, &parts.open) {
                (Content::Click(click), _) => {
                    out.push_str(self.text(copied, part.content_end));
                    click.token.finish(click_part, &mut scratch, out);
                    out.push_str(click.quote());
                }
                (Content::Marker(_), _) => out.push_str(self.text(copied, part.content_end)),
                (Content::Pixel(token), Some(open_part)) => {
                    out.push_str(self.text(copied, part.content_end));
                    token.finish(open_part, &mut scratch, out);
                    out.push_str(PIXEL_AFTER_URL);
                }
                (Content::Pixel(_), None) => out.push_str(self.text(copied, part.text_end)),
            }
            copied = part.content_end;
        }
        out.push_str(self.text(copied, self.text.len()));
    }

    /// Renders for a message that leaves some links alone, so that others change their position.
    fn render_anew(&self, message: &Message, parts: &MessageParts, out: &mut String) {
        let mut minter = Minter::new(self.domain.for_message(message.clone()));
        let tracks_clicks = parts.click.is_some();
        let mut scratch = Vec::new();
        let (mut copied, mut position, mut url) = (0, 0_u32, Vec::new());
        for part in &self.parts {
            out.push_str(self.text(copied, part.text_end));
            match (&part.content, &parts.open) {
                (Content::Click(click), _) => {
                    let link = TrackedLink {
                        add_quotes: click.add_quotes,
                        destination: &click.destination,
                        name: &click.name,
                        position,
                    };
                    url.clear();
                    let is_tracked = minter.write_link(&link, &mut url).is_ok();
                    match std::str::from_utf8(&url) {
                        Ok(url) if is_tracked => {
                            out.push_str(url);
                            position = position.saturating_add(1);
                        }
                        _ => out.push_str(&click.original),
                    }
                }
                (Content::Marker(_), _) if tracks_clicks => {}
                (Content::Marker(original), _) => out.push_str(original),
                (Content::Pixel(token), Some(open_part)) => {
                    out.push_str(self.text(part.text_end, part.content_end));
                    token.finish(open_part, &mut scratch, out);
                    out.push_str(PIXEL_AFTER_URL);
                }
                (Content::Pixel(_), None) => {}
            }
            copied = part.content_end;
        }
        out.push_str(self.text(copied, self.text.len()));
    }

    fn text(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Template")
            .field("domain", &self.domain)
            .field("parts", &self.parts.len())
            .field("text", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// Takes the scan's findings apart into what stays and what differs.
struct Collector {
    domain: DomainConfig,
    longest_head: usize,
    parts: Vec<Part>,
    /// What the payloads of those messages end with whose tokens are to be made now.
    ready: MessageParts,
    text: String,
}

impl Collector {
    fn push(&mut self, content_text: &str, content: Content) {
        let text_end = self.text.len();
        self.text.push_str(content_text);
        self.parts.push(Part {
            content,
            content_end: self.text.len(),
            text_end,
        });
    }
}

impl Sink for Collector {
    fn source(&mut self, bytes: &[u8]) {
        self.text.push_str(&String::from_utf8_lossy(bytes));
    }

    fn cut(&mut self, bytes: &[u8], why: Cut) {
        match why {
            Cut::Marker => self.push(
                "",
                Content::Marker(String::from_utf8_lossy(bytes).into_owned()),
            ),
            Cut::Placeholder => {}
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
        let click = Click {
            add_quotes: link.add_quotes,
            destination: link.destination.to_owned(),
            name: link.name.to_owned(),
            original: String::from_utf8_lossy(original).into_owned(),
            token: prepared.token,
        };
        self.push(&prepared.text, Content::Click(Box::new(click)));
        Ok(())
    }

    fn pixel(&mut self, placement: PixelPosition, _line_ending: Option<&'static str>) {
        let Prepared { text, token, .. } =
            Prepared::pixel(&self.domain, placement, self.ready.open.as_deref());
        self.push(&text, Content::Pixel(Box::new(token)));
    }
}
