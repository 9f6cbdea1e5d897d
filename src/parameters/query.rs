//! Adds parameters to the query of a serialised http or https URL, and changes nothing else of it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Longer ones are not tracked, and get no parameters that would make them so.
pub(crate) const MAX_DESTINATION_BYTES: usize = 4096;

/// All but what RFC 3986 §2.3 leaves as it is. A blank becomes `%20`: a `+` is one in forms alone.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Names by which a query says that it is signed, folded: Amazon S3 and CloudFront, Google Cloud Storage, Azure, and
/// what web frameworks use. A parameter more would break such a link.
const SIGNING_NAMES: [&str; 4] = ["sig", "signature", "x-amz-signature", "x-goog-signature"];

/// Returns `url` with those of the parameters that are not there yet, before its fragment; `None` where nothing is to
/// be added, its query looks signed, or it would be too long. `signs` knows more names of signed queries, folded.
pub(crate) fn extended<'p>(
    url: &str,
    parameters: impl IntoIterator<Item = (&'p str, &'p str)>,
    signs: impl Fn(&str) -> bool,
) -> Option<String> {
    let (before, fragment) = match url.split_once('#') {
        Some((before, fragment)) => (before, Some(fragment)),
        None => (url, None),
    };
    let query = before.split_once('?').map(|(_, query)| query);
    let pairs = query.unwrap_or_default().split('&');
    let mut names: Vec<String> = pairs.map(name_of).collect();
    if names.iter().any(|name| is_signing(name) || signs(name)) {
        return None;
    }
    let mut extended = before.to_owned();
    let mut separator = match query {
        None => "?",
        Some(query) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    for (name, value) in parameters {
        let folded = name.to_lowercase();
        if names.contains(&folded) {
            continue;
        }
        names.push(folded);
        extended.push_str(separator);
        extended.extend(utf8_percent_encode(name, ENCODED));
        extended.push('=');
        extended.extend(utf8_percent_encode(value, ENCODED));
        separator = "&";
    }
    if extended.len() == before.len() {
        return None;
    }
    if let Some(fragment) = fragment {
        extended.push('#');
        extended.push_str(fragment);
    }
    (extended.len() <= MAX_DESTINATION_BYTES).then_some(extended)
}

/// Whether a folded name says that the query which it stands in is signed.
pub(super) fn is_signing(name: &str) -> bool {
    SIGNING_NAMES.contains(&name)
}

/// Returns the host of a serialised http or https URL.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    match host.rsplit_once(':') {
        // The colons of an IPv6 address are in brackets.
        Some((name, port)) if !port.ends_with(']') => Some(name),
        _ => Some(host),
    }
}

/// Returns the name of a pair, as servers compare it: decoded, and in lower case.
fn name_of(pair: &str) -> String {
    let name = pair.split('=').next().unwrap_or_default();
    let name = name.replace('+', " ");
    let decoded = percent_decode_str(&name).decode_utf8_lossy();
    decoded.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_what_the_url_standard_takes_for_it() {
        for url in [
            "https://x.test/",
            "https://x.test/@y.test:80/",
            "http://x.test:8080/?a@b#c:d",
            "https://user:pass@x.test/",
            "https://u@x.test:1/a:b",
            "https://[::1]/",
            "https://[::1]:8080/",
            "https://127.0.0.1:1/",
        ] {
            let parsed = url::Url::parse(url).unwrap();
            assert_eq!(parsed.as_str(), url);
            assert_eq!(host_of(url), parsed.host_str(), "{url}");
        }
    }

    /// However odd the parameter, the query gets that pair and keeps its others.
    #[test]
    fn a_parameter_comes_back_as_it_was_given() {
        let texts = [
            "a", "ä ö", "a&b=c", "#", "+", "%41", "?", "\"'<>`", "\r\n", "\0",
        ];
        for url in [
            "https://x.test/",
            "https://x.test/?q=a+b#f",
            "https://x.test/?&",
        ] {
            let parsed = url::Url::parse(url).unwrap();
            let pairs: Vec<_> = parsed.query_pairs().into_owned().collect();
            for name in texts {
                for value in texts.into_iter().chain([""]) {
                    let with = extended(url, [(name, value)], |_| false).unwrap();
                    let parsed = url::Url::parse(&with).unwrap();
                    assert_eq!(parsed.as_str(), with);
                    let mut now: Vec<_> = parsed.query_pairs().into_owned().collect();
                    let added = now.pop().unwrap();
                    assert_eq!((&*added.0, &*added.1), (name, value), "{with}");
                    assert_eq!(now, pairs, "{with}");
                    assert_eq!(extended(&with, [(name, value)], |_| false), None, "{with}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_added_that_would_be_too_long() {
        let url = |bytes: usize| format!("https://x.test/{}", "a".repeat(bytes - 15));
        let add = |url: &str| extended(url, [("b", "1"), ("c", "2")], |_| false);
        assert_eq!(add(&url(4088)).map(|url| url.len()), Some(4096));
        assert_eq!(add(&url(4089)), None);
    }

    #[test]
    fn a_name_that_comes_twice_is_added_once() {
        let with = extended("https://x.test/", [("a", "1"), ("A", "2")], |_| false);
        assert_eq!(with.as_deref(), Some("https://x.test/?a=1"));
    }
}
