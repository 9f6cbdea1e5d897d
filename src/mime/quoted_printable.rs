//! Bodies in quoted-printable (RFC 2045 §6.7).

mod unit;
mod writer;

use std::iter::Peekable;
use std::ops::Range;

use super::edits::Edits;
use super::line::{line_end, split_ending};
use unit::{Unit, decode_line, decoded_len, units};
use writer::Writer;

/// Returns what a body stands for. What is not quoted-printable stands for itself, as most readers have it. So does
/// white space at the end of a line, unless a soft line break stands before it.
pub(super) fn decode(body: &[u8]) -> Vec<u8> {
    let mut document = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        let end = line_end(body, at);
        decode_line(body.get(at..end).unwrap_or_default(), &mut document);
        at = end;
    }
    // Escapes take three bytes for one.
    document.shrink_to_fit();
    document
}

/// Appends the body, with those lines written anew that hold an edit; `None` where such a line holds what readers
/// differ on.
pub(super) fn splice(
    body: &[u8],
    edits: &Edits,
    line_ending: &[u8],
    out: &mut Vec<u8>,
) -> Option<()> {
    let mut splicer = Splicer {
        at: 0,
        body,
        edits: edits.iter().peekable(),
        line_ending,
        out,
        position: 0,
        removed_to: 0,
    };
    while let Some((first, _)) = splicer.edits.peek() {
        let first = first.start;
        splicer.keep_lines_before(first);
        splicer.write_group()?;
    }
    splicer.keep(body.len());
    Some(())
}

struct Splicer<'a, 'o, E: Iterator<Item = (Range<usize>, &'a [u8])>> {
    /// How much of the body is done with: whole lines.
    at: usize,
    body: &'a [u8],
    edits: Peekable<E>,
    line_ending: &'a [u8],
    out: &'o mut Vec<u8>,
    /// How much of the document is done with.
    position: usize,
    /// Up to where the document is left out.
    removed_to: usize,
}

/// How a line ends that was written anew.
enum LineEnd<'a> {
    Hard,
    /// With no line ending: it is the last, or an edit took the line ending.
    Open,
    Soft(&'a [u8]),
}

impl<'a, E: Iterator<Item = (Range<usize>, &'a [u8])>> Splicer<'a, '_, E> {
    /// Returns the next line; an empty one at the end.
    fn line(&self) -> &'a [u8] {
        self.body
            .get(self.at..line_end(self.body, self.at))
            .unwrap_or_default()
    }

    fn keep(&mut self, to: usize) {
        self.out
            .extend_from_slice(self.body.get(self.at..to).unwrap_or_default());
        self.at = to;
    }

    /// Keeps the lines before the one that holds the place `first` of the document.
    fn keep_lines_before(&mut self, first: usize) {
        loop {
            let line = self.line();
            let (line_end, length) = (self.at + line.len(), decoded_len(line));
            let ends_here = line_end == self.body.len() && !line.ends_with(b"\n");
            let holds = first < self.position + length || ends_here;
            if holds || line.is_empty() {
                return;
            }
            self.keep(line_end);
            self.position += length;
        }
    }

    /// Writes the line that holds the next edit, and those that an edit joins to it.
    fn write_group(&mut self) -> Option<()> {
        let ending = match split_ending(self.line()).1 {
            b"" => self.line_ending,
            ending => ending,
        };
        let mut writer = Writer::new(std::mem::take(self.out), ending);
        loop {
            let line_end = self.write_line(&mut writer)?;
            let has_more = self.at < self.body.len();
            let goes_on = self.removed_to > self.position && has_more;
            match line_end {
                LineEnd::Open | LineEnd::Soft(_) if goes_on => continue,
                LineEnd::Open if has_more => writer.end_softly(),
                LineEnd::Soft(source) => writer.end_with(source),
                LineEnd::Hard | LineEnd::Open => writer.end(),
            }
            *self.out = writer.out;
            return Some(());
        }
    }

    fn write_line(&mut self, writer: &mut Writer<'_>) -> Option<LineEnd<'a>> {
        let line = self.line();
        writer.allow(split_ending(line).0.len());
        let mut end = LineEnd::Open;
        for (number, unit) in units(line).enumerate() {
            if let Unit::SoftBreak { source, is_regular } = unit {
                end = is_regular.then_some(LineEnd::Soft(source))?;
                break;
            }
            self.put_edits(writer);
            if self.position >= self.removed_to {
                match unit {
                    Unit::Irregular => return None,
                    Unit::LineFeed => end = LineEnd::Hard,
                    _ => {}
                }
                writer.put(&unit, number == 0);
            }
            self.position += 1;
        }
        self.at += line.len();
        // Only the last line goes on after its last byte.
        if self.at == self.body.len() && !matches!(end, LineEnd::Hard) {
            self.put_edits(writer);
        }
        Some(end)
    }

    /// Writes the edits at hand.
    fn put_edits(&mut self, writer: &mut Writer<'_>) {
        let position = self.position;
        while let Some((old, new)) = self.edits.next_if(|(old, _)| old.start <= position) {
            writer.put_new(new);
            self.removed_to = self.removed_to.max(old.end);
        }
    }
}

#[cfg(test)]
mod tests;
