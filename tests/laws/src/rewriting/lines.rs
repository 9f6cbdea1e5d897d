//! Lengths of lines, which SMTP limits.

use std::ops::Range;

use linkseal::rewrite_with_report;

use super::align::{Edit, align};
use crate::settings::Settings;
use crate::{Verdict, ensure};

/// No line that went out is longer than the limit, unless one that it comes from was as long already; and the
/// report says how long the longest were.
pub fn lines_keep_the_limit(html: &str, settings: Settings) -> Verdict {
    let (output, report) = rewrite_with_report(html, &settings.domain());
    let longest = (longest_line(html), longest_line(&output));
    let reported = (report.input_longest_line(), report.output_longest_line());
    ensure!(
        longest == reported,
        "{html:?} became {output:?}: {longest:?} bytes are the longest lines, but reported are {reported:?}"
    );
    let Some(limit) = settings.line_limit else {
        return Ok(());
    };
    let (before, after) = (html.as_bytes(), output.as_bytes());
    let edits = align(encoding_rs::UTF_8, before, after, &report, settings);
    let edits = edits.ok_or_else(|| format!("{html:?}: other bytes changed in {output:?}"))?;
    for line in lines(after) {
        let origin = origin(&line, &edits);
        let was = lines(before)
            .into_iter()
            .filter(|was| was.start < origin.end.max(origin.start + 1) && origin.start <= was.end);
        let was = was.map(|was| was.len()).max().unwrap_or(0);
        ensure!(
            line.len() <= limit.max(was),
            "{html:?} with {settings:?} became {output:?}: {:?} is longer than the limit and than {was}",
            &output[line]
        );
    }
    Ok(())
}

/// Each line without its ending.
fn lines(text: &[u8]) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let has_cr = at > start && text[at - 1] == b'\r';
        lines.push(start..at - usize::from(has_cr));
        start = at + 1;
    }
    lines.push(start..text.len());
    lines
}

fn longest_line(text: &str) -> u64 {
    let lengths = lines(text.as_bytes()).into_iter().map(|line| line.len());
    u64::try_from(lengths.max().unwrap_or(0)).unwrap()
}

/// Which part of the input a line of the output comes from.
fn origin(line: &Range<usize>, edits: &[Edit]) -> Range<usize> {
    let touched = edits
        .iter()
        .filter(|edit| edit.output.start <= line.end && line.start <= edit.output.end);
    let (mut start, mut end) = (came_from(line.start, edits), came_from(line.end, edits));
    for edit in touched {
        start = start.min(edit.input.start);
        end = end.max(edit.input.end);
    }
    start..end
}

/// Where a place of the output is in the input.
fn came_from(place: usize, edits: &[Edit]) -> usize {
    let before = edits.iter().rfind(|edit| edit.output.start <= place);
    let Some(edit) = before else {
        return place;
    };
    match place.checked_sub(edit.output.end) {
        Some(after) => edit.input.end + after,
        None => edit.input.start,
    }
}
