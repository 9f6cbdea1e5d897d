//! The header of a message or of a part, read as RFC 5322 §2.2 has it and not otherwise.

use std::ops::Range;

use super::line::{is_blank, is_blank_line, line_end, split_ending};

/// Header fields that end with a blank line, or with the message.
#[derive(Debug)]
pub(super) struct Header<'a> {
    /// Where the body starts.
    pub(super) end: usize,
    fields: Vec<Field>,
    /// Whether there is a body, which may be empty. What is put behind a header without one would be a part of it.
    pub(super) has_body: bool,
    message: &'a [u8],
}

#[derive(Debug)]
struct Field {
    name: Range<usize>,
    /// Folded as it is, without the last line ending.
    value: Range<usize>,
}

impl<'a> Header<'a> {
    /// Reads the header that starts at `start`; `None` where a line is no field and continues none. Readers go
    /// different ways there.
    pub(super) fn read(message: &'a [u8], start: usize) -> Option<Self> {
        let (mut at, mut fields) = (start, Vec::<Field>::new());
        loop {
            let end = line_end(message, at);
            let line = message.get(at..end)?;
            if line.is_empty() || is_blank_line(line) {
                return Some(Self {
                    end,
                    fields,
                    has_body: !line.is_empty(),
                    message,
                });
            }
            let (content, ending) = split_ending(line);
            // Some readers end a line at each of these.
            if memchr::memchr2(b'\r', b'\0', content).is_some() {
                return None;
            }
            let value_end = end - ending.len();
            if content.first().copied().is_some_and(is_blank) {
                // A line of nothing but blanks ends the header for some readers.
                content.iter().find(|byte| !is_blank(**byte))?;
                fields.last_mut()?.value.end = value_end;
            } else if at > 0 || !is_mailbox_line(content) {
                fields.push(field(content, at, value_end)?);
            }
            at = end;
        }
    }

    /// Returns the values of all fields of that name, in any letter case.
    pub(super) fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'b> {
        self.fields()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// Returns the value of the only field of that name; no value where there is none, and an error where there
    /// are several.
    pub(super) fn single(&self, name: &str) -> Result<Option<&'a [u8]>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            Some(_) => Err(Repeated),
            None => Ok(first),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Returns names and values in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let slice = |range: &Range<usize>| self.message.get(range.clone()).unwrap_or_default();
        self.fields
            .iter()
            .map(move |field| (slice(&field.name), slice(&field.value)))
    }
}

/// A field comes several times that may come once.
#[derive(Debug)]
pub(super) struct Repeated;

fn field(line: &[u8], at: usize, value_end: usize) -> Option<Field> {
    let colon = memchr::memchr(b':', line)?;
    // RFC 822 allowed white space before the colon. Some readers end the header there.
    let name = line.get(..colon)?;
    let is_name = |byte: &u8| byte.is_ascii_graphic();
    (!name.is_empty() && name.iter().all(is_name)).then(|| Field {
        name: at..at + name.len(),
        value: at + colon + 1..value_end,
    })
}

/// Whether a message's first line is that of a mailbox in the mbox format.
fn is_mailbox_line(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

/// Returns a value without its comments, in which parentheses nest, and without the white space around it.
pub(super) fn without_comments(value: &[u8]) -> Vec<u8> {
    let (mut depth, mut kept) = (0_usize, Vec::with_capacity(value.len()));
    for byte in value {
        match byte {
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            byte if depth == 0 => kept.push(*byte),
            _ => {}
        }
    }
    kept.trim_ascii().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(message: &str) -> Option<Vec<String>> {
        let header = Header::read(message.as_bytes(), 0)?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let fields = header.fields();
        Some(
            fields
                .map(|(name, value)| format!("{}={}", text(name), text(value)))
                .collect(),
        )
    }

    #[test]
    fn fields_are_read_with_their_folds() {
        let expected = ["A= b", "C-d= e\r\n f", "G="];
        let read = names("A: b\r\nC-d: e\r\n f\r\nG:\r\n\r\nbody: x").unwrap();
        assert_eq!(read, expected);
        assert_eq!(names("From a@b Thu 1\nA: b\n").unwrap(), ["A= b"]);
        assert_eq!(names("\nbody").unwrap(), [""; 0]);
        assert_eq!(names("").unwrap(), [""; 0]);
    }

    #[test]
    fn what_readers_differ_on_is_not_read() {
        for message in [
            "A: b\nnothing\n\n",
            "A: b\n \nC: d\n\n",
            " a: b\n\n",
            "A: b\rC: d\n\n",
            "A b: c\n\n",
            "A : b\n\n",
            ": c\n\n",
            "A: b\0\n\n",
        ] {
            assert!(names(message).is_none(), "{message:?}");
        }
    }

    #[test]
    fn comments_go() {
        assert_eq!(without_comments(b" base64 (by (x) y)\r\n "), b"base64");
        assert_eq!(without_comments(b"7bit"), b"7bit");
    }
}
