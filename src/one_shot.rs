//! Rewriting a document that is at hand.

use crate::charset::Charset;
use crate::config::DomainConfig;
use crate::link::Minter;
use crate::report::Report;
use crate::scan::{LineCounter, Scanner, Splicer};

/// Returns the document with its links tracked and an open pixel in it.
///
/// `domain` says for which message; see [`DomainConfig::for_message`]. A domain that is not
/// [`Validated`](crate::DomainStatus::Validated) changes nothing. This can't fail: what can't be tracked stays as it
/// is.
///
/// Behind an `a`, `area` or `base` tag of over 1 MiB, and where elements are nested so deeply that the parser
/// would need over 16 MiB, the rest of the document stays as it is; [`Report::untouched`] says from where.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::TrackingLevel;
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = linkseal::rewrite("<p>Hi <A HREF = x.html>there</A>", &domain.with_open_tracking(TrackingLevel::Off));
/// assert_eq!(html, "<p>Hi <A HREF = x.html>there</A>");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn rewrite(html: &str, domain: &DomainConfig) -> String {
    let mut scanner = scanner(html.len(), domain);
    scanner.keep_no_links();
    scanner.count_no_lines();
    scanner.scan_whole(html.as_bytes());
    into_string(scanner.finish().0.out)
}

/// Returns the document as [`rewrite()`] does, and what was done to it.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{LinkOutcome, PixelOutcome, SkipReason, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let (_, report) = rewrite_with_report("<a href='mailto:a@b.example'>Mail</a>", &domain);
/// assert_eq!(report.links()[0].outcome(), LinkOutcome::Skipped(SkipReason::Scheme));
/// assert_eq!(report.pixel(), PixelOutcome::End);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn rewrite_with_report(html: &str, domain: &DomainConfig) -> (String, Report) {
    let (html, report) = rewrite_bytes(html.as_bytes(), Charset::UTF_8, domain);
    (into_string(html), report)
}

/// Returns a document in any charset that extends ASCII, and what was done to it: the body of a mail as
/// its transfer encoding decodes to.
///
/// Bytes that mean nothing in the charset stay as they are. A byte order mark of UTF-8 overrides the
/// charset.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{Charset, rewrite_bytes};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = b"<a href='https://shop.example/?q=caf\xe9'>Caf\xe9</a>";
/// let (html, report) = rewrite_bytes(html, Charset::for_label("windows-1252")?, &domain);
/// assert!(html.starts_with(b"<a href='https://link.example.com/c/"));
/// assert_eq!(report.links()[0].destination(), Some("https://shop.example/?q=caf%E9"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn rewrite_bytes(html: &[u8], charset: Charset, domain: &DomainConfig) -> (Vec<u8>, Report) {
    let mut scanner = scanner(html.len(), domain);
    scanner.set_encoding(charset.encoding());
    scanner.scan_whole(html);
    let (splicer, mut report) = scanner.finish();
    report.output_bytes = u64::try_from(splicer.out.len()).unwrap_or(u64::MAX);
    report.output_longest_line = LineCounter::longest_of(&splicer.out);
    (splicer.out, report)
}

fn scanner(input_bytes: usize, domain: &DomainConfig) -> Scanner<Splicer> {
    // Tracking URLs are longer than what they replace, by about a quarter of most mails.
    let out = Vec::with_capacity(input_bytes + input_bytes / 4 + 1024);
    let splicer = Splicer::new(Minter::new(domain.clone()), out);
    Scanner::new(domain, splicer)
}

/// Only ASCII was put in, and only at ASCII characters.
fn into_string(html: Vec<u8>) -> String {
    String::from_utf8(html)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
