//! What rewriting changes in a document, as a list of edits.

use std::ops::Range;

use crate::charset::Charset;
use crate::config::DomainConfig;
use crate::link::{Minter, TrackedLink};
use crate::pixel::PixelPosition;
use crate::report::{Report, SkipReason};
use crate::scan::{Cut, LineCounter, Scanner, Sink, Splicer};

/// Which bytes of a document are replaced, in order, and by what.
#[derive(Debug, Default)]
pub(super) struct Edits {
    list: Vec<Edit>,
    /// What comes in, one after the other.
    text: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Edit {
    /// In `text`.
    new: Range<usize>,
    /// In the document.
    old: Range<usize>,
}

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns how many bytes come in.
    pub(super) fn new_bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) fn push(&mut self, old: Range<usize>, new: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(new);
        let new = start..self.text.len();
        self.list.push(Edit { new, old });
    }

    /// Returns each range of the document that is replaced, and what by.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Range<usize>, &[u8])> {
        self.list.iter().map(|edit| {
            let new = self.text.get(edit.new.clone()).unwrap_or_default();
            (edit.old.clone(), new)
        })
    }

    /// Hands on the document from `from` on, with the edits, in pieces.
    pub(super) fn apply<'a>(
        &'a self,
        document: &'a [u8],
        from: usize,
        mut take: impl FnMut(&'a [u8]),
    ) {
        let mut at = from;
        for (old, new) in self.iter() {
            take(document.get(at..old.start).unwrap_or_default());
            take(new);
            at = old.end;
        }
        take(document.get(at..).unwrap_or_default());
    }

    /// Puts into a report how long the edited document is, and its longest line.
    pub(super) fn measure(&self, document: &[u8], report: &mut Report) {
        let (mut bytes, mut lines) = (0, LineCounter::default());
        self.apply(document, 0, |piece| {
            lines.add(piece);
            bytes += piece.len();
        });
        report.output_bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        report.output_longest_line = lines.longest();
    }
}

/// What is to be known of the links, besides the edits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recording {
    /// The number of the first link that is tracked.
    pub(super) first_position: u32,
    /// Whether the report lists the links.
    pub(super) lists_links: bool,
}

/// Rewrites an HTML document, and returns the edits in place of the result.
pub(super) fn html_edits(
    document: &[u8],
    charset: Charset,
    domain: &DomainConfig,
    recording: Recording,
) -> (Edits, Report) {
    let recorder = Recorder {
        at: 0,
        edits: Edits::default(),
        splicer: Splicer::new(Minter::new(domain.clone()), Vec::new()),
    };
    let mut scanner = Scanner::new(domain, recorder);
    scanner.set_encoding(charset.encoding());
    if !recording.lists_links {
        scanner.keep_no_links();
        scanner.count_no_lines();
    }
    scanner.scan_whole(document);
    let (recorder, mut report) = scanner.finish();
    if recording.lists_links {
        recorder.edits.measure(document, &mut report);
    }
    (recorder.edits, report)
}

/// Notes where the document that it is given changes.
#[derive(Debug)]
struct Recorder {
    /// How much of the document it was given.
    at: usize,
    edits: Edits,
    /// Makes what comes in.
    splicer: Splicer,
}

impl Recorder {
    /// Replaces the next bytes of the document by what the splicer has made.
    fn replace(&mut self, bytes: usize) {
        let end = self.at + bytes;
        self.edits.push(self.at..end, &self.splicer.out);
        self.splicer.out.clear();
        self.at = end;
    }
}

impl Sink for Recorder {
    fn source(&mut self, bytes: &[u8]) {
        self.at += bytes.len();
    }

    fn cut(&mut self, bytes: &[u8], _why: Cut) {
        self.replace(bytes.len());
    }

    fn link(&mut self, original: &[u8], link: &TrackedLink<'_>) -> Result<(), SkipReason> {
        self.splicer.link(original, link)?;
        match self.splicer.out == original {
            // A second run puts what is there: a transfer encoding may spell it otherwise.
            true => {
                self.splicer.out.clear();
                self.at += original.len();
            }
            false => self.replace(original.len()),
        }
        Ok(())
    }

    fn untracked(&mut self, original: &[u8], new: &str, plain: &str) {
        self.splicer.untracked(original, new, plain);
        self.replace(original.len());
    }

    fn line_ending(&mut self, original: &[u8], ending: &'static str) {
        self.splicer.line_ending(original, ending);
        self.replace(original.len());
    }

    fn pixel(&mut self, placement: PixelPosition, line_ending: Option<&'static str>) {
        self.splicer.pixel(placement, line_ending);
        self.replace(0);
    }
}
