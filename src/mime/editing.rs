//! The documents of a message: what changes in each, and the message with that.

use std::collections::BTreeMap;

use super::edits::{Edits, Recording};
use super::part::{Document, Source};
use super::report::{PartOutcome, PartSkipReason};
use super::scope::without_pixel;
use super::select::{TextKind, pixel_part};
use super::structure::Part;
use crate::config::DomainConfig;
use crate::report::Report;

/// A result, or why a part is left as it is.
pub(super) type Outcome<T> = Result<T, PartSkipReason>;

/// A document, what changes in it, and the report on that.
pub(super) struct Edited<'a> {
    document: Document<'a>,
    edits: Edits,
    report: Report,
}

/// Rewrites the documents of a message, which are in the order of its parts.
pub(super) fn edit_documents<'a>(
    source: &Source<'_>,
    documents: Vec<Outcome<Document<'a>>>,
    domain: &DomainConfig,
    lists_links: bool,
) -> Vec<Outcome<Edited<'a>>> {
    let numbers = |kind| -> Vec<usize> {
        let is = |document: &Document<'_>| document.kind == kind;
        let numbered = documents.iter().enumerate();
        let found = numbered.filter(|(_, document)| document.as_ref().is_ok_and(is));
        found.map(|(number, _)| number).collect()
    };
    let html = numbers(TextKind::Html);
    let editor = Editor {
        domain,
        lists_links,
        pixel: pixel_part(source.parts, &html),
        pixel_free: &without_pixel(domain),
    };
    let mut edited = BTreeMap::new();
    let mut next_position = 0;
    let first = html.into_iter().map(|number| (number, Some(0)));
    // Links in plain text are numbered after those in HTML.
    let then = numbers(TextKind::Plain)
        .into_iter()
        .map(|number| (number, None));
    for (number, first_position) in first.chain(then) {
        let first_position = first_position.unwrap_or(next_position);
        let document = documents
            .get(number)
            .and_then(|document| document.as_ref().ok());
        if let Some((document, part)) = document.zip(source.parts.get(number)) {
            let edits = editor.edit(number, document, part, first_position);
            next_position = next_position.max(first_position.saturating_add(tracked(&edits)));
            edited.insert(number, edits);
        }
    }
    let join = |(number, document): (usize, Outcome<Document<'a>>)| {
        let document = document?;
        let edits = edited
            .remove(&number)
            .unwrap_or(Err(PartSkipReason::Ambiguous));
        edits.map(|(edits, report)| Edited {
            document,
            edits,
            report,
        })
    };
    documents.into_iter().enumerate().map(join).collect()
}

/// Rewrites one document.
struct Editor<'a> {
    domain: &'a DomainConfig,
    lists_links: bool,
    /// The part that gets the open pixel.
    pixel: Option<usize>,
    pixel_free: &'a DomainConfig,
}

impl Editor<'_> {
    fn edit(
        &self,
        number: usize,
        document: &Document<'_>,
        part: &Part,
        first_position: u32,
    ) -> Outcome<(Edits, Report)> {
        let domain = match self.pixel == Some(number) {
            true => self.domain,
            false => self.pixel_free,
        };
        let recording = Recording {
            first_position,
            lists_links: self.lists_links,
        };
        document.edits(part, domain, recording)
    }
}

fn tracked(edits: &Outcome<(Edits, Report)>) -> u32 {
    let tracked = edits.as_ref().map_or(0, |(_, report)| report.tracked());
    u32::try_from(tracked).unwrap_or(u32::MAX)
}

/// Returns the message with the edits, and what became of each part.
pub(super) fn splice(
    source: &Source<'_>,
    edited: Vec<Outcome<Edited<'_>>>,
) -> (Vec<u8>, Vec<(PartOutcome, Option<Report>)>) {
    let message = source.message;
    let edits = edited
        .iter()
        .flatten()
        .map(|edited| edited.edits.new_bytes());
    // What comes in takes the place of something, but its transfer encoding may take as much more.
    let mut out = Vec::with_capacity(
        message.len() + edits.map(|bytes| bytes + bytes / 2 + 1024).sum::<usize>(),
    );
    let mut at = 0;
    let parts = source.parts.iter().zip(edited);
    let outcomes = parts.map(|(part, edited)| {
        let Edited {
            document,
            edits,
            report,
        } = match edited {
            Ok(edited) => edited,
            Err(reason) => return (PartOutcome::Skipped(reason), None),
        };
        if edits.is_empty() {
            return (PartOutcome::Unchanged, Some(report));
        }
        out.extend_from_slice(message.get(at..part.body.start).unwrap_or_default());
        at = part.body.start;
        match document.splice(source, part, &edits, &mut out) {
            Ok(()) => {
                at = part.body.end;
                (PartOutcome::Rewritten, Some(report))
            }
            Err(reason) => (PartOutcome::Skipped(reason), None),
        }
    });
    let outcomes = outcomes.collect();
    out.extend_from_slice(message.get(at..).unwrap_or_default());
    (out, outcomes)
}
