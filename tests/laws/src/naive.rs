//! Oracles too simple to be wrong, and too slow to be used: markers and merge tags.

use super::judge::Tag;

/// Attributes that opt out by one value, or by being there.
const OPT_OUTS: [(&str, Option<&str>); 11] = [
    ("autotrack", Some("false")),
    ("clicktracking", Some("off")),
    ("data-msys-clicktrack", Some("0")),
    ("data-pm-no-track", None),
    ("data-skip-click", None),
    ("data-track", Some("off")),
    ("disable-tracking", Some("true")),
    ("mautic:disable-tracking", None),
    ("mc:disable-tracking", None),
    ("ses:no-track", None),
    ("tracking", Some("off")),
];

/// Attributes that name a link, the first that is there first.
const NAMES: [&str; 4] = ["data-track-name", "data-msys-linkname", "ses:tags", "alias"];
const MAX_NAME_BYTES: usize = 256;

const MERGE_TAGS: [(&str, &str); 8] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("*|", "|*"),
    ("%%", "%%"),
    ("[%", "%]"),
    ("<%", "%>"),
    ("${", "}"),
    ("#{", "}"),
];

pub fn is_marker(attribute: &str) -> bool {
    NAMES.contains(&attribute) || OPT_OUTS.iter().any(|(name, _)| *name == attribute)
}

pub fn opts_out(tag: &Tag) -> bool {
    let by_class = tag.attribute("class").is_some_and(|class| {
        class
            .split_ascii_whitespace()
            .any(|word| word == "untracked")
    });
    by_class
        || OPT_OUTS
            .iter()
            .any(|(name, value)| match (tag.attribute(name), value) {
                (Some(found), Some(value)) => found.trim().eq_ignore_ascii_case(value),
                (Some(_), None) => true,
                (None, _) => false,
            })
}

pub fn name_of(tag: &Tag) -> Option<String> {
    let names = NAMES.iter().filter_map(|name| tag.attribute(name));
    let name = names.map(str::trim).find(|name| !name.is_empty())?;
    let mut cut = String::new();
    for sign in name.chars() {
        if cut.len() + sign.len_utf8() > MAX_NAME_BYTES {
            break;
        }
        cut.push(sign);
    }
    Some(cut)
}

pub fn has_merge_tag(value: &str) -> bool {
    MERGE_TAGS.iter().any(|(open, close)| {
        let after = value.split_once(open).map(|(_, after)| after);
        after.is_some_and(|after| after.contains(close))
    }) || has_percent_tag(value)
}

/// A name of two characters or more between percent signs, starting with a letter, and not with
/// what is an escape of URLs.
fn has_percent_tag(value: &str) -> bool {
    let parts: Vec<&str> = value.split('%').collect();
    let names = parts
        .get(1..parts.len().saturating_sub(1))
        .unwrap_or_default();
    names.iter().any(|name| {
        let is_name_sign = |sign: char| sign.is_ascii_alphanumeric() || "._-".contains(sign);
        let is_escape = name.len() >= 2 && name.bytes().take(2).all(|b| b.is_ascii_hexdigit());
        name.len() >= 2
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(is_name_sign)
            && !is_escape
    })
}
