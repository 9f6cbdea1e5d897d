//! A message without its bodies: its header fields, and the lines that may be delimiters. This is what
//! mail-parser is given.
//!
//! Of a body, mail-parser looks at every byte for a delimiter, and decodes it, which no caller here needs: a
//! message with an attachment of 1 MB took 2.4 ms that way and takes 0.07 ms this way. It also keeps mail-parser from
//! going into messages within messages, and from using memory for what is not a header.

use memchr::memmem;

use super::line::{is_blank_line, line_end, split_ending};

/// How much mail-parser is given at most. It looks for the delimiter of each multipart in all of what follows.
const MAX_OUTLINE_BYTES: usize = 2 * 1024 * 1024;
/// How many lines may be header fields: each takes mail-parser about 150 bytes.
const MAX_FIELDS: usize = 10_000;
/// How many lines may be delimiters, so how many parts there may be at most.
const MAX_DELIMITERS: usize = 5_000;

/// The outline of a message, and what was left out of it.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) bytes: Vec<u8>,
    cuts: Vec<Cut>,
}

/// Bytes of the message that are not in the outline.
#[derive(Debug)]
struct Cut {
    /// Where in the outline they would be.
    at: usize,
    /// How many bytes were left out up to here, with these.
    left_out: usize,
}

/// The message has more header fields, delimiters, or bytes in both, than are looked at.
#[derive(Debug)]
pub(super) struct TooLarge;

impl Outline {
    pub(super) fn of(message: &[u8]) -> Result<Self, TooLarge> {
        let mut outline = Self {
            bytes: Vec::new(),
            cuts: Vec::new(),
        };
        let (mut at, mut fields, mut delimiters) = (0, 0, 0);
        while at < message.len() {
            let (header_end, lines) = header_lines(message, at);
            let body_end = next_delimiter(message, header_end);
            let kept_from = last_line_ending(message, header_end, body_end);
            outline.keep(message.get(at..header_end).unwrap_or_default());
            outline.leave_out(kept_from - header_end);
            outline.keep(message.get(kept_from..body_end).unwrap_or_default());
            at = body_end;
            fields += lines;
            delimiters += 1;
            let is_large = outline.bytes.len() > MAX_OUTLINE_BYTES;
            if is_large || fields > MAX_FIELDS || delimiters > MAX_DELIMITERS {
                return Err(TooLarge);
            }
        }
        Ok(outline)
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn leave_out(&mut self, bytes: usize) {
        if bytes > 0 {
            let before = self.cuts.last().map_or(0, |cut| cut.left_out);
            self.cuts.push(Cut {
                at: self.bytes.len(),
                left_out: before + bytes,
            });
        }
    }

    /// Returns where in the message the place `at` of the outline is, before what was left out there.
    pub(super) fn start(&self, at: usize) -> usize {
        at + self.left_out(self.cuts.partition_point(|cut| cut.at < at))
    }

    /// Returns where in the message the place `at` of the outline is, after what was left out there.
    pub(super) fn end(&self, at: usize) -> usize {
        at + self.left_out(self.cuts.partition_point(|cut| cut.at <= at))
    }

    fn left_out(&self, cuts: usize) -> usize {
        let last = cuts.checked_sub(1).and_then(|last| self.cuts.get(last));
        last.map_or(0, |cut| cut.left_out)
    }
}

/// Returns where the header ends that starts at `from`, after its blank line, and how many lines it has.
fn header_lines(message: &[u8], from: usize) -> (usize, usize) {
    let (mut at, mut lines) = (from, 0);
    while at < message.len() {
        let end = line_end(message, at);
        lines += 1;
        if is_blank_line(message.get(at..end).unwrap_or_default()) {
            return (end, lines);
        }
        at = end;
    }
    (at, lines)
}

/// Returns where the next line starts that may be a delimiter (RFC 2046 §5.1.1), from the line start `from` on.
fn next_delimiter(message: &[u8], from: usize) -> usize {
    let rest = message.get(from..).unwrap_or_default();
    if rest.starts_with(b"--") {
        return from;
    }
    memmem::find(rest, b"\n--").map_or(message.len(), |line_feed| from + line_feed + 1)
}

/// Returns where the line ending starts that stands last in a body; its end where it has none.
fn last_line_ending(message: &[u8], start: usize, end: usize) -> usize {
    let body = message.get(start..end).unwrap_or_default();
    end - split_ending(body).1.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(message: &str) -> Outline {
        Outline::of(message.as_bytes()).unwrap()
    }

    #[test]
    fn bodies_are_left_out() {
        for (message, expected) in [
            ("A: b\n\nbody", "A: b\n\n"),
            ("A: b\n\nbody\n", "A: b\n\n\n"),
            (
                "A: b\r\n\r\nbo\r\ndy\r\n--x\r\n\r\n--y\r\n",
                "A: b\r\n\r\n\r\n--x\r\n\r\n--y\r\n",
            ),
            (
                "A: b\n\n--x\nC: d\n\na - b -- c\n- d\n--x--\n",
                "A: b\n\n--x\nC: d\n\n\n--x--\n",
            ),
            ("A: b\n", "A: b\n"),
            ("", ""),
            ("\n", "\n"),
            ("\n--", "\n--"),
            ("\n---", "\n---"),
            ("\nx\n---", "\n\n---"),
        ] {
            let text = String::from_utf8(outline(message).bytes).unwrap();
            assert_eq!(text, expected, "{message:?}");
        }
    }

    #[test]
    fn places_are_found_again() {
        let message = "A: b\n\nbody\n--x\n\nmore\n--x--";
        let outline = outline(message);
        assert_eq!(outline.bytes, b"A: b\n\n\n--x\n\n\n--x--");
        let body = outline.start(6)..outline.end(6);
        assert_eq!(&message[body], "body");
        let more = outline.start(12)..outline.end(12);
        assert_eq!(&message[more], "more");
        assert_eq!(outline.end(outline.bytes.len()), message.len());
    }

    #[test]
    fn what_would_take_much_memory_is_too_large() {
        assert!(Outline::of("--x\n\n".repeat(MAX_DELIMITERS + 1).as_bytes()).is_err());
        assert!(Outline::of("a:\n".repeat(MAX_FIELDS + 1).as_bytes()).is_err());
        assert!(Outline::of("a".repeat(MAX_OUTLINE_BYTES + 1).as_bytes()).is_err());
        let body = format!("\n{}", "a:\n- -\n".repeat(MAX_FIELDS));
        assert!(Outline::of(body.as_bytes()).is_ok());
    }
}
