//! Tracked, or skipped because: what a browser would open, and whether that may be tracked.

use std::borrow::Cow;

use encoding_rs::Encoding;
use url::Url;

use super::base::{MAX_DESTINATION_BYTES, Resolver};
use super::merge_tag::has_merge_tag;
use super::own_url::{OwnPixel, is_own_url, own_destination};
use super::serialised::host_if_serialised;
use crate::config::DomainConfig;
use crate::report::SkipReason;

/// Decides on the links of one document.
#[derive(Debug)]
pub(crate) struct LinkPolicy {
    domain: DomainConfig,
    resolver: Resolver,
}

/// What becomes of a link, as far as the document and the domain say.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Decision<'a> {
    Skip {
        destination: Option<Cow<'a, str>>,
        /// Whether the link is a tracking URL of this domain, with a genuine token.
        is_own: bool,
        reason: SkipReason,
    },
    Track {
        destination: Cow<'a, str>,
        /// The same: it was signed before.
        is_own: bool,
        /// The name that the link had in another message; it goes before a marker's.
        name: Option<String>,
    },
}

impl LinkPolicy {
    pub(crate) fn new(domain: DomainConfig, encoding: &'static Encoding) -> Self {
        Self {
            domain,
            resolver: Resolver::new(encoding),
        }
    }

    pub(crate) fn domain(&self) -> &DomainConfig {
        &self.domain
    }

    pub(crate) fn set_encoding(&mut self, encoding: &'static Encoding) {
        self.resolver.set_encoding(encoding);
    }

    pub(crate) fn encoding(&self) -> &'static Encoding {
        self.resolver.encoding()
    }

    /// Takes in the document's `<base href>`, decoded.
    pub(crate) fn set_base(&mut self, href: &str) {
        self.resolver.set_base(href, self.domain.dialect());
    }

    /// Takes in a `<base href>` whose bytes mean nothing in the document's charset.
    pub(crate) fn set_unreadable_base(&mut self) {
        self.resolver.set_unreadable_base();
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
        let url = match self.resolver.resolve(href) {
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
                is_own: false,
                reason: SkipReason::Scheme,
            },
        }
    }

    /// Returns the open pixel of this domain that a decoded `src` of an image names.
    pub(crate) fn own_pixel(&self, src: &str) -> Option<OwnPixel> {
        OwnPixel::at(src.trim_matches(is_blank), &self.domain)
    }

    /// Decides on an http or https URL.
    fn judge<'a>(&self, url: Cow<'a, str>, host: &str, opted_out: bool) -> Decision<'a> {
        if !opted_out && let Some((destination, name)) = own_destination(&url, &self.domain) {
            return self.judge_own(destination, name);
        }
        let reason = if url.len() > MAX_DESTINATION_BYTES {
            return Decision::skip(SkipReason::TooLong);
        } else if opted_out {
            SkipReason::OptedOut
        } else if is_own_url(&url, &self.domain) {
            SkipReason::AlreadyTracked
        } else if self.domain.excludes(host) {
            SkipReason::Excluded
        } else {
            return Decision::Track {
                destination: url,
                is_own: false,
                name: None,
            };
        };
        Decision::Skip {
            destination: Some(url),
            is_own: false,
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
                is_own: true,
                name,
            },
            Decision::Skip {
                destination,
                reason,
                ..
            } => Decision::Skip {
                destination,
                is_own: true,
                reason,
            },
            decision @ Decision::Track { .. } => decision,
        }
    }

    fn has_merge_tag(&self, text: &str) -> bool {
        has_merge_tag(text, self.domain.dialect())
    }
}

impl<'a> Decision<'a> {
    pub(crate) fn into_destination(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Skip { destination, .. } => destination,
            Self::Track { destination, .. } => Some(destination),
        }
    }

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

    pub(crate) fn destination(&self) -> Option<&str> {
        match self {
            Self::Skip { destination, .. } => destination.as_deref(),
            Self::Track { destination, .. } => Some(destination),
        }
    }

    pub(crate) fn skip(reason: SkipReason) -> Self {
        Self::Skip {
            destination: None,
            is_own: false,
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

#[cfg(test)]
mod tests;
