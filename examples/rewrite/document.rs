//! One document, from where it is read to where it is written.

use std::error::Error;
use std::io::{BufWriter, ErrorKind, Read, Write};

use linkseal::error::CharsetError;
use linkseal::{
    Charset, DomainConfig, FinishError, Report, RewriteWriter, Rewriter, StreamOptions, Untouched,
    rewrite_bytes,
};

use crate::named::Named;
use crate::options::Options;

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
    let charset = options.charset.unwrap_or_default();
    let mut stream = StreamOptions::new().with_charset(charset);
    // Without a report nobody reads the links, and a stream may hold millions.
    if options.report.is_none() {
        stream = stream.with_summary_only();
    }
    let mut writer = RewriteWriter::new(Rewriter::with_options(domain, &stream), output);
    loop {
        match input.read(buffer) {
            Ok(0) => return Ok(writer.finish().map_err(FinishError::into_error)?),
            Ok(length) => writer.write_all(buffer.get(..length).unwrap_or_default())?,
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
    let charset = match (options.charset, std::str::from_utf8(&document)) {
        (Some(charset), _) => charset,
        (None, Ok(_)) => Charset::UTF_8,
        (None, Err(_)) => stated_charset(input.name(), &document).unwrap_or_default(),
    };
    let (html, report) = rewrite_bytes(&document, charset, domain);
    output.write_all(&html)?;
    Ok((output, report))
}

/// Returns the charset that a document which is not UTF-8 states itself, as browsers find it.
///
/// A byte order mark takes precedence, and the rewriter looks for one.
fn stated_charset(name: &str, document: &[u8]) -> Option<Charset> {
    let has_mark = [&b"\xef\xbb\xbf"[..], b"\xfe\xff", b"\xff\xfe"]
        .iter()
        .any(|mark| document.starts_with(mark));
    if has_mark {
        return None;
    }
    match Charset::stated_in(document)? {
        Ok(charset) => {
            eprintln!(
                "rewrite: {name}: not valid UTF-8: read as {charset}, as the document states"
            );
            Some(charset)
        }
        Err(CharsetError::Unsupported { name: stated }) => {
            eprintln!(
                "rewrite: {name}: states {stated}, which is not ASCII-compatible: read as UTF-8"
            );
            None
        }
        Err(_) => None,
    }
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
