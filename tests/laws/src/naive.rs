//! Oracles too simple to be wrong, and too slow to be used: markers and merge tags.

use url::Url;

use super::judge::Tag;
use super::settings::{
    EXCLUDED_PARENT, NAME_PARAMETER, OWN_MERGE_TAGS, OWN_OPT_OUT_CLASS, OWN_OPT_OUTS,
    PARAMETER_HOSTS, PARAMETERS, Settings,
};

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

/// The attribute by which a link refuses parameters.
const NO_PARAMETERS: &str = "data-track-parameters";
/// Names of parameters that sign a query.
const SIGNING_NAMES: [&str; 4] = ["sig", "signature", "x-amz-signature", "x-goog-signature"];
const MAX_DESTINATION_BYTES: usize = 4096;

const MERGE_TAG_OPENERS: [&str; 7] = ["{{", "{%", "*|", "[%", "<%", "${", "#{"];

/// The attributes by which a link opts out.
fn opt_outs(settings: Settings) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let own = OWN_OPT_OUTS
        .into_iter()
        .filter(move |_| settings.has_dialect);
    OPT_OUTS.into_iter().chain(own)
}

pub fn is_marker(attribute: &str, settings: Settings) -> bool {
    ["conversion", NO_PARAMETERS].contains(&attribute)
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

pub fn refuses_parameters(tag: &Tag) -> bool {
    let value = tag.attribute(NO_PARAMETERS).unwrap_or_default();
    value.trim().eq_ignore_ascii_case("off")
}

/// Where a link of that name leads with its parameters, if it gets any.
pub fn extended(url: &Url, name: Option<&str>, settings: Settings) -> Option<String> {
    let host = url.host_str()?;
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_listed =
        PARAMETER_HOSTS.contains(&host) || host.ends_with(&format!(".{EXCLUDED_PARENT}"));
    let names = url.query_pairs().map(|(name, _)| name.to_lowercase());
    let names: Vec<String> = names.collect();
    let is_signed = names
        .iter()
        .any(|name| SIGNING_NAMES.contains(&name.as_str()));
    let is_web = matches!(url.scheme(), "http" | "https");
    if !settings.has_parameters || !is_listed || is_signed || !is_web {
        return None;
    }
    let all = PARAMETERS
        .into_iter()
        .chain(name.map(|name| (NAME_PARAMETER, name)));
    let new = all.filter(|(name, _)| !names.contains(&name.to_lowercase()));
    let new: Vec<String> = new
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    let query = url.query().unwrap_or_default();
    let glue = match query.is_empty() || query.ends_with('&') {
        true => "",
        false => "&",
    };
    let mut with = url.clone();
    with.set_query(Some(&format!("{query}{glue}{}", new.join("&"))));
    let with = String::from(with);
    (!new.is_empty() && with.len() <= MAX_DESTINATION_BYTES).then_some(with)
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
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
