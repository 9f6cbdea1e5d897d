//! Rewriting a message: its parts, spliced into what stays as it is.

use super::confirm::confirmed;
use super::editing::{edit_documents, splice};
use super::header::Header;
use super::line::{line_end, split_ending};
use super::part::{Document, Source};
use super::report::{MessageReport, PartOutcome, PartReport, PartSkipReason, SignatureKind};
use super::scope::scoped_to;
use super::select::{text_kind, type_name};
use super::structure::{Part, Structure, Unreadable, structure};
use super::transfer::TransferEncoding;
use crate::config::DomainConfig;
use crate::domain_status::DomainStatus;
use crate::report::Report;
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
///   [`PartSkipReason`].
/// - URLs of `List-Unsubscribe` fields are not tracked. The `Message-ID`, without its brackets, is the message's id
///   unless `domain` is [scoped](DomainConfig::for_message) to a message with an id.
/// - The open pixel goes into one part: the last HTML part of the first `multipart/alternative`, else the first HTML part.
///   The links of each HTML part are numbered from 0, those of plain text after the highest number.
///
/// A signature over the message doesn't verify any more once a part is rewritten, so rewrite before signing.
/// Memory is at most three times the message and 4 MB more; for HTML whose elements are nested tens of thousands deep,
/// the parser takes up to 16 MiB besides. Time grows in proportion to the message.
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
    rewrite_parts(message, domain, false).0
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
    let (rewritten, parts) = rewrite_parts(message, domain, true);
    let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let report = MessageReport {
        input_bytes: length(message),
        input_longest_line: LineCounter::longest_of(message),
        output_bytes: length(&rewritten),
        output_longest_line: LineCounter::longest_of(&rewritten),
        signatures: signatures(message),
        parts,
    };
    (rewritten, report)
}

/// Returns the message, and what became of each part.
fn rewrite_parts(
    message: &[u8],
    domain: &DomainConfig,
    lists_links: bool,
) -> (Vec<u8>, Vec<PartReport>) {
    let Structure {
        list_unsubscribe,
        parts,
    } = match structure(message) {
        Ok(structure) => structure,
        Err(unreadable) => return (message.to_vec(), vec![unread(unreadable)]),
    };
    let headers = confirmed(message, &parts);
    let header = headers.first().and_then(Option::as_ref);
    let domain = scoped_to(domain, header, &list_unsubscribe);
    let source = Source {
        line_ending: split_ending(message.get(..line_end(message, 0)).unwrap_or_default()).1,
        message,
        parts: &parts,
    };
    let documents = (0..parts.len()).map(|number| document(&source, &headers, number, &domain));
    let edited = edit_documents(&source, documents.collect(), &domain, lists_links);
    let (rewritten, outcomes) = splice(&source, edited);
    let described = parts.iter().zip(&headers).zip(outcomes);
    let reports = described
        .filter(|((part, _), _)| part.delimiter.is_none())
        .map(|((part, header), outcome)| {
            // What a part says of itself is reported even if it is not believed.
            let stated = Header::read(message, part.header_start);
            part_report(&parts, part, header.as_ref().or(stated.as_ref()), outcome)
        });
    (rewritten, reports.collect())
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

fn part_report(
    parts: &[Part],
    part: &Part,
    header: Option<&Header<'_>>,
    (outcome, report): (PartOutcome, Option<Report>),
) -> PartReport {
    let field = header.and_then(|header| header.single("content-transfer-encoding").ok().flatten());
    let charset = part.content_type.parameter("charset").ok().flatten();
    let path: Vec<String> = part.path.iter().map(ToString::to_string).collect();
    PartReport {
        charset: charset.map(str::to_ascii_lowercase),
        content_type: type_name(parts, part).to_owned(),
        encoding: TransferEncoding::stated(field).1,
        outcome,
        path: path.join("."),
        report,
    }
}

/// A message whose parts can't be told is one part that is left as it is.
fn unread(unreadable: Unreadable) -> PartReport {
    let reason = match unreadable {
        Unreadable::NoMessage => PartSkipReason::Ambiguous,
        Unreadable::TooLarge => PartSkipReason::Limit,
    };
    PartReport {
        charset: None,
        content_type: "message/rfc822".to_owned(),
        encoding: TransferEncoding::stated(None).1,
        outcome: PartOutcome::Skipped(reason),
        path: "1".to_owned(),
        report: None,
    }
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
