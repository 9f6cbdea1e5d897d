//! One document, from where it is read to where it is written.

use std::error::Error;
use std::io::{BufWriter, ErrorKind, Read, Write};

use encoding_rs::Encoding;
use linkseal::{DomainConfig, Report, Rewriter, Untouched, rewrite_with_report};

use crate::named::Named;
use crate::options::Options;
use crate::prescan;

/// Rewrites one document: as a stream when asked to or when it is not UTF-8, otherwise whole.
pub(crate) fn rewrite<R: Read, W: Write>(
    options: &Options,
    domain: &DomainConfig,
    mut input: Named<R>,
    output: Named<W>,
) -> Result<Report, Box<dyn Error>> {
    let output = BufWriter::new(output);
    let (mut output, report) = match options.chunk {
        Some(chunk) => {
            let mut buffer = vec![0; usize::try_from(chunk)?];
            stream(options, domain, &mut input, output, &mut buffer)?
        }
        None => whole(options, domain, &mut input, output)?,
    };
    output.flush()?;
    if let Some(untouched) = report.untouched() {
        eprintln!("rewrite: {}: {}", input.name(), explain(untouched));
    }
    Ok(report)
}

fn stream<W: Write>(
    options: &Options,
    domain: &DomainConfig,
    input: &mut impl Read,
    output: W,
    buffer: &mut [u8],
) -> Result<(W, Report), Box<dyn Error>> {
    let mut rewriter = rewriter(options, domain, output, options.charset.as_deref())?;
    loop {
        match input.read(buffer) {
            Ok(0) => return Ok(rewriter.finish()?),
            Ok(length) => rewriter.write_all(buffer.get(..length).unwrap_or_default())?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn whole<W: Write>(
    options: &Options,
    domain: &DomainConfig,
    input: &mut Named<impl Read>,
    mut output: W,
) -> Result<(W, Report), Box<dyn Error>> {
    let mut document = Vec::new();
    input.read_to_end(&mut document)?;
    let charset = match (&options.charset, std::str::from_utf8(&document)) {
        (Some(label), _) => Some(label.as_str()),
        (None, Ok(html)) => {
            let (html, report) = rewrite_with_report(html, domain);
            output.write_all(html.as_bytes())?;
            return Ok((output, report));
        }
        (None, Err(_)) => stated_charset(input.name(), &document),
    };
    let mut rewriter = rewriter(options, domain, output, charset)?;
    rewriter.write_all(&document)?;
    Ok(rewriter.finish()?)
}

/// Returns the charset that a document which is not UTF-8 states itself, as browsers find it.
///
/// A byte order mark takes precedence, and the rewriter looks for one.
fn stated_charset(name: &str, document: &[u8]) -> Option<&'static str> {
    if Encoding::for_bom(document).is_some() {
        return None;
    }
    let encoding = prescan::stated_encoding(document)?;
    let charset = encoding.name();
    if !encoding.is_ascii_compatible() {
        eprintln!(
            "rewrite: {name}: states {charset}, which is not ASCII-compatible: read as UTF-8"
        );
        return None;
    }
    eprintln!("rewrite: {name}: not valid UTF-8: read as {charset}, as the document states");
    Some(charset)
}

fn rewriter<W: Write>(
    options: &Options,
    domain: &DomainConfig,
    output: W,
    charset: Option<&str>,
) -> Result<Rewriter<W>, Box<dyn Error>> {
    let mut rewriter = Rewriter::new(domain, output);
    if let Some(label) = charset {
        rewriter = rewriter.with_charset(label)?;
    }
    // Without a report nobody reads the links, and a stream may hold millions.
    if options.report.is_none() {
        rewriter = rewriter.with_summary_only();
    }
    Ok(rewriter)
}

/// Returns why a document, or the rest of it, was left unchanged.
fn explain(untouched: Untouched) -> String {
    match untouched {
        Untouched::Charset => {
            "starts with a UTF-16 byte order mark, the document is untouched".to_owned()
        }
        Untouched::MemoryLimit { at } => {
            format!("over the memory limit at byte {at}, the document is untouched from there on")
        }
        Untouched::Parser { at } => {
            format!("can't be parsed at byte {at}, the document is untouched from there on")
        }
        reason => format!("the document is untouched: {reason}"),
    }
}
