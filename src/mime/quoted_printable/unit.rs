//! What a line of quoted-printable is made of.

use super::super::line::{is_blank, split_ending};

/// One byte of the document, or none, and how it is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unit<'a> {
    /// A byte that stands for itself.
    Byte(u8),
    Escape {
        byte: u8,
        source: &'a [u8],
    },
    /// A `=` that starts nothing. Some readers take another one behind it away.
    Irregular,
    /// The line ends here. A carriage return before it is a byte of its own.
    LineFeed,
    SoftBreak {
        /// Some readers do not know one with blanks behind its `=`.
        is_regular: bool,
        source: &'a [u8],
    },
}

/// Returns the units of a line, which holds its line ending.
pub(super) fn units(line: &[u8]) -> impl Iterator<Item = Unit<'_>> {
    let content_end = split_ending(line).0.len();
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *line.get(at)?;
        let unit = match byte {
            b'\n' => Unit::LineFeed,
            b'=' if at < content_end => after_equals(line, at, content_end),
            byte => Unit::Byte(byte),
        };
        at += match unit {
            Unit::Escape { source, .. } | Unit::SoftBreak { source, .. } => source.len(),
            Unit::Byte(_) | Unit::Irregular | Unit::LineFeed => 1,
        };
        Some(unit)
    })
}

fn after_equals(line: &[u8], at: usize, content_end: usize) -> Unit<'_> {
    let after = line.get(at + 1..content_end).unwrap_or_default();
    if after.iter().all(|byte| is_blank(*byte)) {
        return Unit::SoftBreak {
            is_regular: after.is_empty(),
            source: line.get(at..).unwrap_or_default(),
        };
    }
    let digit = |place: usize| char::from(*after.get(place)?).to_digit(16);
    let byte = digit(0).zip(digit(1)).map(|(high, low)| high * 16 + low);
    match byte.and_then(|byte| u8::try_from(byte).ok()) {
        Some(byte) => Unit::Escape {
            byte,
            source: line.get(at..at + 3).unwrap_or_default(),
        },
        None => Unit::Irregular,
    }
}

/// Appends what a line stands for.
pub(super) fn decode_line(line: &[u8], document: &mut Vec<u8>) {
    let content_end = split_ending(line).0.len();
    let mut at = 0;
    while let Some(equals) = memchr::memchr(b'=', line.get(at..content_end).unwrap_or_default()) {
        let equals = at + equals;
        document.extend_from_slice(line.get(at..equals).unwrap_or_default());
        match after_equals(line, equals, content_end) {
            Unit::Escape { byte, source } => {
                document.push(byte);
                at = equals + source.len();
            }
            Unit::SoftBreak { .. } => return,
            _ => {
                document.push(b'=');
                at = equals + 1;
            }
        }
    }
    document.extend_from_slice(line.get(at..).unwrap_or_default());
}

/// Returns how many bytes of the document a line stands for.
pub(super) fn decoded_len(line: &[u8]) -> usize {
    match memchr::memchr(b'=', line) {
        Some(_) => units(line)
            .filter(|unit| !matches!(unit, Unit::SoftBreak { .. }))
            .count(),
        None => line.len(),
    }
}
