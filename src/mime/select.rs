//! Which parts may be rewritten, by what they say of themselves and what they are in.

use super::header::{Header, without_comments};
use super::report::PartSkipReason;
use super::structure::Part;

/// What a part's links are found by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TextKind {
    Html,
    Plain,
}

/// Returns what kind of text a part is, or why it is left as it is. `headers` are those of `parts`, where they are
/// confirmed.
pub(super) fn text_kind(
    parts: &[Part],
    headers: &[Option<Header<'_>>],
    number: usize,
    tracks_plain_text: bool,
) -> Result<TextKind, PartSkipReason> {
    let part = parts.get(number).ok_or(PartSkipReason::Ambiguous)?;
    if let Some(reason) = reason_of_ancestors(parts, headers, part) {
        return Err(reason);
    }
    let header = headers.get(number).and_then(Option::as_ref);
    if let Some(reason) = own_reason(parts, part, header) {
        return Err(reason);
    }
    let kind = match type_name(parts, part) {
        "text/html" => TextKind::Html,
        "text/plain" if tracks_plain_text => TextKind::Plain,
        _ => return Err(PartSkipReason::Type),
    };
    match header.is_some_and(|header| states_type(header, &part.content_type.name)) {
        true => Ok(kind),
        false => Err(PartSkipReason::Ambiguous),
    }
}

/// Returns type and subtype (RFC 2045 §5.2, RFC 2046 §5.1.5).
pub(super) fn type_name<'p>(parts: &'p [Part], part: &'p Part) -> &'p str {
    let parent = part.parent.and_then(|parent| parts.get(parent));
    let is_in_digest = parent.is_some_and(|parent| parent.content_type.name == "multipart/digest");
    match part.content_type.name.as_str() {
        "" if is_in_digest => "message/rfc822",
        "" => "text/plain",
        name => name,
    }
}

fn reason_of_ancestors(
    parts: &[Part],
    headers: &[Option<Header<'_>>],
    part: &Part,
) -> Option<PartSkipReason> {
    let ancestors = std::iter::successors(part.parent, |at| parts.get(*at)?.parent);
    // The outermost says most.
    ancestors
        .filter_map(|at| {
            let header = headers.get(at).and_then(Option::as_ref);
            match parts.get(at)?.content_type.name.as_str() {
                "multipart/encrypted" => Some(PartSkipReason::Encrypted),
                "multipart/report" => Some(PartSkipReason::Report),
                "multipart/signed" => Some(PartSkipReason::Signed),
                _ => header
                    .filter(|header| header.has("content-md5"))
                    .map(|_| PartSkipReason::ContentMd5),
            }
        })
        .last()
}

fn own_reason(parts: &[Part], part: &Part, header: Option<&Header<'_>>) -> Option<PartSkipReason> {
    let disposition = header.and_then(|header| header.single("content-disposition").ok().flatten());
    let is_inline = |value: &[u8]| {
        let value = without_comments(value);
        let name = value.split(|byte| *byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"inline")
    };
    let name = type_name(parts, part);
    match name {
        _ if name.starts_with("message/") => Some(PartSkipReason::Message),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => Some(pkcs7_reason(part)),
        "text/calendar" => Some(PartSkipReason::Calendar),
        "text/x-amp-html" => Some(PartSkipReason::Amp),
        _ if part.content_type.is_multipart() => Some(PartSkipReason::Ambiguous),
        _ if header.is_some_and(|header| header.has("content-md5")) => {
            Some(PartSkipReason::ContentMd5)
        }
        _ if disposition.is_some_and(|value| !is_inline(value)) => Some(PartSkipReason::Attachment),
        _ => None,
    }
}

/// RFC 8551 §3.2.2.
fn pkcs7_reason(part: &Part) -> PartSkipReason {
    let kind = part.content_type.parameter("smime-type").ok().flatten();
    match kind.is_some_and(|kind| kind.eq_ignore_ascii_case("signed-data")) {
        true => PartSkipReason::Signed,
        false => PartSkipReason::Encrypted,
    }
}

/// Whether the field says what mail-parser makes of it: others read no type where a `;` is missing, for example.
fn states_type(header: &Header<'_>, name: &str) -> bool {
    let Ok(Some(value)) = header.single("content-type") else {
        // Without the field it is plain text.
        return name.is_empty();
    };
    let value = without_comments(value);
    let stated = value.split(|byte| *byte == b';').next().unwrap_or_default();
    stated.trim_ascii().eq_ignore_ascii_case(name.as_bytes())
}

/// Returns which of the parts gets the open pixel: of those that can be rewritten, the last in the first
/// `multipart/alternative` that holds one, else the first.
pub(super) fn pixel_part(parts: &[Part], html: &[usize]) -> Option<usize> {
    let is_in = |number: usize, outer: usize| {
        let parent = |at: &usize| parts.get(*at)?.parent;
        std::iter::successors(parts.get(number).and_then(|part| part.parent), parent)
            .any(|at| at == outer)
    };
    let alternatives = parts
        .iter()
        .enumerate()
        .filter(|(_, part)| part.content_type.name == "multipart/alternative");
    let first = alternatives
        .map(|(outer, _)| html.iter().rfind(|number| is_in(**number, outer)))
        .find_map(|last| last.copied());
    first.or(html.first().copied())
}
