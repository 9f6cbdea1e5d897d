//! Tracked, or skipped because: what a browser would open, and whether that may be tracked.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding};
use url::{ParseError, Url};

use super::marker::cut_name;
use super::merge_tag::has_merge_tag;
use super::serialised::host_if_serialised;
use crate::config::DomainConfig;
use crate::report::SkipReason;
use crate::token::{Event, EventKind, TokenError, verify_url};
use crate::tracking_level::TrackingLevel;

/// A destination is a part of a token, and tokens have a limit.
const MAX_DESTINATION_BYTES: usize = 4096;

/// Only detours that nobody writes, such as `a/../` and line breaks, lead from more than that to a
/// destination that short. Parsing makes nine bytes of a NUL.
const MAX_HREF_BYTES: usize = 16 * MAX_DESTINATION_BYTES;

/// Decides on the links of one document.
#[derive(Debug)]
pub(crate) struct LinkPolicy {
    base: Base,
    domain: DomainConfig,
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

/// What becomes of a link, as far as the document and the domain say.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Decision<'a> {
    Skip {
        destination: Option<Cow<'a, str>>,
        reason: SkipReason,
    },
    Track {
        destination: Cow<'a, str>,
        /// The name that the link had in another message; it goes before a marker's.
        name: Option<String>,
    },
}

/// An open pixel of this domain that a document holds already, with a genuine token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OwnPixel(Event);

impl OwnPixel {
    /// Whether it stands for an open of the message that `domain` is scoped to, by its recipient. A pixel that
    /// names no recipient does for all of them, when no other would be put in.
    pub(crate) fn is_of(&self, domain: &DomainConfig) -> bool {
        let message = domain.message();
        let is_for_all =
            self.0.recipient().is_none() && domain.open_level(message) < TrackingLevel::Identified;
        self.0.message() == message.id()
            && (is_for_all || self.0.recipient() == message.recipient())
    }
}

impl LinkPolicy {
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
            self.base = match self.parse(href, None) {
                _ if self.has_merge_tag(href) => Base::Waits,
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
    pub(crate) fn set_unreadable_base(&mut self) {
        if matches!(self.base, Base::None) {
            self.base = Base::Unreadable;
        }
    }

    /// Decides on a link by its decoded `href`.
    pub(crate) fn decide<'a>(&self, href: &'a str, opted_out: bool) -> Decision<'a> {
        let host = host_if_serialised(href);
        // What is serialised is an http or https URL, so no reason but a merge tag is left.
        if host.is_none()
            && let Some(reason) = untrackable(href)
        {
            return Decision::skip(reason);
        }
        if self.has_merge_tag(href) {
            return Decision::skip(SkipReason::MergeTag);
        }
        if let Some(host) = host {
            return self.judge(Cow::Borrowed(href), host, opted_out);
        }
        let url = match self.resolve(href) {
            Ok(url) => url,
            Err(reason) => return Decision::skip(reason),
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

    /// Returns the open pixel of this domain that a decoded `src` of an image names.
    pub(crate) fn own_pixel(&self, src: &str) -> Option<OwnPixel> {
        let url = src.trim_matches(is_blank);
        if !url.starts_with(self.domain.open_url_prefix()) {
            return None;
        }
        let event = self.verify_own(url).ok()?;
        matches!(event.kind(), EventKind::Open(_)).then_some(OwnPixel(event))
    }

    /// Decides on an http or https URL.
    fn judge<'a>(&self, url: Cow<'a, str>, host: &str, opted_out: bool) -> Decision<'a> {
        if !opted_out && let Some((destination, name)) = self.own_destination(&url) {
            return self.judge_own(destination, name);
        }
        let reason = if url.len() > MAX_DESTINATION_BYTES {
            return Decision::skip(SkipReason::TooLong);
        } else if opted_out {
            SkipReason::OptedOut
        } else if self.is_tracking_url(&url) {
            SkipReason::AlreadyTracked
        } else if self.domain.excludes(host) {
            SkipReason::Excluded
        } else {
            return Decision::Track {
                destination: url,
                name: None,
            };
        };
        Decision::Skip {
            destination: Some(url),
            reason,
        }
    }

    /// Decides on the destination of a tracked link of another message, or of this one. It was signed
    /// as it is, so no merge tag is sought in it.
    fn judge_own(&self, destination: Url, name: Option<String>) -> Decision<'static> {
        let host = destination.host_str().unwrap_or_default().to_owned();
        match self.judge(Cow::Owned(String::from(destination)), &host, false) {
            Decision::Track {
                destination: Cow::Owned(destination),
                ..
            } => Decision::Track {
                destination: Cow::Owned(destination),
                name,
            },
            decision => decision,
        }
    }

    /// Returns where a tracking URL of this domain leads, and its link's name, if its token is genuine.
    /// It may be longer than a destination: it holds one.
    fn own_destination(&self, url: &str) -> Option<(Url, Option<String>)> {
        if !url.starts_with(self.domain.click_url_prefix()) {
            return None;
        }
        let event = self.verify_own(url).ok()?;
        let EventKind::Click(click) = event.kind() else {
            return None;
        };
        let name = click.name().map(|name| cut_name(name).to_owned());
        Some((Url::parse(click.destination()).ok()?, name))
    }

    /// Returns what the token of a tracking URL says, if a key of this domain signed it.
    fn verify_own(&self, url: &str) -> Result<Event, TokenError> {
        verify_url(url, |_| self.domain.keys())
    }

    /// Both sides are serialised by the URL standard, so equal beginnings are equal origins and
    /// paths.
    fn is_tracking_url(&self, url: &str) -> bool {
        url.starts_with(self.domain.click_url_prefix())
            || url.starts_with(self.domain.open_url_prefix())
    }

    fn has_merge_tag(&self, text: &str) -> bool {
        has_merge_tag(text, self.domain.dialect())
    }

    /// Resolves a link against the document's base.
    fn resolve(&self, href: &str) -> Result<Url, SkipReason> {
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

impl Decision<'_> {
    /// Whether the link is not yet what it will be.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::Skip { reason, .. } if *reason == SkipReason::MergeTag)
    }

    /// The name that the token of a tracking URL gives the link.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Skip { .. } => None,
            Self::Track { name, .. } => name.as_deref(),
        }
    }

    pub(crate) fn skip(reason: SkipReason) -> Self {
        Self::Skip {
            destination: None,
            reason,
        }
    }
}

/// What can be said before parsing, but for merge tags. A URL's ends lose C0 controls and blanks, and
/// tabs and line breaks anywhere in it count for nothing (URL §4.4).
fn untrackable(href: &str) -> Option<SkipReason> {
    let trimmed = href.trim_matches(is_blank);
    if trimmed.is_empty() {
        Some(SkipReason::Empty)
    } else if trimmed.starts_with('#') {
        Some(SkipReason::Fragment)
    } else if has_other_scheme(trimmed) {
        Some(SkipReason::Scheme)
    } else {
        None
    }
}

fn is_blank(character: char) -> bool {
    character <= ' '
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
            EncoderResult::Unmappable(character) => {
                encoded.extend_from_slice(format!("%26%23{}%3B", u32::from(character)).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyId, SigningKey};
    use crate::link::{Minter, TrackedLink};
    use crate::message::Message;
    use crate::pixel::PixelPosition;
    use crate::tracking_host::TrackingHost;

    fn policy(encoding: &'static Encoding) -> LinkPolicy {
        let host = TrackingHost::custom("link.example.com/t").unwrap();
        let key = SigningKey::new(KeyId(1), &[1; 32]).unwrap();
        let domain = DomainConfig::new("example.com".parse().unwrap(), host, key)
            .unwrap()
            .with_excluded_host("docs.example.com")
            .unwrap()
            .with_excluded_host("*.intern.example")
            .unwrap();
        LinkPolicy::new(domain, encoding)
    }

    #[track_caller]
    fn assert_tracked(policy: &LinkPolicy, href: &str, expected: &str) {
        let expected = Decision::Track {
            destination: Cow::Borrowed(expected),
            name: None,
        };
        assert_eq!(policy.decide(href, false), expected, "{href:?}");
    }

    #[track_caller]
    fn assert_skipped(policy: &LinkPolicy, href: &str, expected: SkipReason) {
        match policy.decide(href, false) {
            Decision::Skip { reason, .. } => assert_eq!(reason, expected, "{href:?}"),
            Decision::Track { destination, .. } => panic!("{href:?} is tracked to {destination}"),
        }
    }

    #[test]
    fn each_reason_has_its_links() {
        use SkipReason::*;
        let policy = policy(encoding_rs::UTF_8);
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
            ("https://x.test/?a=*|b", MergeTag),
            ("page?n={{ name }}", MergeTag),
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
            assert_skipped(&policy, href, reason);
        }
        assert_skipped(
            &policy,
            &format!("https://x.test/{}", "a".repeat(4082)),
            TooLong,
        );
        let detours = "a/../".repeat(14_000);
        assert_skipped(&policy, &format!("https://x.test/{detours}"), TooLong);
    }

    #[test]
    fn the_destination_is_what_the_url_standard_makes_of_it() {
        let policy = policy(encoding_rs::UTF_8);
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
            assert_tracked(&policy, href, destination);
        }
        let longest = format!("https://x.test/{}", "a".repeat(4081));
        assert_tracked(&policy, &longest, &longest);
        let blanks = "\t".repeat(65_536 - "https://x.test/".len());
        assert_tracked(
            &policy,
            &format!("https://x.test/{blanks}"),
            "https://x.test/",
        );
        assert_skipped(
            &policy,
            &format!("https://x.test/{blanks}\t"),
            SkipReason::TooLong,
        );
    }

    #[test]
    fn relative_links_follow_the_first_base_only() {
        let mut policy = policy(encoding_rs::UTF_8);
        policy.set_base("https://base.test/dir/");
        policy.set_base("https://other.test/");
        assert_tracked(&policy, "page?x=1", "https://base.test/dir/page?x=1");
        assert_tracked(&policy, "//x.test/p", "https://x.test/p");
        assert_skipped(&policy, "#top", SkipReason::Fragment);
        assert_skipped(&policy, "", SkipReason::Empty);
    }

    /// A merge tag at each place of URLs that are spelt as the serialiser would, and of others. A
    /// link that holds one is never signed, whichever way it is read.
    #[test]
    fn a_merge_tag_at_any_place_of_a_url_is_seen() {
        let domain = policy(encoding_rs::UTF_8).domain;
        let domain = domain.with_merge_tag("((", "))").unwrap();
        let domain = domain.with_merge_tag("$", "$").unwrap();
        let mut policy = LinkPolicy::new(domain, encoding_rs::UTF_8);
        policy.set_base("https://base.test/");
        for tag in [
            "{{a}}",
            "{{",
            "{%",
            "*|a|*",
            "*|",
            "%%a%%",
            "%%a",
            "%%=",
            "%%_",
            "%%[",
            "[%",
            "<%",
            "${",
            "#{",
            "%recipient.x%",
            "%name%",
            "((a))",
            "((",
            "$a$",
        ] {
            for url in [
                "https://x.test/",
                "http://shop.x.test/a/b.html?q=1&r=+/:@",
                "HTTPS://x.test/?q#f",
                "//x.test/p",
                "page?q",
            ] {
                for at in 0..=url.len() {
                    let (before, after) = url.split_at(at);
                    let href = format!("{before}{tag}{after}");
                    match policy.decide(&href, false) {
                        Decision::Skip { reason, .. } => assert!(
                            reason == SkipReason::MergeTag
                                || (reason == SkipReason::Fragment && href.starts_with('#')),
                            "{href}: {reason}"
                        ),
                        Decision::Track { .. } => panic!("{href} is tracked"),
                    }
                }
            }
        }
    }

    #[test]
    fn relative_links_wait_for_the_merge_tag_of_their_base() {
        for base in [
            "https://{{host}}/",
            "{{base}}",
            "https://x.test/*|id|*/",
            "{% base",
        ] {
            let mut policy = policy(encoding_rs::UTF_8);
            policy.set_base(base);
            policy.set_base("https://other.test/");
            for relative in [
                "page",
                "/page",
                "?q",
                "//x.test/",
                "https:page",
                "HTTP:/page",
                "ht\ntps:page",
                "..",
            ] {
                assert_skipped(&policy, relative, SkipReason::MergeTag);
                assert!(policy.decide(relative, false).waits(), "{relative}");
            }
            assert_tracked(&policy, "https://x.test/a", "https://x.test/a");
            assert_tracked(&policy, "HTTPS:\\\\x.test", "https://x.test/");
            assert_tracked(&policy, "http:/\\x.test/", "http://x.test/");
            assert_skipped(&policy, "#top", SkipReason::Fragment);
            assert_skipped(&policy, "mailto:a@x.test", SkipReason::Scheme);
            assert_skipped(&policy, "https://", SkipReason::Invalid);
        }
    }

    #[test]
    fn a_base_of_4096_bytes_is_usable() {
        let base = format!("https://x.test/{}/", "a".repeat(4080));
        assert_eq!(base.len(), 4096);
        let mut usable = policy(encoding_rs::UTF_8);
        usable.set_base(&base);
        assert_tracked(&usable, "/p", "https://x.test/p");
        let mut unusable = policy(encoding_rs::UTF_8);
        unusable.set_base(&base.replace("/a", "/aa"));
        assert_skipped(&unusable, "/p", SkipReason::Relative);
    }

    /// The tracking URL of a link, and of a pixel, in a message of that domain.
    fn own_urls(domain: &DomainConfig, link: &TrackedLink<'_>) -> [String; 2] {
        let mut minter = Minter::new(domain.clone());
        let (mut click, mut pixel) = (Vec::new(), Vec::new());
        minter.write_link(link, &mut click).unwrap();
        minter.write_pixel(PixelPosition::Start, &mut pixel);
        let pixel = String::from_utf8(pixel).unwrap();
        let url = pixel.split('"').nth(1).unwrap();
        [String::from_utf8(click).unwrap(), url.to_owned()]
    }

    fn link<'a>(destination: &'a str, name: &'a str) -> TrackedLink<'a> {
        TrackedLink {
            add_quotes: false,
            destination,
            name,
            position: 7,
        }
    }

    fn of_message(id: &str) -> DomainConfig {
        let domain = policy(encoding_rs::UTF_8).domain;
        domain.for_message(Message::new(id).unwrap())
    }

    #[test]
    fn a_tracking_url_with_a_genuine_token_leads_where_that_says() {
        let policy = policy(encoding_rs::UTF_8);
        let longest = format!("https://x.test/{}", "a".repeat(4081));
        for (destination, name) in [
            ("https://x.test/?a=1", ""),
            ("http://x.test/", "shop"),
            ("https://x.test/?a=*|b", ""),
            (&longest, "long"),
        ] {
            let [click, _] = own_urls(&of_message("m-1"), &link(destination, name));
            let folded = format!("{} \r\n{}", &click[..60], &click[60..]);
            let uppercase = click.replacen("https", "HTTPS", 1);
            let with_query = format!("{click}?fbclid=1#top");
            for href in [&*click, &folded, &uppercase, &with_query] {
                let expected = Decision::Track {
                    destination: Cow::Borrowed(destination),
                    name: (!name.is_empty()).then(|| name.to_owned()),
                };
                assert_eq!(policy.decide(href, false), expected, "{href}");
            }
        }
    }

    #[test]
    fn a_tracking_url_is_left_alone_for_the_reasons_of_its_destination() {
        let policy = policy(encoding_rs::UTF_8);
        let domain = of_message("m-1");
        let [click, open] = own_urls(&domain, &link("https://docs.example.com/", ""));
        assert_skipped(&policy, &click, SkipReason::Excluded);
        assert_skipped(&policy, &open, SkipReason::AlreadyTracked);
        let forged = click.replacen("/c/E", "/c/F", 1);
        assert_skipped(&policy, &forged, SkipReason::AlreadyTracked);
        assert_skipped(
            &policy,
            &click.replace("/c/", "/o/"),
            SkipReason::AlreadyTracked,
        );
        let [nested, _] = own_urls(&domain, &link(&open, ""));
        assert_skipped(&policy, &nested, SkipReason::AlreadyTracked);
        for url in [&click, &open, &forged] {
            match policy.decide(url, true) {
                Decision::Skip { reason, .. } => assert_eq!(reason, SkipReason::OptedOut, "{url}"),
                Decision::Track { .. } => panic!("{url} is tracked"),
            }
        }
    }

    #[test]
    fn a_retired_key_makes_a_token_genuine_and_a_key_of_another_domain_does_not() {
        let host = || TrackingHost::custom("link.example.com/t").unwrap();
        let key = |id, byte| SigningKey::new(KeyId(id), &[byte; 32]).unwrap();
        let rotated = DomainConfig::new("example.com".parse().unwrap(), host(), key(2, 2)).unwrap();
        let rotated = rotated.with_retired_key(key(1, 1)).unwrap();
        let [click, pixel] = own_urls(&of_message("m-1"), &link("https://x.test/", ""));
        let policy = LinkPolicy::new(rotated, encoding_rs::UTF_8);
        assert_tracked(&policy, &click, "https://x.test/");
        assert!(policy.own_pixel(&pixel).is_some());
        for (domain, key) in [
            ("link.example.com", key(1, 1)),
            ("example.com", key(1, 3)),
            ("example.com", key(2, 1)),
        ] {
            let host = TrackingHost::shared("link.example.com/t").unwrap();
            let other = DomainConfig::new(domain.parse().unwrap(), host, key).unwrap();
            let other = LinkPolicy::new(other, encoding_rs::UTF_8);
            assert_skipped(&other, &click, SkipReason::AlreadyTracked);
            assert_eq!(other.own_pixel(&pixel), None);
        }
    }

    #[test]
    fn a_pixel_is_its_own_messages() {
        let message = |id, recipient| Message::new(id).unwrap().with_recipient(recipient).unwrap();
        let domain = policy(encoding_rs::UTF_8).domain;
        let domain = domain.for_message(message("m-1", "r-1"));
        let [click, url] = own_urls(&domain, &link("https://x.test/", ""));
        let policy = policy(encoding_rs::UTF_8);
        let pixel = policy.own_pixel(&format!("\n {url}\t")).unwrap();
        let is_of = |message| pixel.is_of(&domain.for_message(message));
        assert!(is_of(message("m-1", "r-1").with_sent_at(1).unwrap()));
        assert!(!is_of(message("m-1", "r-2")));
        assert!(!is_of(message("m-2", "r-1")));
        assert!(!is_of(Message::default()));
        for src in ["", "x.gif", &click, &url.replace("/o/", "/c/"), &url[1..]] {
            assert_eq!(policy.own_pixel(src), None, "{src}");
        }
    }

    #[test]
    fn an_anonymous_pixel_is_that_of_every_recipient_while_no_other_is_asked_for() {
        let message = |id, recipient| Message::new(id).unwrap().with_recipient(recipient).unwrap();
        let identified = policy(encoding_rs::UTF_8).domain;
        let anonymous = identified
            .clone()
            .with_open_tracking(TrackingLevel::Anonymous);
        let url = |domain: &DomainConfig| {
            let domain = domain.for_message(message("m-1", "r-1"));
            own_urls(&domain, &link("https://x.test/", ""))[1].clone()
        };
        let policy = policy(encoding_rs::UTF_8);
        let [for_all, for_one] = [&anonymous, &identified].map(|domain| {
            let pixel = policy.own_pixel(&url(domain)).unwrap();
            move |domain: &DomainConfig, id, recipient| {
                pixel.is_of(&domain.for_message(message(id, recipient)))
            }
        });
        assert!(for_all(&anonymous, "m-1", "r-1") && for_all(&anonymous, "m-1", "r-2"));
        assert!(!for_all(&anonymous, "m-2", "r-1"));
        assert!(!for_all(&identified, "m-1", "r-1"));
        assert!(for_one(&anonymous, "m-1", "r-1") && !for_one(&anonymous, "m-1", "r-2"));
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
            let mut policy = policy(encoding_rs::UTF_8);
            policy.set_base(base);
            policy.set_base("https://other.test/");
            assert_skipped(&policy, "page", SkipReason::Relative);
        }
    }

    #[test]
    fn queries_are_encoded_in_the_charset_of_the_document() {
        let policy = policy(encoding_rs::WINDOWS_1252);
        assert_tracked(&policy, "https://x.test/ü?ü", "https://x.test/%C3%BC?%FC");
        assert_tracked(
            &policy,
            "https://x.test/?→",
            "https://x.test/?%26%238594%3B",
        );
    }
}
