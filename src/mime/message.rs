//! Rewriting a message: its parts, spliced into what stays as it is.

use std::ops::Range;

use super::confirm::confirmed;
use super::edits::Recording;
use super::header::Header;
use super::line::{line_end, split_ending};
use super::part::{Document, RewrittenPart, Source};
use super::report::{MessageReport, PartOutcome, PartReport, PartSkipReason, SignatureKind};
use super::scope::{scoped_to, without_pixel};
use super::select::{TextKind, pixel_part, text_kind, type_name};
use super::structure::{Part, Structure, Unreadable, structure};
use super::transfer::TransferEncoding;
use crate::config::DomainConfig;
use crate::domain_status::DomainStatus;
use crate::scan::LineCounter;

/// Returns a message with the links of its HTML parts tracked and an open pixel in one of them.
///
/// The message is one of RFC 5322, as a mail server holds it, with any line endings; a line `From ` of an mbox file may
/// come first. This can't fail: what is not understood goes out as it came.
///
/// - **Nothing else changes**: header fields, boundaries, attachments and all other parts stay byte for byte.
/// - **The transfer encoding of a part stays.** In quoted-printable only the lines are written anew that hold an edit; in
///   base64 those from the first edit on. Decoding a rewritten part gives what [`rewrite_bytes`](crate::rewrite_bytes)
///   makes of the decoded part, with [a line limit](DomainConfig::with_line_limit) of 998 for `7bit` and `8bit`.
/// - **Never touched** are parts that are signed, encrypted or reports, messages in messages, attachments, appointments,
///   AMP documents, parts with a `Content-MD5`, and those that readers may see otherwise; see
///   [`PartSkipReason`](crate::PartSkipReason).
/// - URLs of `List-Unsubscribe` fields are not tracked. The `Message-ID`, without its brackets, is the message's id
///   unless `domain` is [scoped](DomainConfig::for_message) to a message with an id.
/// - The open pixel goes into one part: the last HTML part of the first `multipart/alternative`, else the first HTML part.
///   The links of each HTML part are numbered from 0, those of plain text after the highest number.
///
/// A signature over the message doesn't verify any more once a part is rewritten, so rewrite before signing.
/// Memory is at most three times the message and 4 MB more.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let message = b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
///     <a href=3D'https://shop.example/'>Shop</a>\r\n";
/// let rewritten = linkseal::rewrite_message(message, &domain);
/// assert!(String::from_utf8(rewritten)?.contains("<a href=3D'https://link.example.com/c/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn rewrite_message(message: &[u8], domain: &DomainConfig) -> Vec<u8> {
    rewritten_parts(message, domain, false).splice(message)
}

/// Returns the message as [`rewrite_message`] does, and what was done to each part.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{PartOutcome, PartSkipReason, rewrite_message_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let message = b"Content-Type: text/html; charset=utf-16\r\n\r\n<p>Hi</p>\r\n";
/// let (rewritten, report) = rewrite_message_with_report(message, &domain);
/// assert_eq!(rewritten, message);
/// assert_eq!(report.parts()[0].outcome(), PartOutcome::Skipped(PartSkipReason::Charset));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn rewrite_message_with_report(
    message: &[u8],
    domain: &DomainConfig,
) -> (Vec<u8>, MessageReport) {
    let parts = rewritten_parts(message, domain, true);
    let rewritten = parts.splice(message);
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let report = MessageReport {
        input_bytes: length(message),
        input_longest_line: longest_line(message),
        output_bytes: length(&rewritten),
        output_longest_line: longest_line(&rewritten),
        signatures: signatures(message),
        parts: parts.reports,
    };
    (rewritten, report)
}

/// What became of the parts.
struct RewrittenParts {
    /// New bodies, in the order of the message.
    bodies: Vec<(Range<usize>, Vec<u8>)>,
    reports: Vec<PartReport>,
}

impl RewrittenParts {
    fn splice(&self, message: &[u8]) -> Vec<u8> {
        let added: usize = self.bodies.iter().map(|(_, new)| new.len()).sum();
        let removed: usize = self.bodies.iter().map(|(old, _)| old.len()).sum();
        let mut spliced = Vec::with_capacity((message.len() + added).saturating_sub(removed));
        let mut at = 0;
        for (old, new) in &self.bodies {
            spliced.extend_from_slice(message.get(at..old.start).unwrap_or_default());
            spliced.extend_from_slice(new);
            at = old.end;
        }
        spliced.extend_from_slice(message.get(at..).unwrap_or_default());
        spliced
    }
}

fn rewritten_parts(message: &[u8], domain: &DomainConfig, lists_links: bool) -> RewrittenParts {
    let Structure {
        list_unsubscribe,
        parts,
    } = match structure(message) {
        Ok(structure) => structure,
        Err(unreadable) => return unread(unreadable),
    };
    let headers = confirmed(message, &parts);
    let domain = scoped_to(
        domain,
        headers.first().and_then(Option::as_ref),
        &list_unsubscribe,
    );
    let source = Source {
        line_ending: split_ending(message.get(..line_end(message, 0)).unwrap_or_default()).1,
        message,
        parts: &parts,
    };
    let documents: Vec<_> = (0..parts.len())
        .map(|number| document(&source, &headers, number, &domain))
        .collect();
    let rewritten = rewrite_documents(&source, &documents, &domain, lists_links);
    let mut all = RewrittenParts {
        bodies: Vec::new(),
        reports: Vec::new(),
    };
    for ((part, header), rewritten) in parts.iter().zip(&headers).zip(rewritten) {
        if part.delimiter.is_none() {
            let (body, report) = part_report(&parts, part, header.as_ref(), rewritten);
            all.bodies
                .extend(body.map(|body| (part.body.clone(), body)));
            all.reports.push(report);
        }
    }
    all
}

/// Returns the document of a part, or why it is left as it is.
fn document<'a>(
    source: &Source<'a>,
    headers: &[Option<Header<'_>>],
    number: usize,
    domain: &DomainConfig,
) -> Result<Document<'a>, PartSkipReason> {
    let kind = text_kind(
        source.parts,
        headers,
        number,
        domain.tracks_plain_text_links(),
    )?;
    match domain.status() {
        DomainStatus::External => return Err(PartSkipReason::DomainExternal),
        DomainStatus::Pending => return Err(PartSkipReason::DomainPending),
        DomainStatus::Validated => {}
    }
    let part = source.parts.get(number).ok_or(PartSkipReason::Ambiguous)?;
    let header = headers.get(number).and_then(Option::as_ref);
    let header = header.ok_or(PartSkipReason::Ambiguous)?;
    Document::of(source.message, part, header, kind)
}

type Outcome<T> = Result<T, PartSkipReason>;

/// Rewrites the HTML parts, and then those in plain text, whose links are numbered after them.
fn rewrite_documents(
    source: &Source<'_>,
    documents: &[Outcome<Document<'_>>],
    domain: &DomainConfig,
    lists_links: bool,
) -> Vec<Outcome<RewrittenPart>> {
    let is = |number: usize, kind| {
        let document = documents.get(number).map(Result::as_ref);
        document.is_some_and(|document| document.is_ok_and(|document| document.kind == kind))
    };
    let html = (0..documents.len()).filter(|number| is(*number, TextKind::Html));
    let pixel = pixel_part(source.parts, &html.collect::<Vec<_>>());
    let pixel_free = without_pixel(domain);
    let skipped = |document: &Outcome<Document<'_>>| match document {
        Ok(_) => Err(PartSkipReason::Ambiguous),
        Err(reason) => Err(*reason),
    };
    let mut all: Vec<Outcome<RewrittenPart>> = documents.iter().map(skipped).collect();
    let mut next_position = 0;
    for kind in [TextKind::Html, TextKind::Plain] {
        let numbered = documents.iter().zip(source.parts).zip(&mut all).enumerate();
        for (number, ((document, part), outcome)) in numbered {
            let Ok(document) = document.as_ref().map_err(|_| ()) else {
                continue;
            };
            if document.kind != kind {
                continue;
            }
            let first_position = match kind {
                TextKind::Html => 0,
                TextKind::Plain => next_position,
            };
            let recording = Recording {
                first_position,
                lists_links,
            };
            let domain = match pixel == Some(number) {
                true => domain,
                false => &pixel_free,
            };
            *outcome = document.rewrite(source, part, domain, recording);
            if let Ok(rewritten) = outcome {
                let tracked = u32::try_from(rewritten.report.tracked()).unwrap_or(u32::MAX);
                next_position = next_position.max(first_position.saturating_add(tracked));
            }
        }
    }
    all
}

fn part_report(
    parts: &[Part],
    part: &Part,
    header: Option<&Header<'_>>,
    rewritten: Outcome<RewrittenPart>,
) -> (Option<Vec<u8>>, PartReport) {
    let field = header.and_then(|header| header.single("content-transfer-encoding").ok().flatten());
    let charset = part.content_type.parameter("charset").ok().flatten();
    let (outcome, body, report) = match rewritten {
        Err(reason) => (PartOutcome::Skipped(reason), None, None),
        Ok(RewrittenPart { body: None, report }) => (PartOutcome::Unchanged, None, Some(report)),
        Ok(RewrittenPart { body, report }) => (PartOutcome::Rewritten, body, Some(report)),
    };
    let path: Vec<String> = part.path.iter().map(ToString::to_string).collect();
    let report = PartReport {
        charset: charset.map(str::to_ascii_lowercase),
        content_type: type_name(parts, part).to_owned(),
        encoding: TransferEncoding::stated(field).1,
        outcome,
        path: path.join("."),
        report,
    };
    (body, report)
}

/// A message whose parts can't be told is one part that is left as it is.
fn unread(unreadable: Unreadable) -> RewrittenParts {
    let reason = match unreadable {
        Unreadable::NoMessage => PartSkipReason::Ambiguous,
        Unreadable::TooLarge => PartSkipReason::Limit,
    };
    let report = PartReport {
        charset: None,
        content_type: "message/rfc822".to_owned(),
        encoding: TransferEncoding::stated(None).1,
        outcome: PartOutcome::Skipped(reason),
        path: "1".to_owned(),
        report: None,
    };
    RewrittenParts {
        bodies: Vec::new(),
        reports: vec![report],
    }
}

fn longest_line(message: &[u8]) -> u64 {
    let mut lines = LineCounter::default();
    lines.add(message);
    lines.longest()
}

fn signatures(message: &[u8]) -> Vec<SignatureKind> {
    let Some(header) = Header::read(message, 0) else {
        return Vec::new();
    };
    let names = header.fields().map(|(name, _)| name.to_ascii_lowercase());
    let mut found: Vec<SignatureKind> = names
        .filter_map(|name| match name.as_slice() {
            b"dkim-signature" => Some(SignatureKind::Dkim),
            name if name.starts_with(b"arc-") => Some(SignatureKind::Arc),
            name if name.starts_with(b"dkim2-") => Some(SignatureKind::Dkim2),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
