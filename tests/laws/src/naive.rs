//! Oracles too simple to be wrong, and too slow to be used: markers and merge tags.

use super::judge::Tag;
use super::settings::{OWN_MERGE_TAGS, OWN_OPT_OUT_CLASS, OWN_OPT_OUTS, Settings};

/// Attributes that opt out by one value, or by being there.
const OPT_OUTS: [(&str, Option<&str>); 13] = [
    ("autotrack", Some("false")),
    ("clicktracking", Some("off")),
    ("data-msys-clicktrack", Some("0")),
    ("data-ph-no-track", None),
    ("data-pm-no-track", None),
    ("data-skip-click", None),
    ("data-track", Some("off")),
    ("disable-tracking", Some("true")),
    ("ecm:tracking", Some("false")),
    ("mautic:disable-tracking", None),
    ("mc:disable-tracking", None),
    ("ses:no-track", None),
    ("tracking", Some("off")),
];

const OPT_OUT_CLASSES: [&str; 4] = ["inf-track-no", "mktNoTrack", "no-track-link", "untracked"];

/// Attributes that name a link, the first that is there first.
const NAMES: [&str; 4] = ["data-track-name", "data-msys-linkname", "ses:tags", "alias"];
const MAX_NAME_BYTES: usize = 256;

const MERGE_TAG_OPENERS: [&str; 7] = ["{{", "{%", "*|", "[%", "<%", "${", "#{"];

/// The attributes by which a link opts out.
fn opt_outs(settings: Settings) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let own = OWN_OPT_OUTS
        .into_iter()
        .filter(move |_| settings.has_dialect);
    OPT_OUTS.into_iter().chain(own)
}

pub fn is_marker(attribute: &str, settings: Settings) -> bool {
    attribute == "conversion"
        || NAMES.contains(&attribute)
        || opt_outs(settings).any(|(name, _)| name == attribute)
}

pub fn opts_out(tag: &Tag, settings: Settings) -> bool {
    let is_opt_out = |word: &str| {
        OPT_OUT_CLASSES.contains(&word) || (settings.has_dialect && word == OWN_OPT_OUT_CLASS)
    };
    let by_class = tag
        .attribute("class")
        .is_some_and(|class| class.split_ascii_whitespace().any(is_opt_out));
    by_class
        || opt_outs(settings).any(|(name, value)| match (tag.attribute(name), value) {
            (Some(found), Some(value)) => found.trim().eq_ignore_ascii_case(value),
            (Some(_), None) => true,
            (None, _) => false,
        })
}

pub fn name_of(tag: &Tag) -> Option<String> {
    let names = NAMES.iter().filter_map(|name| tag.attribute(name));
    let name = names.map(str::trim).find(|name| !name.is_empty())?;
    let mut cut = String::new();
    for character in name.chars() {
        if cut.len() + character.len_utf8() > MAX_NAME_BYTES {
            break;
        }
        cut.push(character);
    }
    Some(cut)
}

pub fn has_merge_tag(value: &str, settings: Settings) -> bool {
    let opens = |opener: &&str| value.contains(*opener);
    MERGE_TAG_OPENERS.iter().any(opens)
        || has_double_percent_tag(value)
        || has_percent_tag(value)
        || (settings.has_dialect && has_own_tag(value))
}

/// An opener of one character needs its closer.
fn has_own_tag(value: &str) -> bool {
    OWN_MERGE_TAGS.iter().any(|(open, close)| {
        let opened = value.split_once(open);
        opened.is_some_and(|(_, rest)| open.chars().count() > 1 || rest.contains(close))
    })
}

fn has_double_percent_tag(value: &str) -> bool {
    let opens = |first: char| first.is_ascii_alphabetic() || "_=[".contains(first);
    (0..value.len()).any(|at| {
        let rest = value.get(at..).and_then(|rest| rest.strip_prefix("%%"));
        rest.is_some_and(|rest| rest.starts_with(opens))
    })
}

/// A name of two characters or more between percent signs, starting with a letter, and not with
/// what is an escape of URLs or of old scripts.
fn has_percent_tag(value: &str) -> bool {
    let parts: Vec<&str> = value.split('%').collect();
    let names = parts
        .get(1..parts.len().saturating_sub(1))
        .unwrap_or_default();
    names.iter().any(|name| {
        let is_of_name =
            |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
        let starts_with_hex = |name: &str, length: usize| {
            let start = name.get(..length);
            start.is_some_and(|start| start.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        let script = name.strip_prefix(['u', 'U']);
        let is_escape =
            starts_with_hex(name, 2) || script.is_some_and(|digits| starts_with_hex(digits, 4));
        name.len() >= 2
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.chars().all(is_of_name)
            && !is_escape
    })
}
