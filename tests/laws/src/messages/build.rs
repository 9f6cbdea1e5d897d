//! Messages that are put together, so that it is known what each of their bytes is.

use std::ops::Range;

use arbitrary::{Result, Unstructured};
use encoding_rs::Encoding;

use super::codes::Code;
use super::leaf::leaf;

/// A message, and where its parts without parts are.
pub struct Built {
    pub bytes: Vec<u8>,
    pub leaves: Vec<Leaf>,
    /// Whether a boundary starts with another, or a delimiter stands in a header, so that a rewriter may leave what
    /// it is not sure of.
    pub is_ambiguous: bool,
    pub message_id: Option<String>,
    /// The value of List-Unsubscribe.
    pub list_unsubscribe: Option<&'static str>,
}

pub struct Leaf {
    /// Where its bytes are, without the line ending that belongs to the delimiter behind it.
    pub range: Range<usize>,
    /// How it is to be read, if it is to be rewritten.
    pub html: Option<Html>,
}

#[derive(Clone, Copy)]
pub struct Html {
    pub code: Code,
    /// None where none is stated, or US-ASCII.
    pub charset: Option<&'static Encoding>,
}

/// What is written so far.
pub(super) struct Draft {
    pub(super) built: Built,
    line_ends: LineEnds,
    pub(super) boundaries: usize,
    lines: usize,
    /// Whether the last part has no body, and not even the line ending that a delimiter would take from it.
    pub(super) has_no_body: bool,
}

#[derive(Clone, Copy)]
enum LineEnds {
    Crlf,
    Lf,
    Mixed,
}

impl LineEnds {
    fn of_line(self, number: usize) -> &'static str {
        match self {
            Self::Crlf => "\r\n",
            Self::Lf => "\n",
            Self::Mixed => ["\n", "\r\n", "\r\n"][number * 7 / 3 % 3],
        }
    }
}

impl Draft {
    pub(super) fn line(&mut self, line: &str) {
        self.built.bytes.extend_from_slice(line.as_bytes());
        let end = self.line_end();
        self.built.bytes.extend_from_slice(end.as_bytes());
    }

    pub(super) fn line_end(&mut self) -> &'static str {
        self.lines += 1;
        self.line_ends.of_line(self.lines)
    }

    /// Writes the bytes of a part behind its header.
    pub(super) fn body(&mut self, body: &[u8], html: Option<Html>) {
        let start = self.built.bytes.len();
        self.built.bytes.extend_from_slice(body);
        let range = start..self.built.bytes.len();
        self.built.leaves.push(Leaf { range, html });
    }

    /// None is like another, nor stands in a document.
    fn boundary(&mut self, outer: Option<&str>, choices: &mut Unstructured<'_>) -> Result<String> {
        self.boundaries += 1;
        if let Some(outer) = outer
            && choices.ratio(1, 24)?
        {
            self.built.is_ambiguous = true;
            return Ok(format!("{outer}0"));
        }
        let start = *choices.choose(&["=_b", "----=_Part_", "b'(+", "_b b:", "Apple-Mail=_"])?;
        Ok(format!("{start}{:03}", self.boundaries))
    }
}

/// Builds a message of the choices that the bytes make.
pub fn message(choices: &mut Unstructured<'_>) -> Result<Built> {
    let line_ends = [
        LineEnds::Crlf,
        LineEnds::Crlf,
        LineEnds::Lf,
        LineEnds::Mixed,
    ];
    let mut draft = Draft {
        built: Built {
            bytes: Vec::new(),
            leaves: Vec::new(),
            is_ambiguous: false,
            message_id: None,
            list_unsubscribe: None,
        },
        line_ends: *choices.choose(&line_ends)?,
        boundaries: 0,
        lines: 0,
        has_no_body: false,
    };
    header(&mut draft, choices)?;
    entity(&mut draft, Place::default(), choices)?;
    Ok(draft.built)
}

fn header(draft: &mut Draft, choices: &mut Unstructured<'_>) -> Result<()> {
    if choices.ratio(1, 8)? {
        draft.line("From a@example.com Thu Nov 26 10:00:00 2026");
    }
    draft.line("From: =?utf-8?Q?Sh=C3=B6p?= <a@example.com>");
    draft.line("Subject: <a href=\"https://x.test/\">");
    if choices.ratio(1, 2)? {
        draft.line("Message-ID: <m-1@example.com>");
        draft.built.message_id = Some("m-1@example.com".to_owned());
    }
    if choices.ratio(1, 4)? {
        draft.line("List-Unsubscribe: <mailto:u@x.test>,");
        draft.line("\t<https://x.test/unsubscribe>");
        draft.built.list_unsubscribe = Some("<https://x.test/unsubscribe>");
    }
    if choices.ratio(1, 8)? {
        draft.line("DKIM-Signature: v=1; d=example.com; s=k; h=From; bh=AAAA; b=AAAA");
    }
    draft.line("MIME-Version: 1.0");
    Ok(())
}

/// Where an entity stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    boundary: Option<&'a str>,
    depth: usize,
    /// Whether nothing in it may be touched.
    is_kept: bool,
}

/// Writes the rest of a header, and what follows it: a part without parts, or several.
fn entity(draft: &mut Draft, place: Place<'_>, choices: &mut Unstructured<'_>) -> Result<()> {
    let is_multipart = match place.depth {
        0 => choices.ratio(3, 4)?,
        1 | 2 => choices.ratio(1, 4)?,
        _ => false,
    };
    match is_multipart {
        true => multipart(draft, place, choices),
        false => leaf(draft, place.is_kept, choices),
    }
}

/// Subtypes of multipart, and whether nothing in them may be touched.
const SUBTYPES: [(&str, bool); 8] = [
    ("alternative", false),
    ("alternative", false),
    ("mixed", false),
    ("Related", false),
    ("x-own", false),
    ("signed", true),
    ("encrypted", true),
    ("report", true),
];

fn multipart(draft: &mut Draft, place: Place<'_>, choices: &mut Unstructured<'_>) -> Result<()> {
    let (subtype, is_kept) = *choices.choose(&SUBTYPES)?;
    let boundary = draft.boundary(place.boundary, choices)?;
    match choices.ratio(1, 2)? {
        true => draft.line(&format!(
            "Content-Type: multipart/{subtype}; boundary=\"{boundary}\""
        )),
        false => {
            draft.line(&format!("content-type: multipart/{subtype};"));
            draft.line(&format!("\tBoundary=\"{boundary}\""));
        }
    }
    draft.line("");
    if choices.ratio(1, 4)? {
        draft.line("A preamble: <a href=\"https://x.test/\">");
    }
    let mut ends_without_body = false;
    for _ in 0..choices.int_in_range(1..=3)? {
        let padding = choices.ratio(1, 16)?.then_some(" \t");
        draft.line(&format!("--{boundary}{}", padding.unwrap_or_default()));
        let inner = Place {
            boundary: Some(&boundary),
            depth: place.depth + 1,
            is_kept: place.is_kept || is_kept,
        };
        draft.has_no_body = false;
        entity(draft, inner, choices)?;
        if !draft.has_no_body {
            draft.line("");
        }
        ends_without_body = std::mem::take(&mut draft.has_no_body);
    }
    // The last delimiter may be missing, in the outermost: then the last part goes on to the end.
    if place.depth == 0 && !ends_without_body && choices.ratio(1, 8)? {
        let end = draft.built.bytes.len();
        end_at(draft, end);
        return Ok(());
    }
    draft.line(&format!("--{boundary}--"));
    if choices.ratio(1, 4)? {
        draft.line("An epilogue: <a href=\"https://x.test/\">");
    }
    Ok(())
}

/// Lets the last part go on to the end of the message, if nothing but its line ending is behind it.
fn end_at(draft: &mut Draft, end: usize) {
    if let Some(last) = draft.built.leaves.last_mut()
        && draft.built.bytes[last.range.end..]
            .iter()
            .all(u8::is_ascii_whitespace)
    {
        last.range.end = end;
    }
}
