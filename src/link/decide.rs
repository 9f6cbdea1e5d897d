//! Tracked, or skipped because: what a browser would open, and whether that may be tracked.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding};
use url::{ParseError, Url};

use super::merge_tag::has_merge_tag;
use super::serialised::host_if_serialised;
use crate::config::DomainConfig;
use crate::report::SkipReason;

/// A destination is a part of a token, and tokens have a limit.
const MAX_DESTINATION_BYTES: usize = 4096;

/// Only detours that nobody writes, such as `a/../` and line breaks, lead from more than that to a
/// destination that short. Parsing makes nine bytes of a NUL.
const MAX_HREF_BYTES: usize = 16 * MAX_DESTINATION_BYTES;

/// Decides on the links of one document.
#[derive(Debug)]
pub(crate) struct Linker {
    base: Base,
    domain: DomainConfig,
    encoding: &'static Encoding,
}

/// The first `base` with an `href` counts, whatever it holds (HTML §4.2.3).
#[derive(Debug)]
enum Base {
    None,
    Unusable,
    Url(Box<Url>),
}

/// What becomes of a link, as far as the document and the domain say.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Decision<'a> {
    Skip {
        destination: Option<Cow<'a, str>>,
        reason: SkipReason,
    },
    Track {
        destination: Cow<'a, str>,
    },
}

impl Linker {
    pub(crate) fn new(domain: DomainConfig, encoding: &'static Encoding) -> Self {
        Self {
            base: Base::None,
            domain,
            encoding,
        }
    }

    pub(crate) fn domain(&self) -> &DomainConfig {
        &self.domain
    }

    pub(crate) fn set_encoding(&mut self, encoding: &'static Encoding) {
        self.encoding = encoding;
    }

    pub(crate) fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// Takes in the document's `<base href>`, decoded.
    pub(crate) fn set_base(&mut self, href: &str) {
        if matches!(self.base, Base::None) {
            self.base = match self.parse(href) {
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

    /// Decides on a link by its decoded `href`.
    pub(crate) fn decide<'a>(&self, href: &'a str, opted_out: bool) -> Decision<'a> {
        if let Some(host) = host_if_serialised(href)
            && !(href.contains('%') && has_merge_tag(href))
        {
            return self.judge(Cow::Borrowed(href), host, opted_out);
        }
        if let Some(reason) = untrackable(href) {
            return Decision::skip(reason);
        }
        let url = match self.parse(href) {
            Ok(url) => url,
            Err(ParseError::Overflow) => return Decision::skip(SkipReason::TooLong),
            Err(ParseError::RelativeUrlWithoutBase) => return Decision::skip(SkipReason::Relative),
            Err(_) => return Decision::skip(SkipReason::Invalid),
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let is_web = matches!(url.scheme(), "http" | "https");
        let destination = Cow::Owned(String::from(url));
        match is_web {
            true => self.judge(destination, &host, opted_out),
            false => Decision::Skip {
                destination: Some(destination),
                reason: SkipReason::Scheme,
            },
        }
    }

    /// Decides on an http or https URL.
    fn judge<'a>(&self, destination: Cow<'a, str>, host: &str, opted_out: bool) -> Decision<'a> {
        let reason = if destination.len() > MAX_DESTINATION_BYTES {
            return Decision::skip(SkipReason::TooLong);
        } else if self.is_tracking_url(&destination) {
            SkipReason::AlreadyTracked
        } else if opted_out {
            SkipReason::OptedOut
        } else if self.domain.excludes(host) {
            SkipReason::Excluded
        } else {
            return Decision::Track { destination };
        };
        Decision::Skip {
            destination: Some(destination),
            reason,
        }
    }

    /// Both sides are serialised by the URL standard, so equal beginnings are equal origins and
    /// paths.
    fn is_tracking_url(&self, url: &str) -> bool {
        url.starts_with(self.domain.click_url_prefix())
            || url.starts_with(self.domain.open_url_prefix())
    }

    fn parse(&self, href: &str) -> Result<Url, ParseError> {
        if href.len() > MAX_HREF_BYTES {
            return Err(ParseError::Overflow);
        }
        let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|query| encode_query(query, self.encoding);
        let base = match &self.base {
            Base::Url(base) => Some(&**base),
            Base::None | Base::Unusable => None,
        };
        Url::options()
            .base_url(base)
            .encoding_override((self.encoding != encoding_rs::UTF_8).then_some(encode))
            .parse(href)
    }
}

impl Decision<'_> {
    /// Whether the link is not yet what it will be.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::Skip { reason, .. } if *reason == SkipReason::MergeTag)
    }

    pub(crate) fn skip(reason: SkipReason) -> Self {
        Self::Skip {
            destination: None,
            reason,
        }
    }
}

/// What can be said before parsing. A URL's ends lose C0 controls and blanks, and tabs and line
/// breaks anywhere in it count for nothing (URL §4.4).
fn untrackable(href: &str) -> Option<SkipReason> {
    let trimmed = href.trim_matches(|sign: char| sign <= ' ');
    if trimmed.is_empty() {
        Some(SkipReason::Empty)
    } else if trimmed.starts_with('#') {
        Some(SkipReason::Fragment)
    } else if has_other_scheme(trimmed) {
        Some(SkipReason::Scheme)
    } else if has_merge_tag(trimmed) {
        Some(SkipReason::MergeTag)
    } else {
        None
    }
}

/// Whether `href` starts with a scheme (URL §4.1) other than http and https.
fn has_other_scheme(href: &str) -> bool {
    let mut scheme = href
        .bytes()
        .filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r'))
        .map(|byte| byte.to_ascii_lowercase());
    let mut expected = b"http".iter();
    if !href.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return false;
    }
    let mut is_http = true;
    let mut length = 0;
    loop {
        match scheme.next() {
            Some(b':') => return !(is_http && (length == 4 || length == 5)),
            Some(byte) if byte.is_ascii_alphanumeric() || b"+-.".contains(&byte) => {
                is_http &= match expected.next() {
                    Some(letter) => *letter == byte,
                    None => length == 4 && byte == b's',
                };
                length += 1;
            }
            _ => return false,
        }
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
            EncoderResult::Unmappable(sign) => {
                encoded.extend_from_slice(format!("%26%23{}%3B", u32::from(sign)).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyId, SigningKey, TrackingHost};

    fn linker(encoding: &'static Encoding) -> Linker {
        let host = TrackingHost::custom("link.example.com/t").unwrap();
        let key = SigningKey::new(KeyId(1), &[1; 32]).unwrap();
        let domain = DomainConfig::new("example.com", host, key)
            .unwrap()
            .with_excluded_host("docs.example.com")
            .unwrap()
            .with_excluded_host("*.intern.example")
            .unwrap();
        Linker::new(domain, encoding)
    }

    #[track_caller]
    fn assert_tracked(linker: &Linker, href: &str, expected: &str) {
        let expected = Decision::Track {
            destination: Cow::Borrowed(expected),
        };
        assert_eq!(linker.decide(href, false), expected, "{href:?}");
    }

    #[track_caller]
    fn assert_skipped(linker: &Linker, href: &str, expected: SkipReason) {
        match linker.decide(href, false) {
            Decision::Skip { reason, .. } => assert_eq!(reason, expected, "{href:?}"),
            Decision::Track { destination } => panic!("{href:?} is tracked to {destination}"),
        }
    }

    #[test]
    fn each_reason_has_its_links() {
        use SkipReason::*;
        let linker = linker(encoding_rs::UTF_8);
        for (href, reason) in [
            ("", Empty),
            (" \t\r\n\u{0}", Empty),
            ("#top", Fragment),
            ("\n #top", Fragment),
            ("mailto:a@b.example", Scheme),
            ("MAILTO:{{email}}", Scheme),
            ("ht\ntps2://x.test", Scheme),
            ("java\tscript:alert(1)", Scheme),
            ("localhost:80", Scheme),
            ("htts://x.test", Scheme),
            ("tel:+1", Scheme),
            ("{{url}}", MergeTag),
            ("https://x.test/*|ID|*", MergeTag),
            ("page.html", Relative),
            ("//x.test/p", Relative),
            ("://x.test", Relative),
            ("?a=1", Relative),
            ("https://", Invalid),
            ("https://a b/", Invalid),
            ("http://x.test:99999/", Invalid),
            ("https://link.example.com/t/c/abc", AlreadyTracked),
            ("HTTPS://LINK.example.com:443/t/o/abc", AlreadyTracked),
            ("https://docs.example.com/", Excluded),
            ("https://a.b.intern.example/", Excluded),
        ] {
            assert_skipped(&linker, href, reason);
        }
        assert_skipped(
            &linker,
            &format!("https://x.test/{}", "a".repeat(4082)),
            TooLong,
        );
        let detours = "a/../".repeat(14_000);
        assert_skipped(&linker, &format!("https://x.test/{detours}"), TooLong);
    }

    #[test]
    fn the_destination_is_what_the_url_standard_makes_of_it() {
        let linker = linker(encoding_rs::UTF_8);
        for (href, destination) in [
            (" HTTPS://X.TEST/Path ", "https://x.test/Path"),
            ("ht\ntps://x.test/a\nb", "https://x.test/ab"),
            ("https:x.test", "https://x.test/"),
            ("https://x.test/my file", "https://x.test/my%20file"),
            ("https://bücher.test/ü", "https://xn--bcher-kva.test/%C3%BC"),
            ("https://intern.example/", "https://intern.example/"),
            (
                "https://link.example.com/t/page",
                "https://link.example.com/t/page",
            ),
            (
                "http://link.example.com/t/c/x",
                "http://link.example.com/t/c/x",
            ),
        ] {
            assert_tracked(&linker, href, destination);
        }
        let longest = format!("https://x.test/{}", "a".repeat(4081));
        assert_tracked(&linker, &longest, &longest);
        let blanks = "\t".repeat(65_536 - "https://x.test/".len());
        assert_tracked(
            &linker,
            &format!("https://x.test/{blanks}"),
            "https://x.test/",
        );
        assert_skipped(
            &linker,
            &format!("https://x.test/{blanks}\t"),
            SkipReason::TooLong,
        );
    }

    #[test]
    fn relative_links_follow_the_first_base_only() {
        let mut linker = linker(encoding_rs::UTF_8);
        linker.set_base("https://base.test/dir/");
        linker.set_base("https://other.test/");
        assert_tracked(&linker, "page?x=1", "https://base.test/dir/page?x=1");
        assert_tracked(&linker, "//x.test/p", "https://x.test/p");
        assert_skipped(&linker, "#top", SkipReason::Fragment);
        assert_skipped(&linker, "", SkipReason::Empty);
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
            let mut linker = linker(encoding_rs::UTF_8);
            linker.set_base(base);
            linker.set_base("https://other.test/");
            assert_skipped(&linker, "page", SkipReason::Relative);
        }
    }

    #[test]
    fn queries_are_encoded_in_the_charset_of_the_document() {
        let linker = linker(encoding_rs::WINDOWS_1252);
        assert_tracked(&linker, "https://x.test/ü?ü", "https://x.test/%C3%BC?%FC");
        assert_tracked(
            &linker,
            "https://x.test/?→",
            "https://x.test/?%26%238594%3B",
        );
    }
}
