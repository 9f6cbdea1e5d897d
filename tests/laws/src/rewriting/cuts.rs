//! What may be left out of a document: bytes that only this crate gives a meaning to.

use linkseal::PixelPlacement;

use crate::judge::tokens;
use crate::naive::is_marker;
use crate::settings::Settings;

/// Postal's opt-out: without it the link leads somewhere, so it goes whatever the settings.
pub(super) const NO_TRACK: &[u8] = b"+notrack";
const TEXT_PLACEHOLDER: &[u8] = b"{{ses:openTracker}}";
const ELEMENT_PLACEHOLDER: &[u8] = b"<opentag";
/// More than the longest marker's name has.
const MAX_MARKER_BYTES: usize = 40;

/// How much white space the bytes start with, as tags have it (HTML §13.2.5).
pub(super) fn blanks(bytes: &[u8]) -> usize {
    let is_blank = |byte: &&u8| b" \t\n\x0c\r".contains(byte);
    bytes.iter().take_while(is_blank).count()
}

/// How many bytes may be left out here: those that only this crate gives a meaning to.
pub(super) fn cut_at(input: &[u8], settings: Settings) -> Option<usize> {
    let starts = |text: &[u8]| {
        let start = input.get(..text.len())?;
        start.eq_ignore_ascii_case(text).then_some(text.len())
    };
    let placeholder = || match settings.placement {
        PixelPlacement::Placeholder => starts(TEXT_PLACEHOLDER)
            .or_else(|| starts(settings.own?.as_bytes()))
            .or_else(|| starts(ELEMENT_PLACEHOLDER).and_then(|_| tag_length(input))),
        _ => None,
    };
    starts(NO_TRACK).or_else(placeholder)
}

/// The length of the marker that `input` starts with, and the white space before it.
pub(super) fn marker_length(input: &[u8], settings: Settings) -> Option<usize> {
    let after_blanks = |at: usize| at + blanks(&input[at..]);
    let up_to = |at: usize, ends: &[u8]| {
        let end = input[at..].iter().position(|byte| ends.contains(byte));
        end.map_or(input.len(), |end| at + end)
    };
    let start = after_blanks(0);
    let name = input[start..].iter().take(MAX_MARKER_BYTES);
    let name: Vec<u8> = name.map(u8::to_ascii_lowercase).collect();
    let name_end = name
        .iter()
        .position(|byte| b" \t\n\x0c\r/>=".contains(byte))?;
    if !is_marker(std::str::from_utf8(&name[..name_end]).ok()?, settings) {
        return None;
    }
    let name_end = start + name_end;
    let equals = after_blanks(name_end);
    if input.get(equals) != Some(&b'=') {
        return Some(name_end);
    }
    let value = after_blanks(equals + 1);
    match input.get(value) {
        Some(quote @ (b'"' | b'\'')) => Some(input.len().min(up_to(value + 1, &[*quote]) + 1)),
        _ => Some(up_to(value, b" \t\n\x0c\r>")),
    }
}

/// The length of the tag that `input` starts with.
fn tag_length(input: &[u8]) -> Option<usize> {
    let is_tag = |end: &usize| {
        let text = String::from_utf8_lossy(&input[..*end]);
        tokens(&text).iter().any(|seen| seen.tag().is_some())
    };
    let ends = input.iter().enumerate().filter(|(_, byte)| **byte == b'>');
    ends.map(|(at, _)| at + 1).find(is_tag)
}
