//! Lines an output up with its input: which bytes stayed, and what came in place of the others.

use std::collections::HashSet;
use std::ops::Range;

use encoding_rs::Encoding;
use linkseal::{Link, LinkContext, LinkOutcome, Report};

use super::cuts::{blanks, cut_at, marker_length};
use crate::settings::{PARAMETERS, Settings};
use crate::setup::{CLICK_PREFIX, OPEN_PREFIX, token_length};

/// What may come in place of bytes of the input, by the rules of the guarantees.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A line ending for white space in a tag, before the value of a link.
    Break,
    /// Nothing, for a marker or a placeholder.
    Cut,
    /// A tracking URL for the value of a link.
    Link,
    /// An open pixel where there was nothing.
    Pixel,
    /// The destination with campaign parameters for the value of a link that is not tracked.
    Value,
}

/// A difference between an input and its output.
#[derive(Clone, Debug)]
pub struct Edit {
    pub kind: Kind,
    pub input: Range<usize>,
    pub output: Range<usize>,
}

impl Edit {
    /// The tracking URL that a link became, without the quotes that it may have got.
    pub fn url<'a>(&self, output: &'a str) -> &'a str {
        output[self.output.clone()].trim_matches('"')
    }
}

/// How far both have been walked along, with the edits on the way.
#[derive(Clone, Copy)]
struct Way {
    input: usize,
    output: usize,
    links: usize,
    /// Whether a line was broken for the sake of a link that has not come yet.
    is_broken: bool,
    last_edit: Option<usize>,
}

struct Walk<'a> {
    encoding: &'static Encoding,
    input: &'a [u8],
    output: &'a [u8],
    links: Vec<&'a Link>,
    skipped: Vec<&'a Link>,
    /// The line ending that an edit may put in.
    ending: Option<&'static [u8]>,
    settings: Settings,
    /// Edits on all ways, each with the one before it.
    edits: Vec<(Edit, Option<usize>)>,
    ways: Vec<Way>,
}

/// Walks along both: every byte of the input is in the output in its place, or is one that may go, and each
/// tracked link of the report was replaced. Returns the edits.
pub fn align(
    encoding: &'static Encoding,
    input: &[u8],
    output: &[u8],
    report: &Report,
    settings: Settings,
) -> Option<Vec<Edit>> {
    align_within(usize::MAX, encoding, input, output, report, settings)
}

/// The same of a stream, which looks for line endings within its memory limit.
pub fn align_within(
    memory_limit: usize,
    encoding: &'static Encoding,
    input: &[u8],
    output: &[u8],
    report: &Report,
    settings: Settings,
) -> Option<Vec<Edit>> {
    let all = report.links().iter();
    let (links, skipped) = all.partition(|link| link.outcome() == LinkOutcome::Tracked);
    let mut walk = Walk {
        encoding,
        input,
        output,
        links,
        skipped,
        ending: settings
            .line_limit
            .map(|_| ending(&input[..input.len().min(memory_limit)])),
        settings,
        edits: Vec::new(),
        ways: vec![Way {
            input: 0,
            output: 0,
            links: 0,
            is_broken: false,
            last_edit: None,
        }],
    };
    // Where the output goes on with what may have been cut from the input, both ways are tried.
    let mut tried = HashSet::new();
    while let Some(way) = walk.ways.pop() {
        if walk.is_at_end(way) {
            return Some(walk.edits_of(way));
        }
        let other_ways = walk.ways.len();
        walk.go_on(way);
        let state = (way.input, way.output, way.links, way.is_broken);
        if walk.ways.len() > other_ways + 1 && !tried.insert(state) {
            walk.ways.truncate(other_ways);
        }
    }
    None
}

/// The first of the document, or that of mail where it has none.
fn ending(input: &[u8]) -> &'static [u8] {
    let end = input.iter().position(|byte| *byte == b'\n');
    match end {
        Some(end) if !input[..end].ends_with(b"\r") => b"\n",
        _ => b"\r\n",
    }
}

impl Walk<'_> {
    fn is_at_end(&self, way: Way) -> bool {
        (way.input, way.output, way.links)
            == (self.input.len(), self.output.len(), self.links.len())
    }

    fn edits_of(&self, way: Way) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut last = way.last_edit;
        while let Some(at) = last {
            let (edit, before) = &self.edits[at];
            edits.push(edit.clone());
            last = *before;
        }
        edits.reverse();
        edits
    }

    /// Adds all steps from here; the last is tried first.
    fn go_on(&mut self, way: Way) {
        let (input, output) = (&self.input[way.input..], &self.output[way.output..]);
        if let ([a, ..], [b, ..]) = (input, output)
            && a == b
        {
            self.ways.push(Way {
                input: way.input + 1,
                output: way.output + 1,
                is_broken: way.is_broken && !self.is_skipped_link(way.input),
                ..way
            });
        }
        self.cut(way);
        if !way.is_broken {
            self.break_line(way);
            if let Some(length) = pixel_length(output, self.ending) {
                self.edit(way, Kind::Pixel, 0, length);
            }
        }
        self.replace_link(way);
        self.extend_value(way);
    }

    fn cut(&mut self, way: Way) {
        let input = &self.input[way.input..];
        let markers = match self.settings.keeps_markers {
            true => None,
            false => marker_length(input, self.settings),
        };
        let placeholders = cut_at(input, self.settings).filter(|_| !way.is_broken);
        for cut in [placeholders, markers].into_iter().flatten() {
            self.edit(way, Kind::Cut, cut, 0);
        }
    }

    fn break_line(&mut self, way: Way) {
        let (input, output) = (&self.input[way.input..], &self.output[way.output..]);
        let Some(ending) = self.ending.filter(|ending| output.starts_with(ending)) else {
            return;
        };
        let blanks = 1..=blanks(input);
        let in_line = |length: &usize| !input[..*length].contains(&b'\n');
        for length in blanks.filter(in_line) {
            self.edit(way, Kind::Break, length, ending.len());
        }
    }

    /// Whether the value of a link stands here that is not tracked.
    fn is_skipped_link(&self, at: usize) -> bool {
        let mut skipped = self.skipped.iter();
        skipped.any(|link| starts_with_text(&self.input[at..], link.original(), self.encoding))
    }

    fn replace_link(&mut self, way: Way) {
        let Some(link) = self.links.get(way.links) else {
            return;
        };
        let (input, output) = (&self.input[way.input..], &self.output[way.output..]);
        let before = way.input.checked_sub(1).map(|at| self.input[at]);
        // A token may end in `--`, and a `>` behind it would end the comment.
        let gets_quotes = link.context() == LinkContext::ConditionalComment
            && !matches!(before, Some(b'"' | b'\''));
        let quote: &[u8] = if gets_quotes { b"\"" } else { b"" };
        let Some(length) = url_length(output, quote) else {
            return;
        };
        for original in encoded_lengths(input, link.original(), self.encoding) {
            self.edit(way, Kind::Link, original, length);
        }
    }

    fn extend_value(&mut self, way: Way) {
        let (input, output) = (&self.input[way.input..], &self.output[way.output..]);
        let is_extended = |url: &str| self.settings.has_parameters && url.contains(PARAMETERS[0].0);
        let mut found = Vec::new();
        for link in &self.skipped {
            let Some(url) = link.destination().filter(|url| is_extended(url)) else {
                continue;
            };
            let escaped = url.replace('&', "&amp;");
            let spelt = [
                escaped.replace('\'', "&#39;"),
                format!("\"{escaped}\""),
                escaped,
            ];
            for value in spelt {
                if output.starts_with(value.as_bytes()) {
                    let lengths = encoded_lengths(input, link.original(), self.encoding);
                    found.extend(lengths.into_iter().map(|length| (length, value.len())));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        for (original, length) in found {
            self.edit(way, Kind::Value, original, length);
        }
    }

    fn edit(&mut self, way: Way, kind: Kind, input: usize, output: usize) {
        let edit = Edit {
            kind,
            input: way.input..way.input + input,
            output: way.output..way.output + output,
        };
        self.edits.push((edit, way.last_edit));
        self.ways.push(Way {
            input: way.input + input,
            output: way.output + output,
            links: way.links + usize::from(kind == Kind::Link),
            is_broken: kind == Kind::Break || (kind == Kind::Cut && way.is_broken),
            last_edit: Some(self.edits.len() - 1),
        });
    }
}

/// The length of the tracking URL that `output` starts with, and of the quotes around it.
fn url_length(output: &[u8], quote: &[u8]) -> Option<usize> {
    let rest = output.strip_prefix(quote)?;
    let rest = rest.strip_prefix(CLICK_PREFIX.as_bytes())?;
    let rest = rest[token_length(rest)..].strip_prefix(quote)?;
    Some(output.len() - rest.len())
}

/// The length of the pixel that `output` starts with; a line may end between its attributes.
fn pixel_length(output: &[u8], ending: Option<&[u8]>) -> Option<usize> {
    let rest = output.strip_prefix(b"<img")?;
    let mut spaces = ending.into_iter().chain([&b" "[..]]);
    let rest = spaces.find_map(|space| rest.strip_prefix(space))?;
    let rest = rest.strip_prefix(b"src=\"")?;
    let rest = rest.strip_prefix(OPEN_PREFIX.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b'>')?;
    Some(output.len() - rest.len() + end + 1)
}

/// Whether the bytes at the start of `input` are `text` in that charset, those that are not valid replaced.
fn starts_with_text(input: &[u8], text: &str, encoding: &'static Encoding) -> bool {
    let start = &input[..input.len().min(4 * text.len())];
    let (decoded, _) = encoding.decode_without_bom_handling(start);
    decoded.starts_with(text)
}

/// How many bytes at the start of `input` are `text` in that charset, all of them valid.
fn encoded_lengths(input: &[u8], text: &str, encoding: &'static Encoding) -> Vec<usize> {
    if input.starts_with(text.as_bytes()) {
        return vec![text.len()];
    }
    let is_text = |length: &usize| {
        let bytes = &input[..*length];
        let decoded = encoding.decode_without_bom_handling_and_without_replacement(bytes);
        decoded.is_some_and(|decoded| decoded == text)
    };
    (0..=input.len().min(4 * text.len()))
        .filter(is_text)
        .collect()
}
