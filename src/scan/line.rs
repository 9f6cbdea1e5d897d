//! Lengths of lines, which SMTP limits (RFC 5321 §4.5.3.1.6).

use crate::link::Minter;

/// Follows the lines of a document that comes in pieces.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct LineCounter {
    /// The bytes since the last line ending.
    column: usize,
    ends_with_cr: bool,
    longest: usize,
}

impl LineCounter {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let mut from = 0;
        for at in memchr::memchr_iter(b'\n', bytes) {
            let line = bytes.get(from..at).unwrap_or_default();
            let has_cr = match line.last() {
                Some(last) => *last == b'\r',
                None => self.ends_with_cr && self.column > 0,
            };
            let length = self.column + line.len() - usize::from(has_cr);
            self.longest = self.longest.max(length);
            (self.column, self.ends_with_cr) = (0, false);
            from = at + 1;
        }
        let rest = bytes.get(from..).unwrap_or_default();
        self.column += rest.len();
        if let Some(last) = rest.last() {
            self.ends_with_cr = *last == b'\r';
        }
    }

    /// Returns the length of the longest line in bytes, without its line ending.
    pub(crate) fn longest(&self) -> u64 {
        u64::try_from(self.longest.max(self.column)).unwrap_or(u64::MAX)
    }

    /// Returns how many bytes the line at hand would have after these.
    fn column_after(&self, bytes: &[u8]) -> usize {
        match memchr::memrchr(b'\n', bytes) {
            Some(at) => bytes.len() - at - 1,
            None => self.column + bytes.len(),
        }
    }
}

/// Keeps edits from making lines longer than a limit, or than they were if they were longer.
#[derive(Debug)]
pub(super) struct LineLimit {
    /// The document's own line ending.
    pub(super) ending: &'static str,
    limit: usize,
    /// Says how long an edit would be.
    pub(super) minter: Minter,
    output: LineCounter,
    source: LineCounter,
}

/// How an edit keeps to the limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LineFit {
    /// With a line ending in place of white space.
    Broken,
    Nowhere,
    Plain,
}

impl LineLimit {
    pub(super) fn new(limit: usize, minter: Minter) -> Self {
        Self {
            ending: "\r\n",
            limit,
            minter,
            output: LineCounter::default(),
            source: LineCounter::default(),
        }
    }

    /// Takes the first line ending of the document for that of all lines.
    pub(super) fn read_ending(&mut self, document: &[u8]) {
        if let Some(at) = memchr::memchr(b'\n', document) {
            let before = at.checked_sub(1).and_then(|at| document.get(at));
            self.ending = match before {
                Some(b'\r') => "\r\n",
                _ => "\n",
            };
        }
    }

    pub(super) fn take_source(&mut self, bytes: &[u8]) {
        self.source.add(bytes);
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.output.add(bytes);
    }

    /// Takes note of bytes that hold no line ending.
    pub(super) fn put_in_line(&mut self, bytes: usize) {
        self.output.column += bytes;
        self.output.ends_with_cr = false;
    }

    /// Whether an edit after `following` bytes can be judged: the end of its line is known, or that it
    /// is too long anyway.
    pub(super) fn can_judge(&self, following: &[u8]) -> bool {
        following.len() > self.limit || memchr::memchr(b'\n', following).is_some()
    }

    /// Judges an edit that puts `new` bytes after `before`, in place of what reaches to the end of
    /// `before_and_old`; `after_break` is how much of `before` would stand in the new line.
    pub(super) fn fit_link(
        &self,
        before: &[u8],
        before_and_old: &[u8],
        new: usize,
        following: &[u8],
        after_break: Option<usize>,
    ) -> LineFit {
        let allowed = self.allowed(before_and_old, following);
        let rest = line_len(following);
        if self.output.column_after(before) + new + rest <= allowed {
            LineFit::Plain
        } else if after_break.is_some_and(|kept| kept + new + rest <= allowed) {
            LineFit::Broken
        } else {
            LineFit::Nowhere
        }
    }

    /// Judges a tag that is put after `before`, and may be broken at each of its spaces.
    pub(super) fn fit_tag(&self, before: &[u8], tag: &str, following: &[u8]) -> LineFit {
        let allowed = self.allowed(before, following);
        let rest = line_len(following);
        let column = self.output.column_after(before);
        if column + tag.len() + rest <= allowed {
            return LineFit::Plain;
        }
        let mut lines = tag.split(' ').map(str::len).peekable();
        let mut lead = column;
        while let Some(line) = lines.next() {
            let rest = match lines.peek() {
                Some(_) => 0,
                None => rest,
            };
            if lead + line + rest > allowed {
                return LineFit::Nowhere;
            }
            lead = 0;
        }
        LineFit::Broken
    }

    /// A line that is too long as it is may stay so, but must not grow.
    fn allowed(&self, source: &[u8], following: &[u8]) -> usize {
        let length = self.source.column_after(source) + line_len(following);
        self.limit.max(length)
    }
}

/// Returns how much of `bytes` belongs to its first line, without the line ending.
fn line_len(bytes: &[u8]) -> usize {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let line = bytes.get(..end).unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_without_their_endings_in_any_pieces() {
        for (text, longest) in [
            ("", 0),
            ("abc", 3),
            ("abc\r\nab\r\n", 3),
            ("ab\nabcd", 4),
            ("\r\n", 0),
            ("a\rb\n", 3),
            ("\n\nabc\r\n\r\n", 3),
        ] {
            for size in 1..=text.len().max(1) {
                let mut lines = LineCounter::default();
                text.as_bytes()
                    .chunks(size)
                    .for_each(|piece| lines.add(piece));
                assert_eq!(lines.longest(), longest, "{text:?} in pieces of {size}");
            }
        }
    }
}
