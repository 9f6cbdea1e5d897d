//! Merge tags, and where in a URL they stand.

use arbitrary::{Result, Unstructured};

/// Parts of a URL, before and behind each of which a merge tag may stand.
const URL_PARTS: &[&str] = &[
    "ht", "tps", ":", "//", "us", "er@", "x.te", "st", ":80", "/", "p", "ath", "?", "q=", "v", "#",
    "fra", "gment",
];

/// Merge tags, whole and cut, and what looks like one.
const MERGE_TAGS: &[&str] = &[
    "{{name}}",
    "{{ insert slug \"default=home\" }}",
    "{{ email }}",
    "{{",
    "}}",
    "{% if a %}",
    "{%",
    "*|NAME|*",
    "*|",
    "|*",
    "%%name%%",
    "%%=v(@name)=%%",
    "%%[set @a]%%",
    "%%_",
    "%%",
    "%%&max=50%%",
    "%name%",
    "%recipient.x%",
    "%name",
    "%u0442%u0435",
    "%de%20",
    "[% url %]",
    "[%",
    "<%= url %>",
    "<%",
    "${id}",
    "$",
    "#{id}",
    "#{",
    "{",
    "[[name]]",
    "[[",
    "«name»",
    "«",
];

/// A URL with a merge tag anywhere in it.
pub(super) fn tagged(choices: &mut Unstructured<'_>) -> Result<String> {
    let at = choices.int_in_range(0..=URL_PARTS.len())?;
    let (before, after) = URL_PARTS.split_at(at);
    let tag = choices.choose(MERGE_TAGS)?;
    Ok([before.concat().as_str(), tag, after.concat().as_str()].concat())
}
