//! The charset that a document states itself, found as browsers find it.
//!
//! This is the HTML standard's "prescan a byte stream to determine its encoding" (§13.2.3.2): it reads
//! bytes of which nothing is known yet, so it sees `<meta>` where a parser would see it, and also in
//! places where a parser would not, such as inside `<script>`. It does not guess from the text, and
//! does not look for a byte order mark, which takes precedence over what it finds.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};
use memchr::memmem;

/// Returns the encoding that the document's `<meta>` or XML declaration states.
///
/// It may be one that is not ASCII-compatible.
pub(crate) fn stated_encoding(document: &[u8]) -> Option<&'static Encoding> {
    let rest = document.get(..PRESCANNED_BYTES).unwrap_or(document);
    match (Prescan { rest }).encoding() {
        Ok(encoding) => Some(encoding),
        Err(OutOfBytes) => xml_encoding(rest),
    }
}

/// The bytes that are still to be read, from the standard's "position" on.
struct Prescan<'a> {
    rest: &'a [u8],
}

/// The bytes ended, which aborts the whole prescan, wherever it is.
struct OutOfBytes;

/// Name and value in lower case.
type Attribute = (Vec<u8>, Vec<u8>);

impl<'a> Prescan<'a> {
    fn encoding(mut self) -> Result<&'static Encoding, OutOfBytes> {
        if self.rest.starts_with(b"<\0?\0x\0") {
            return Ok(UTF_16LE);
        }
        if self.rest.starts_with(b"\0<\0?\0x") {
            return Ok(UTF_16BE);
        }
        loop {
            let rest = self.rest;
            if rest.starts_with(b"<!--") {
                // The two hyphens may be those of the `<!--`.
                self.advance("<!".len());
                let end = memmem::find(self.rest, b"-->").ok_or(OutOfBytes)?;
                self.advance(end + "--".len());
            } else if is_meta(rest) {
                self.advance("<meta".len());
                if let Some(encoding) = self.meta()? {
                    return Ok(encoding);
                }
            } else if is_tag(rest) {
                self.take_to(|byte| is_space(byte) || byte == b'>')?;
                while self.attribute()?.is_some() {}
            } else if [b"<!", b"</", b"<?"].iter().any(|it| rest.starts_with(*it)) {
                self.take_to(|byte| byte == b'>')?;
            }
            self.peek()?;
            self.advance(1);
        }
    }

    /// Reads the attributes of a `<meta>`; returns the encoding if they state one.
    fn meta(&mut self) -> Result<Option<&'static Encoding>, OutOfBytes> {
        let mut names = Vec::new();
        let mut has_pragma = false;
        // An encoding, or none where the label is unknown, and whether it needs the pragma to count.
        let mut charset: Option<(Option<&'static Encoding>, bool)> = None;
        while let Some((name, value)) = self.attribute()? {
            if names.contains(&name) {
                continue;
            }
            match name.as_slice() {
                b"charset" => charset = Some((Encoding::for_label(&value), false)),
                b"content" if charset.is_none() => {
                    charset = content_encoding(&value).map(|encoding| (Some(encoding), true));
                }
                b"http-equiv" => has_pragma = value == b"content-type",
                _ => {}
            }
            names.push(name);
        }
        let (encoding, needs_pragma) = charset.unwrap_or_default();
        if needs_pragma && !has_pragma {
            return Ok(None);
        }
        Ok(encoding.map(|encoding| match encoding {
            _ if encoding == X_USER_DEFINED => WINDOWS_1252,
            encoding => readable(encoding),
        }))
    }

    /// The standard's "get an attribute"; none when the tag ends.
    fn attribute(&mut self) -> Result<Option<Attribute>, OutOfBytes> {
        self.take_to(|byte| !is_space(byte) && byte != b'/')?;
        if self.peek()? == b'>' {
            return Ok(None);
        }
        let mut name = Vec::new();
        loop {
            match self.peek()? {
                // The first byte is part of the name even if it is a `=`.
                b'=' if !name.is_empty() => break,
                byte if is_space(byte) => {
                    self.take_to(|byte| !is_space(byte))?;
                    if self.peek()? != b'=' {
                        return Ok(Some((name, Vec::new())));
                    }
                    break;
                }
                b'/' | b'>' => return Ok(Some((name, Vec::new()))),
                byte => name.push(byte.to_ascii_lowercase()),
            }
            self.advance(1);
        }
        self.advance("=".len());
        self.take_to(|byte| !is_space(byte))?;
        let value = match self.peek()? {
            quote @ (b'"' | b'\'') => {
                self.advance(1);
                let value = self.take_to(|byte| byte == quote)?;
                self.advance(1);
                value
            }
            _ => self.take_to(|byte| is_space(byte) || byte == b'>')?,
        };
        Ok(Some((name, value.to_ascii_lowercase())))
    }

    fn peek(&self) -> Result<u8, OutOfBytes> {
        self.rest.first().copied().ok_or(OutOfBytes)
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Takes the bytes before the next one that `is_end`, which must come.
    fn take_to(&mut self, is_end: impl Fn(u8) -> bool) -> Result<&'a [u8], OutOfBytes> {
        let end = self.rest.iter().position(|byte| is_end(*byte));
        let (taken, rest) = self.rest.split_at(end.ok_or(OutOfBytes)?);
        self.rest = rest;
        Ok(taken)
    }
}

/// The standard's "extracting a character encoding from a meta element"; `content` is in lower case.
fn content_encoding(content: &[u8]) -> Option<&'static Encoding> {
    let mut rest = content;
    let value = loop {
        let at = memmem::find(rest, b"charset")?;
        rest = rest.get(at + "charset".len()..)?.trim_ascii_start();
        if let Some(value) = rest.strip_prefix(b"=") {
            break value.trim_ascii_start();
        }
    };
    let label = match value.split_first()? {
        (quote @ (b'"' | b'\''), quoted) => {
            let end = quoted.iter().position(|byte| byte == quote)?;
            quoted.get(..end)?
        }
        _ => value
            .split(|byte| is_space(*byte) || *byte == b';')
            .next()?,
    };
    Encoding::for_label(label)
}

/// The standard's "get an XML encoding".
fn xml_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    if !bytes.starts_with(b"<?xml") {
        return None;
    }
    // The standard only asks that there is an end. Browsers do not look beyond it.
    let declaration = bytes.split_at(memchr::memchr(b'>', bytes)?).0;
    let at = memmem::find(declaration, b"encoding")?;
    let rest = skip_controls(declaration.get(at + "encoding".len()..)?);
    let (quote, rest) = skip_controls(rest.strip_prefix(b"=")?).split_first()?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let label = rest.get(..rest.iter().position(|byte| byte == quote)?)?;
    if label.iter().any(|byte| *byte <= b' ') {
        return None;
    }
    Encoding::for_label(label).map(readable)
}

fn skip_controls(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| *byte > b' ');
    bytes
        .get(start.unwrap_or(bytes.len())..)
        .unwrap_or_default()
}

/// A statement that could be read is not in UTF-16, whatever it says.
fn readable(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == UTF_16BE || encoding == UTF_16LE {
        UTF_8
    } else {
        encoding
    }
}

fn is_meta(bytes: &[u8]) -> bool {
    bytes
        .split_at_checked("<meta".len())
        .is_some_and(|(name, rest)| {
            let ends = rest
                .first()
                .is_some_and(|byte| is_space(*byte) || *byte == b'/');
            name.eq_ignore_ascii_case(b"<meta") && ends
        })
}

fn is_tag(bytes: &[u8]) -> bool {
    matches!(bytes, [b'<', first, ..] | [b'<', b'/', first, ..] if first.is_ascii_alphabetic())
}

/// Whether the standard counts the byte as ASCII whitespace.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// The length that the standard advises: a statement further down is an error of the author.
const PRESCANNED_BYTES: usize = 1024;

#[cfg(test)]
mod tests;
