//! What a link of a document leads to: resolving it against the document's base, in its charset.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding};
use url::{ParseError, Url};

use super::merge_tag::has_merge_tag;
use crate::dialect::Dialect;
use crate::report::SkipReason;

/// A destination is a part of a token, and tokens have a limit.
pub(super) use crate::parameters::MAX_DESTINATION_BYTES;

/// Only detours that nobody writes, such as `a/../` and line breaks, lead from more than that to a
/// destination that short. Parsing makes nine bytes of a NUL.
const MAX_HREF_BYTES: usize = 16 * MAX_DESTINATION_BYTES;

/// Resolves the links of one document.
#[derive(Debug)]
pub(super) struct Resolver {
    base: Base,
    encoding: &'static Encoding,
}

/// The first `base` with an `href` counts, whatever it holds (HTML §4.2.3).
#[derive(Debug)]
enum Base {
    None,
    /// Its bytes mean nothing in the document's charset.
    Unreadable,
    Unusable,
    Url(Box<Url>),
    /// It holds a merge tag: what is relative waits for that.
    Waits,
}

impl Resolver {
    pub(super) fn new(encoding: &'static Encoding) -> Self {
        Self {
            base: Base::None,
            encoding,
        }
    }

    pub(super) fn set_encoding(&mut self, encoding: &'static Encoding) {
        self.encoding = encoding;
    }

    pub(super) fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// Takes in the document's `<base href>`, decoded.
    pub(super) fn set_base(&mut self, href: &str, dialect: &Dialect) {
        if matches!(self.base, Base::None) {
            self.base = match self.parse(href, None) {
                _ if has_merge_tag(href, dialect) => Base::Waits,
                // One that leaves no room for a path would only be copied for every link, and one with
                // an opaque path, such as `mailto:`, leads nowhere (URL §4.4).
                Ok(url) if url.as_str().len() > MAX_DESTINATION_BYTES => Base::Unusable,
                Ok(url) if url.cannot_be_a_base() => Base::Unusable,
                // Browsers refuse these two (HTML §4.2.3, "set the frozen base URL").
                Ok(url) if !matches!(url.scheme(), "data" | "javascript") => Base::Url(url.into()),
                _ => Base::Unusable,
            };
        }
    }

    /// Takes in a `<base href>` whose bytes mean nothing in the document's charset.
    pub(super) fn set_unreadable_base(&mut self) {
        if matches!(self.base, Base::None) {
            self.base = Base::Unreadable;
        }
    }

    /// Resolves a link against the document's base.
    pub(super) fn resolve(&self, href: &str) -> Result<Url, SkipReason> {
        let base = match &self.base {
            Base::Url(base) => Some(&**base),
            Base::None | Base::Unreadable | Base::Unusable | Base::Waits => None,
        };
        let relative = match self.base {
            Base::Unreadable => SkipReason::Charset,
            Base::Waits => SkipReason::MergeTag,
            Base::None | Base::Unusable | Base::Url(_) => SkipReason::Relative,
        };
        let url = match self.parse(href, base) {
            Ok(url) => url,
            Err(ParseError::Overflow) => return Err(SkipReason::TooLong),
            Err(ParseError::RelativeUrlWithoutBase) => return Err(relative),
            Err(_) => return Err(SkipReason::Invalid),
        };
        match self.base {
            Base::Unreadable | Base::Waits if !self.is_absolute(href, &url) => Err(relative),
            _ => Ok(url),
        }
    }

    /// Whether `href` is `url` whatever the base. `https:page` is relative to a base of https, and the
    /// host `page` without (URL §4.4, "special relative or authority state").
    fn is_absolute(&self, href: &str, url: &Url) -> bool {
        let base = Url::parse(&format!("{}://base.invalid/", url.scheme()));
        base.is_ok_and(|base| self.parse(href, Some(&base)).as_ref() == Ok(url))
    }

    fn parse(&self, href: &str, base: Option<&Url>) -> Result<Url, ParseError> {
        if href.len() > MAX_HREF_BYTES {
            return Err(ParseError::Overflow);
        }
        let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|query| encode_query(query, self.encoding);
        Url::options()
            .base_url(base)
            .encoding_override((self.encoding != encoding_rs::UTF_8).then_some(encode))
            .parse(href)
    }
}

/// Percent-encodes what the document's charset can't express as the URL standard does (§1.3,
/// "percent-encode after encoding"): as an escaped character reference.
fn encode_query<'a>(query: &'a str, encoding: &'static Encoding) -> Cow<'a, [u8]> {
    if query.is_ascii() {
        return Cow::Borrowed(query.as_bytes());
    }
    let mut encoder = encoding.new_encoder();
    let mut encoded = Vec::with_capacity(2 * query.len());
    let mut rest = query;
    loop {
        encoded.reserve(4 * rest.len() + 16);
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut encoded, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return Cow::Owned(encoded),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(character) => {
                encoded.extend_from_slice(format!("%26%23{}%3B", u32::from(character)).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_bases(bases: &[&str]) -> Resolver {
        let mut resolver = Resolver::new(encoding_rs::UTF_8);
        for base in bases {
            resolver.set_base(base, &Dialect::default());
        }
        resolver
    }

    #[track_caller]
    fn assert_resolved(resolver: &Resolver, href: &str, expected: Result<&str, SkipReason>) {
        let url = resolver.resolve(href);
        let url = url.as_ref().map(Url::as_str).map_err(|reason| *reason);
        assert_eq!(url, expected, "{href:?}");
    }

    #[test]
    fn relative_links_follow_the_first_base_only() {
        let resolver = with_bases(&["https://base.test/dir/", "https://other.test/"]);
        assert_resolved(&resolver, "page?x=1", Ok("https://base.test/dir/page?x=1"));
        assert_resolved(&resolver, "//x.test/p", Ok("https://x.test/p"));
    }

    #[test]
    fn a_base_of_4096_bytes_is_usable() {
        let base = format!("https://x.test/{}/", "a".repeat(4080));
        assert_eq!(base.len(), 4096);
        assert_resolved(&with_bases(&[&base]), "/p", Ok("https://x.test/p"));
        let longer = base.replace("/a", "/aa");
        assert_resolved(&with_bases(&[&longer]), "/p", Err(SkipReason::Relative));
    }

    #[test]
    fn an_unusable_base_is_still_the_first() {
        let long = format!("https://x.test/{}", "a".repeat(4082));
        for base in [
            &*long,
            "data:text/html,x",
            "javascript:/x",
            "mailto:a@x.test",
            "relative/",
        ] {
            let resolver = with_bases(&[base, "https://other.test/"]);
            assert_resolved(&resolver, "page", Err(SkipReason::Relative));
        }
    }

    #[test]
    fn relative_links_of_an_unreadable_base_are_too() {
        let mut resolver = Resolver::new(encoding_rs::UTF_8);
        resolver.set_unreadable_base();
        resolver.set_base("https://other.test/", &Dialect::default());
        assert_resolved(&resolver, "page", Err(SkipReason::Charset));
        assert_resolved(&resolver, "https://x.test/a", Ok("https://x.test/a"));
    }

    #[test]
    fn queries_are_encoded_in_the_charset_of_the_document() {
        let resolver = Resolver::new(encoding_rs::WINDOWS_1252);
        assert_resolved(
            &resolver,
            "https://x.test/ü?ü",
            Ok("https://x.test/%C3%BC?%FC"),
        );
        assert_resolved(
            &resolver,
            "https://x.test/?→",
            Ok("https://x.test/?%26%238594%3B"),
        );
    }
}
