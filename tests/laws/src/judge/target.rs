//! Where links lead, as `url` says.

use std::borrow::Cow;

use encoding_rs::Encoding;
use url::{ParseError, Url};

/// Where a link leads, or nothing when `url` can't say or it is not http or https.
pub fn destination(href: &str, base: Option<&Url>, encoding: &'static Encoding) -> Option<String> {
    let url = resolve(href, base, encoding).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(String::from)
}

/// What `url` makes of a link.
pub fn resolve(
    href: &str,
    base: Option<&Url>,
    encoding: &'static Encoding,
) -> Result<Url, ParseError> {
    let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|query| Cow::Owned(encode_query(query, encoding));
    let is_utf8 = encoding == encoding_rs::UTF_8;
    Url::options()
        .base_url(base)
        .encoding_override((!is_utf8).then_some(encode))
        .parse(href)
}

/// The URL standard's "percent-encode after encoding" for what the charset lacks, character by character.
fn encode_query(query: &str, encoding: &'static Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    for character in query.chars() {
        let text = character.to_string();
        let (encoded, _, unmappable) = encoding.encode(&text);
        if unmappable {
            bytes.extend(format!("%26%23{}%3B", u32::from(character)).into_bytes());
        } else {
            bytes.extend_from_slice(&encoded);
        }
    }
    bytes
}
