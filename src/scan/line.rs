//! Lengths of lines, which SMTP limits (RFC 5321 §4.5.3.1.6).

use std::ops::Range;

use super::window::Window;
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
    /// Returns the length of the longest line of a whole text.
    pub(crate) fn longest_of(text: &[u8]) -> u64 {
        let mut lines = Self::default();
        lines.add(text);
        lines.longest()
    }

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
    /// White space in a tag that comes later, where the line must end for the sake of an edit before it.
    pub(super) due: Option<Range<usize>>,
    /// The document's own line ending.
    pub(super) ending: &'static str,
    limit: usize,
    line_end: LineEnd,
    /// Says how long an edit would be.
    pub(super) minter: Minter,
    /// White space in the next link's tag, where the line of the edit at hand could end.
    pub(super) next_space: Option<Range<usize>>,
    output: LineCounter,
    source: LineCounter,
}

/// How an edit keeps to the limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct LineFit {
    /// Whether the line ends before it, or in it.
    pub(super) is_broken: bool,
    /// Whether the line must end in the next link's tag.
    pub(super) needs_next_space: bool,
}

impl LineLimit {
    pub(super) fn new(limit: usize, minter: Minter) -> Self {
        Self {
            due: None,
            ending: "\r\n",
            limit,
            line_end: LineEnd::default(),
            minter,
            next_space: None,
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

    /// Whether the end of the line is known, of the bytes from `at` on.
    pub(super) fn knows_line_end(&mut self, window: &Window<'_>, at: usize) -> bool {
        self.line_end.find(window, at);
        self.line_end.end.is_some()
    }

    /// Judges an edit whose own line would have `column` bytes up to its end, or `broken` with a line ending
    /// before it. `source` is the document from what has been handed on to what the edit replaces, which
    /// ends at `end`. Returns `None` where the lines would be too long in any way.
    ///
    /// A line that is too long as it is may stay so, but must not grow. Room that a later edit of the line
    /// makes by its line ending is asked for here, so that a second run finds no more than the first.
    pub(super) fn fit(
        &mut self,
        window: &Window<'_>,
        column: usize,
        broken: Option<usize>,
        source: &[u8],
        end: usize,
    ) -> Option<LineFit> {
        let rest = self.line_end.find(window, end) - end;
        let allowed = self.limit.max(self.source.column_after(source) + rest);
        let up_to_space = self.next_space.as_ref().map(|space| space.start - end);
        let ways = [
            (Some(column), Some(rest), false, false),
            (Some(column), up_to_space, false, true),
            (broken, Some(rest), true, false),
            (broken, up_to_space, true, true),
        ];
        ways.into_iter()
            .find(|(column, rest, ..)| {
                column
                    .zip(*rest)
                    .is_some_and(|(column, rest)| column + rest <= allowed)
            })
            .map(|(.., is_broken, needs_next_space)| LineFit {
                is_broken,
                needs_next_space,
            })
    }

    /// Makes the next link's tag end the line, if the fit asks for it.
    pub(super) fn take_fit(&mut self, fit: LineFit) {
        if fit.needs_next_space {
            self.due = self.next_space.take();
        }
    }

    /// Returns how long the line at hand would be with `source` and `new` bytes more.
    pub(super) fn column_after(&self, source: &[u8], new: usize) -> usize {
        self.output.column_after(source) + new
    }

    /// Returns how long the last line of `tag` is once it is broken at each of its spaces; `None` when
    /// another of its lines is too long.
    pub(super) fn broken_tag(&self, column: usize, tag: &str) -> Option<usize> {
        let (lines, last) = tag.rsplit_once(' ')?;
        let mut lengths = lines.split(' ').map(str::len);
        let first = column + lengths.next()?;
        (first <= self.limit && lengths.all(|length| length <= self.limit)).then_some(last.len())
    }
}

/// Where the line at hand ends, searched for once.
#[derive(Clone, Copy, Debug, Default)]
struct LineEnd {
    /// Where its line ending starts, once that has been found.
    end: Option<usize>,
    from: usize,
    searched_to: usize,
}

impl LineEnd {
    /// Returns where the line ends that holds the byte at `at`, as far as is known.
    fn find(&mut self, window: &Window<'_>, at: usize) -> usize {
        let is_other_line = at < self.from || self.end.is_some_and(|end| end < at);
        if is_other_line || self.searched_to < at {
            *self = Self {
                end: None,
                from: at,
                searched_to: at,
            };
        }
        if self.end.is_none() {
            let new = window.from(self.searched_to);
            let found = memchr::memchr(b'\n', new).map(|newline| self.searched_to + newline);
            let has_cr = |newline: &usize| window.slice(newline - 1..*newline) == b"\r";
            self.end = found.map(|newline| match newline > at && has_cr(&newline) {
                true => newline - 1,
                false => newline,
            });
            self.searched_to = window.end();
        }
        self.end.unwrap_or(window.end())
    }
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
