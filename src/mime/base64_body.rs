//! Bodies in base64 (RFC 2045 §6.8).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::edits::Edits;
use super::line::{line_end, split_ending};

/// Longer lines are not for mail (RFC 2045 §6.8).
const LINE_CHARS: usize = 76;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How much is decoded or encoded at once: whole groups, of four characters or of three bytes.
const PIECE: usize = 3 * 1024;

/// Returns what a body stands for; `None` where it holds anything but base64 and white space, or ends within: some
/// readers stop there, and others read on.
pub(super) fn decode(body: &[u8]) -> Option<Vec<u8>> {
    let mut document = Vec::with_capacity(body.len() / 4 * 3);
    let is_kept = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let mut chars = body.iter().copied().filter(is_kept);
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        piece.extend(chars.by_ref().take(PIECE));
        LENIENT.decode_vec(&piece, &mut document).ok()?;
        // Padding ends the text.
        if piece.len() < PIECE || piece.last() == Some(&b'=') {
            return chars.next().is_none().then_some(document);
        }
    }
}

/// Appends the body, encoded anew from the line of the first edit on, in lines as the body has them.
pub(super) fn splice(
    body: &[u8],
    document: &[u8],
    edits: &Edits,
    line_ending: &[u8],
    out: &mut Vec<u8>,
) {
    let first = edits.iter().next();
    let first = first.map_or(document.len(), |(first, _)| first.start);
    let lines = Lines::of(body, first);
    out.extend_from_slice(body.get(..lines.kept_bytes).unwrap_or_default());
    let mut encoder = Encoder {
        column: 0,
        ending: match lines.ending.is_empty() {
            true => line_ending,
            false => lines.ending,
        },
        out,
        piece: Vec::with_capacity(PIECE),
        width: lines.width,
    };
    edits.apply(document, lines.kept_document_bytes, |piece| {
        encoder.put(piece);
    });
    encoder.flush();
    out.extend_from_slice(body.get(lines.end..).unwrap_or_default());
}

/// Writes lines of base64.
struct Encoder<'a> {
    column: usize,
    ending: &'a [u8],
    out: &'a mut Vec<u8>,
    /// What is not yet encoded.
    piece: Vec<u8>,
    width: usize,
}

impl Encoder<'_> {
    fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == PIECE {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        let text = STANDARD.encode(&self.piece);
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            if self.column == self.width {
                self.out.extend_from_slice(self.ending);
                self.column = 0;
            }
            let (line, later) = rest.split_at(rest.len().min(self.width - self.column));
            self.out.extend_from_slice(line);
            self.column += line.len();
            rest = later;
        }
        self.piece.clear();
    }
}

/// How a body is broken into lines.
struct Lines<'a> {
    /// Where its last character of base64 ends.
    end: usize,
    /// The line ending of its first line; empty where there is none.
    ending: &'a [u8],
    /// How much of the body stays: whole lines that stand for whole bytes, before the first edit.
    kept_bytes: usize,
    kept_document_bytes: usize,
    width: usize,
}

impl<'a> Lines<'a> {
    fn of(body: &'a [u8], first_edit: usize) -> Self {
        let mut lines = Self {
            end: body.trim_ascii_end().len(),
            ending: b"",
            kept_bytes: 0,
            kept_document_bytes: 0,
            width: 0,
        };
        let (mut at, mut chars, mut count) = (0, 0, 0);
        while at < lines.end {
            if chars % 4 == 0 && chars / 4 * 3 <= first_edit {
                lines.kept_bytes = at;
                lines.kept_document_bytes = chars / 4 * 3;
            }
            let end = line_end(body, at);
            let (content, ending) = split_ending(body.get(at..end).unwrap_or_default());
            let content = content.iter().filter(|byte| !byte.is_ascii_whitespace());
            let length = content.count();
            if length > 0 {
                count += 1;
                lines.width = lines.width.max(length);
                if lines.ending.is_empty() {
                    lines.ending = ending;
                }
            }
            chars += length;
            at = end;
        }
        // Of a single line it is not known where it would break.
        if count < 2 {
            lines.width = lines.width.max(LINE_CHARS);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spliced(body: &str, edit: (std::ops::Range<usize>, &str)) -> String {
        let document = decode(body.as_bytes()).unwrap();
        let mut edits = Edits::default();
        edits.push(edit.0.clone(), edit.1.as_bytes());
        let mut spliced = Vec::new();
        splice(body.as_bytes(), &document, &edits, b"\r\n", &mut spliced);
        let mut expected = document;
        expected.splice(edit.0, edit.1.bytes());
        assert_eq!(decode(&spliced).unwrap(), expected);
        String::from_utf8(spliced).unwrap()
    }

    #[test]
    fn lines_before_the_first_edit_stay() {
        let body = "\nYWJj\nZGVm\nZ2hp\n\n";
        assert_eq!(spliced(body, (4..5, "E")), "\nYWJj\nZEVm\nZ2hp\n\n");
        assert_eq!(spliced(body, (9..9, "j")), "\nYWJj\nZGVm\nZ2hp\nag==\n\n");
        // A line that stands for no whole bytes can't be the first to change.
        assert_eq!(
            spliced("YWJjZ\r\nGVmZ2\r\nhp\r\n", (3..4, "D")),
            "YWJjR\r\nGVmZ2\r\nhp\r\n"
        );
        assert_eq!(
            spliced("YWJj\r\n ZGVm \r\nZ2g=", (8..8, "i")),
            "YWJj\r\n ZGVm \r\nZ2hp"
        );
    }

    #[test]
    fn a_single_line_breaks_where_mail_does_or_where_it_did() {
        let long = "x".repeat(57);
        assert_eq!(spliced("YWJj", (3..3, &long)).find("\r\n"), Some(76));
        let body = STANDARD.encode("x".repeat(90));
        assert_eq!(spliced(&body, (90..90, "yyy")).find("\r\n"), Some(120));
        assert_eq!(spliced("", (0..0, "abc")), "YWJj");
    }

    #[test]
    fn what_readers_differ_on_is_not_read() {
        for body in ["YWJj\n-- \nfooter!", "YW==YWJj", "YWJjZ", "YWJ\0j"] {
            assert!(decode(body.as_bytes()).is_none(), "{body}");
        }
        assert_eq!(decode(b"YW").unwrap(), b"a");
        assert_eq!(decode(b" Y W J j\t=\r\n").as_deref(), None);
        assert_eq!(decode(b"").unwrap(), b"");
    }
}
