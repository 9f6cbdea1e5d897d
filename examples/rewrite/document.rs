//! One document or message, from where it is read to where it is written.

use std::error::Error;
use std::io::{self, BufWriter, Cursor, ErrorKind, Read, Write};

use linkseal::error::CharsetError;
use linkseal::{
    Charset, DomainConfig, FinishError, MessageReport, Report, RewriteWriter, Rewriter,
    StreamOptions, Untouched, rewrite_bytes, rewrite_message_with_report,
};

use crate::detect::{self, Kind};
use crate::named::Named;
use crate::options::Options;

/// What was done to an input.
pub(crate) enum Done {
    Html(Report),
    Message(MessageReport),
}

/// Rewrites one document or message: a document as a stream when asked to, otherwise whole.
pub(crate) fn rewrite<R: Read, W: Write>(
    options: &Options,
    domain: &DomainConfig,
    mut input: Named<R>,
    output: Named<W>,
) -> Result<Done, Box<dyn Error>> {
    let mut output = BufWriter::new(output);
    let done = match options.chunk {
        Some(chunk) => {
            let mut buffer = vec![0; usize::try_from(chunk)?];
            in_chunks(options, domain, &mut input, &mut output, &mut buffer)?
        }
        None => {
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes)?;
            let kind = options.kind().unwrap_or_else(|| detect::kind(&bytes));
            whole(options, domain, kind, input.name(), &bytes, &mut output)?
        }
    };
    output.flush()?;
    if let Done::Html(report) = &done
        && let Some(untouched) = report.untouched()
    {
        eprintln!("rewrite: {}: {}", input.name(), explain(untouched));
    }
    Ok(done)
}

/// Streams a document. A message is read whole: its parts are where its boundaries are.
fn in_chunks<W: Write>(
    options: &Options,
    domain: &DomainConfig,
    input: &mut Named<impl Read>,
    mut output: W,
    buffer: &mut [u8],
) -> Result<Done, Box<dyn Error>> {
    let mut start = Vec::new();
    if options.kind().is_none() {
        let kind = loop {
            if let Some(kind) = detect::kind_of_start(&start) {
                break kind;
            }
            match read(input, buffer)? {
                [] => break detect::kind(&start),
                bytes => start.extend_from_slice(bytes),
            }
        };
        if kind == Kind::Message {
            input.read_to_end(&mut start)?;
            return whole(options, domain, kind, input.name(), &start, &mut output);
        }
    }
    let mut input = Cursor::new(start).chain(input);
    let report = stream(options, domain, &mut input, output, buffer)?;
    Ok(Done::Html(report))
}

fn stream<W: Write>(
    options: &Options,
    domain: &DomainConfig,
    input: &mut impl Read,
    output: W,
    buffer: &mut [u8],
) -> Result<Report, Box<dyn Error>> {
    let charset = options.charset.unwrap_or_default();
    let mut stream = StreamOptions::new().with_charset(charset);
    // Without a report nobody reads the links, and a stream may hold millions.
    if options.report.is_none() {
        stream = stream.with_summary_only();
    }
    let mut writer = RewriteWriter::new(Rewriter::with_options(domain, &stream), output);
    loop {
        match read(input, buffer)? {
            [] => return Ok(writer.finish().map_err(FinishError::into_error)?.1),
            bytes => writer.write_all(bytes)?,
        }
    }
}

/// Reads once, unless it is interrupted; returns what was read, nothing at the end.
fn read<'a>(input: &mut impl Read, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    loop {
        match input.read(buffer) {
            Ok(length) => return Ok(buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn whole<W: Write>(
    options: &Options,
    domain: &DomainConfig,
    kind: Kind,
    name: &str,
    bytes: &[u8],
    output: &mut W,
) -> Result<Done, Box<dyn Error>> {
    if kind == Kind::Message {
        say_what_auto_chose(options, name);
        let (message, report) = rewrite_message_with_report(bytes, domain);
        output.write_all(&message)?;
        return Ok(Done::Message(report));
    }
    let charset = match (options.charset, std::str::from_utf8(bytes)) {
        (Some(charset), _) => charset,
        (None, Ok(_)) => Charset::UTF_8,
        (None, Err(_)) => stated_charset(name, bytes).unwrap_or_default(),
    };
    let (html, report) = rewrite_bytes(bytes, charset, domain);
    output.write_all(&html)?;
    Ok(Done::Html(report))
}

/// Says that an input was taken for a message, and which options a message has no use for.
fn say_what_auto_chose(options: &Options, name: &str) {
    if options.kind().is_some() {
        return;
    }
    eprintln!("rewrite: {name}: begins with the header of a message: taken for one");
    if options.chunk.is_some() {
        eprintln!("rewrite: {name}: a message is read whole, without --chunk");
    }
    if options.charset.is_some() {
        eprintln!(
            "rewrite: {name}: the parts of a message state their charsets, without --charset"
        );
    }
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
