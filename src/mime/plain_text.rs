//! Links in plain text: which are tracked.

mod flow;
mod url;

use std::ops::Range;

use super::edits::{Edits, Recording};
use crate::charset::Charset;
use crate::config::DomainConfig;
use crate::link::{Decision, Extended, LinkPolicy, Minter, TrackedLink};
use crate::report::{Link, LinkContext, LinkOutcome, Report, SkipReason};
use crate::scan::LineCounter;
use crate::tracking_level::TrackingLevel;
use url::{FoundUrl, Urls};

pub(super) use flow::Flow;

/// Finds the URLs of a text, and returns what they are replaced by.
pub(super) fn plain_text_edits(
    text: &[u8],
    charset: Charset,
    flow: Flow,
    domain: &DomainConfig,
    recording: Recording,
) -> (Edits, Report) {
    let click_level = domain.click_level(domain.message());
    let mut rewriter = TextRewriter {
        edits: Edits::default(),
        line: domain.line_limit().map(|limit| Line::new(text, limit)),
        minter: Minter::new(domain.clone()),
        next_position: recording.first_position,
        policy: LinkPolicy::new(domain.clone(), charset.encoding()),
        report: Report::new(click_level, TrackingLevel::Off),
        text,
    };
    for found in Urls::new(text, charset, flow) {
        let (name, destination, outcome) = rewriter.take(&found);
        let position = rewriter.count(outcome);
        if recording.lists_links {
            rewriter.report.links.push(Link {
                context: LinkContext::PlainText,
                destination,
                element: String::new(),
                name,
                original: found.url,
                outcome,
                position,
            });
        }
    }
    let (edits, mut report) = (rewriter.edits, rewriter.report);
    report.input_bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if recording.lists_links {
        report.input_longest_line = LineCounter::longest_of(text);
        edits.measure(text, &mut report);
    }
    (edits, report)
}

struct TextRewriter<'a> {
    edits: Edits,
    line: Option<Line<'a>>,
    minter: Minter,
    next_position: u32,
    policy: LinkPolicy,
    report: Report,
    text: &'a [u8],
}

impl TextRewriter<'_> {
    /// Decides on a URL, and replaces it. Returns its name and its destination, if it has them.
    fn take(&mut self, found: &FoundUrl) -> (Option<String>, Option<String>, LinkOutcome) {
        let domain = self.policy.domain();
        let mut extended = if !domain.tracks_clicks() && !domain.extends_untracked_links() {
            Extended::skip(SkipReason::ClicksOff)
        } else if found.is_ambiguous {
            Extended::skip(match domain.tracks_clicks() {
                true => SkipReason::Invalid,
                false => SkipReason::ClicksOff,
            })
        } else {
            let decision = self.policy.decide(&found.url, false);
            let name = decision.name().map(str::to_owned);
            self.policy.extend(decision, name.as_deref(), false)
        };
        let outcome = match &extended.decision {
            Decision::Skip { reason, .. } => LinkOutcome::Skipped(*reason),
            Decision::Track {
                destination, name, ..
            } => {
                let link = TrackedLink {
                    add_quotes: false,
                    destination,
                    name: name.as_deref().unwrap_or_default(),
                    plain: extended.plain(destination),
                    position: self.next_position,
                    untracked: None,
                };
                match self.track(&found.place, &link) {
                    Ok(()) => LinkOutcome::Tracked,
                    Err(reason) => LinkOutcome::Skipped(reason),
                }
            }
        };
        if let LinkOutcome::Skipped(reason) = outcome
            && !self.put_untracked(&found.place, &extended, reason)
        {
            extended.revert();
        }
        let name = extended.decision.name().map(str::to_owned);
        let destination = extended.decision.into_destination();
        (name, destination.map(|url| url.into_owned()), outcome)
    }

    fn track(&mut self, place: &Range<usize>, link: &TrackedLink<'_>) -> Result<(), SkipReason> {
        let mut url = Vec::new();
        self.minter.write_link(link, &mut url)?;
        // Some readers take these for punctuation. The query counts for nothing when the token comes back.
        if matches!(url.last(), Some(b'-' | b'_')) {
            url.extend_from_slice(b"?1");
        }
        self.replace(place, &url)
    }

    /// Puts the destination with its parameters in the place of a URL that is not tracked for that reason, if it goes
    /// there, and returns whether it does.
    fn put_untracked(
        &mut self,
        place: &Range<usize>,
        extended: &Extended<'_>,
        reason: SkipReason,
    ) -> bool {
        let message = self.policy.domain().message();
        // Readers may take another end for punctuation.
        let ends_well = |url: &str| url.ends_with(|end: char| end.is_ascii_alphanumeric());
        match extended.in_value(reason) {
            Some((destination, plain))
                if ends_well(destination) && !message.is_list_unsubscribe(plain) =>
            {
                self.replace(place, destination.as_bytes()).is_ok()
            }
            _ => false,
        }
    }

    fn replace(&mut self, place: &Range<usize>, url: &[u8]) -> Result<(), SkipReason> {
        if let Some(line) = &mut self.line
            && !line.takes(place, url.len())
        {
            return Err(SkipReason::LineLength);
        }
        if self.text.get(place.clone()) != Some(url) {
            self.edits.push(place.clone(), url);
        }
        Ok(())
    }

    /// Returns the link's position, if it is tracked.
    fn count(&mut self, outcome: LinkOutcome) -> Option<u32> {
        if let LinkOutcome::Skipped(_) = outcome {
            self.report.skipped += 1;
            return None;
        }
        self.report.tracked += 1;
        let position = self.next_position;
        self.next_position = position.saturating_add(1);
        Some(position)
    }
}

/// The line at hand, and how long edits have made it.
struct Line<'a> {
    end: usize,
    limit: usize,
    length: usize,
    text: &'a [u8],
    /// How long it was, or the longest of those that an edit joined: it may be that long again.
    was: usize,
}

impl<'a> Line<'a> {
    fn new(text: &'a [u8], limit: usize) -> Self {
        let mut line = Self {
            end: 0,
            limit,
            length: 0,
            text,
            was: 0,
        };
        line.start_at(0);
        line
    }

    fn start_at(&mut self, start: usize) {
        self.end = self.end_from(start);
        self.length = self.end - start;
        self.was = self.length;
    }

    /// Returns where the line at `at` ends, before its line ending.
    fn end_from(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        at + line.strip_suffix(b"\r").unwrap_or(line).len()
    }

    /// Whether a replacement of that length fits; if it does, it counts as made.
    fn takes(&mut self, place: &Range<usize>, bytes: usize) -> bool {
        while place.start > self.end {
            let rest = self.text.get(self.end..).unwrap_or_default();
            let Some(line_feed) = memchr::memchr(b'\n', rest) else {
                break;
            };
            self.start_at(self.end + line_feed + 1);
        }
        let (mut end, mut length, mut was) = (self.end, self.length, self.was);
        if place.end > end {
            // Lines are joined: what of them is left comes after what is here.
            let joined_end = self.end_from(place.end);
            length += joined_end - end;
            was = was.max(joined_end - end);
            end = joined_end;
        }
        let length = (length + bytes).saturating_sub(place.len());
        if length > self.limit.max(was) {
            return false;
        }
        (self.end, self.length, self.was) = (end, length, was);
        true
    }
}

#[cfg(test)]
mod tests;
