//! Transfer encodings, written once more in the simplest way (RFC 2045 §6).

use arbitrary::{Result, Unstructured};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A transfer encoding that is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    Base64,
    Binary,
    EightBit,
    QuotedPrintable,
    SevenBit,
}

impl Code {
    pub const ALL: [Self; 5] = [
        Self::QuotedPrintable,
        Self::Base64,
        Self::SevenBit,
        Self::EightBit,
        Self::Binary,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Binary => "binary",
            Self::EightBit => "8bit",
            Self::QuotedPrintable => "quoted-printable",
            Self::SevenBit => "7bit",
        }
    }

    /// Lines of the other encodings are folded, or may have any length.
    pub fn line_limit(self) -> Option<usize> {
        matches!(self, Self::EightBit | Self::SevenBit).then_some(998)
    }

    pub fn decode(self, body: &[u8]) -> Vec<u8> {
        match self {
            Self::Base64 => decode_base64(body),
            Self::QuotedPrintable => decode_quoted_printable(body),
            Self::Binary | Self::EightBit | Self::SevenBit => body.to_vec(),
        }
    }

    /// Encodes in one of the ways that mail has. `line_end` is asked for each line ending that is written.
    pub fn encode(
        self,
        bytes: &[u8],
        line_end: &mut dyn FnMut() -> &'static str,
        choices: &mut Unstructured<'_>,
    ) -> Result<Vec<u8>> {
        match self {
            Self::Base64 => {
                let width = *choices.choose(&[76, 76, 64, 60, 4, usize::MAX])?;
                Ok(encode_base64(bytes, width, choices.arbitrary()?, line_end))
            }
            Self::QuotedPrintable => {
                let style = Style {
                    width: *choices.choose(&[76, 76, 76, 72, 20, 200])?,
                    is_lower: choices.ratio(1, 8)?,
                    is_eager: choices.ratio(1, 8)?,
                };
                Ok(encode_quoted_printable(bytes, style, line_end))
            }
            Self::Binary | Self::EightBit | Self::SevenBit => {
                // A line feed behind it would make a line ending of both.
                let end: &[u8] = if bytes.ends_with(b"\r") { b"x" } else { b"" };
                Ok([bytes, end].concat())
            }
        }
    }
}

fn decode_base64(body: &[u8]) -> Vec<u8> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let digits: Vec<u8> = body
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let decoded = GeneralPurpose::new(&STANDARD, config).decode(&digits);
    decoded.unwrap_or_else(|error| panic!("b\"{}\": {error}", body.escape_ascii()))
}

fn encode_base64(
    bytes: &[u8],
    width: usize,
    ends_line: bool,
    line_end: &mut dyn FnMut() -> &'static str,
) -> Vec<u8> {
    let digits = base64::prelude::BASE64_STANDARD.encode(bytes);
    let mut lines = digits.as_bytes().chunks(width).peekable();
    let mut body = Vec::new();
    while let Some(line) = lines.next() {
        body.extend_from_slice(line);
        if ends_line || lines.peek().is_some() {
            body.extend_from_slice(line_end().as_bytes());
        }
    }
    body
}

#[derive(Clone, Copy)]
struct Style {
    width: usize,
    is_lower: bool,
    /// Whether it also encodes what need not be.
    is_eager: bool,
}

impl Style {
    fn unit(self, byte: u8, is_last: bool) -> String {
        let is_plain = match byte {
            b'=' => false,
            b' ' | b'\t' => !is_last,
            b'<' | b'.' | b'"' => !self.is_eager,
            byte => byte.is_ascii_graphic(),
        };
        match (is_plain, self.is_lower) {
            (true, _) => char::from(byte).to_string(),
            (false, true) => format!("={byte:02x}"),
            (false, false) => format!("={byte:02X}"),
        }
    }
}

fn encode_quoted_printable(
    bytes: &[u8],
    style: Style,
    line_end: &mut dyn FnMut() -> &'static str,
) -> Vec<u8> {
    let mut body = String::new();
    let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let is_ended = lines.peek().is_some();
        let line = match is_ended {
            true => line.strip_suffix(b"\r").unwrap_or(line),
            false => line,
        };
        let mut length = 0;
        for (at, byte) in line.iter().enumerate() {
            let unit = style.unit(*byte, at + 1 == line.len());
            if length + unit.len() >= style.width {
                body.push('=');
                body.push_str(line_end());
                length = 0;
            }
            length += unit.len();
            body.push_str(&unit);
        }
        if is_ended {
            body.push_str(line_end());
        }
    }
    body.into_bytes()
}

fn decode_quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = match text.len() < line.len() {
            true => text.strip_suffix(b"\r").unwrap_or(text),
            false => text,
        };
        let end = &line[text.len()..];
        let text = text.trim_ascii_end();
        let soft = text.strip_suffix(b"=");
        decode_escapes(soft.unwrap_or(text), &mut decoded);
        if soft.is_none() {
            decoded.extend_from_slice(end);
        }
    }
    decoded
}

fn decode_escapes(mut rest: &[u8], decoded: &mut Vec<u8>) {
    while let Some((byte, after)) = rest.split_first() {
        let escaped = (*byte == b'=').then(|| after.get(..2)).flatten();
        let escaped = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.map(|digits| u8::from_str_radix(digits, 16)) {
            Some(Ok(byte)) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            _ => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
}
