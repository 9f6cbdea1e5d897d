//! What may become of a link.

use encoding_rs::Encoding;
use linkseal::{Click, EventKind, Link, LinkOutcome, SkipReason};
use url::{ParseError, Url};

use crate::judge::{Tag, resolve};
use crate::naive::{extended, has_merge_tag, name_of, opts_out, refuses_parameters};
use crate::settings::{EXCLUDED_HOST, EXCLUDED_PARENT, Settings, own_verifier};
use crate::setup::{CLICK_PREFIX, OPEN_PREFIX};
use crate::{Verdict, ensure};

/// Longer destinations are not tracked.
const MAX_DESTINATION_BYTES: usize = 4096;
/// Longer values are not parsed.
const MAX_HREF_BYTES: usize = 65536;

/// What links are resolved against.
#[derive(Debug, Default)]
pub(super) struct Base {
    url: Option<Url>,
    /// It holds bytes that are no text.
    is_broken: bool,
    /// It holds a merge tag.
    waits: bool,
}

impl Base {
    /// Browsers refuse `data:` and `javascript:` (HTML §4.2.3); one over the limit of destinations is left
    /// out too.
    pub(super) fn of(href: &str, broken_mark: Option<char>, settings: Settings) -> Self {
        let is_usable = |url: &Url| {
            !url.cannot_be_a_base()
                && !matches!(url.scheme(), "data" | "javascript")
                && url.as_str().len() <= MAX_DESTINATION_BYTES
        };
        let is_broken = broken_mark.is_some_and(|mark| href.contains(mark));
        let waits = !is_broken && has_merge_tag(href, settings);
        let url = Url::parse(href).ok().filter(is_usable);
        Self {
            url: url.filter(|_| !waits && !is_broken),
            is_broken,
            waits,
        }
    }
}

/// A link, and all that the judges say of it.
struct Judged<'a> {
    base: &'a Base,
    /// Where it leads with campaign parameters, if it gets any.
    extended: Option<String>,
    href: &'a str,
    is_relative: bool,
    opts_out: bool,
    /// Where it leads: the destination of a tracking URL that is genuine.
    resolved: Result<Url, ParseError>,
    settings: Settings,
}

/// Whether the outcome of a link is one that the judges allow.
pub(super) fn judge_link(
    tag: &Tag,
    base: &Base,
    encoding: &'static Encoding,
    link: &Link,
    settings: Settings,
) -> Verdict {
    let href = tag.attribute("href").unwrap_or_default();
    let opts_out = opts_out(tag, settings);
    let followed = resolve(href, base.url.as_ref(), encoding);
    let own = followed.as_ref().ok().and_then(own_click);
    let own = own.filter(|_| !opts_out);
    let own_name = own.as_ref().and_then(Click::name);
    let marker_name = name_of(tag);
    let name = own_name.or(marker_name.as_deref());
    let is_skipped = link.outcome() != LinkOutcome::Tracked;
    ensure!(
        link.name() == name || (is_skipped && link.name() == marker_name.as_deref()),
        "the name is {name:?}"
    );
    let with_parameters = followed
        .as_ref()
        .ok()
        .filter(|_| own.is_none() && !opts_out && !refuses_parameters(tag))
        .and_then(|url| extended(url, name, settings));
    let judged = Judged {
        base,
        extended: with_parameters,
        href,
        is_relative: is_relative(href, encoding),
        opts_out,
        resolved: match &own {
            Some(click) => Url::parse(click.destination()),
            None => followed,
        },
        settings,
    };
    let resolved = judged.resolved.as_ref().ok().map(Url::as_str);
    let may_be_extended = !is_skipped || link.outcome().skip_reason() == Some(SkipReason::Excluded);
    let with_parameters = judged.extended.as_deref().filter(|_| may_be_extended);
    ensure!(
        link.destination().is_none()
            || link.destination() == resolved
            || link.destination() == with_parameters,
        "the destination is {resolved:?}, with parameters {with_parameters:?}"
    );
    if let Some(reason) = link.outcome().skip_reason() {
        ensure!(judged.is_reason(reason), "{reason:?} is no reason");
        return Ok(());
    }
    judged.may_be_tracked(link)
}

/// What becomes of a link whose value holds bytes that are no text: where it leads is not known.
pub(super) fn judge_broken(tag: &Tag, link: &Link) -> Verdict {
    let reason = link.outcome().skip_reason();
    let href = tag.attribute("href").unwrap_or_default();
    ensure!(
        reason == Some(SkipReason::Charset)
            || (reason == Some(SkipReason::OptedOut) && is_no_track(href)),
        "holds bytes that are no text"
    );
    ensure!(link.destination().is_none(), "leads nowhere that is known");
    Ok(())
}

impl Judged<'_> {
    fn trimmed(&self) -> &str {
        self.href.trim_matches(|character: char| character <= ' ')
    }

    fn web(&self) -> Option<&Url> {
        let url = self.resolved.as_ref().ok();
        url.filter(|url| matches!(url.scheme(), "http" | "https"))
    }

    fn may_be_tracked(&self, link: &Link) -> Verdict {
        let destination = self.extended.as_deref().or(self.web().map(Url::as_str));
        ensure!(
            destination.is_some() && link.destination() == destination,
            "leads nowhere on the web"
        );
        ensure!(
            !self.trimmed().is_empty() && !self.trimmed().starts_with('#'),
            "leads to no other page"
        );
        ensure!(!has_merge_tag(self.href, self.settings), "has a merge tag");
        ensure!(
            !(self.is_relative && (self.base.waits || self.base.is_broken)),
            "waits for its base"
        );
        ensure!(!self.opts_out, "opts out");
        ensure!(!self.web().is_some_and(is_excluded), "is excluded");
        Ok(())
    }

    fn is_reason(&self, reason: SkipReason) -> bool {
        let destination = self.web().map(Url::as_str);
        let is_own = |url: &str| url.starts_with(CLICK_PREFIX) || url.starts_with(OPEN_PREFIX);
        let has_no_base = matches!(self.resolved, Err(ParseError::RelativeUrlWithoutBase));
        match reason {
            SkipReason::AlreadyTracked => destination.is_some_and(is_own),
            SkipReason::Charset => self.base.is_broken && self.is_relative,
            SkipReason::Empty => self.trimmed().is_empty(),
            SkipReason::Excluded => self.web().is_some_and(is_excluded),
            SkipReason::Fragment => self.trimmed().starts_with('#'),
            SkipReason::Invalid => self.resolved.is_err() && !has_no_base,
            SkipReason::LineLength => self.settings.line_limit.is_some(),
            SkipReason::MergeTag => {
                has_merge_tag(self.trimmed(), self.settings)
                    || (self.base.waits && self.is_relative)
            }
            SkipReason::OptedOut => self.opts_out || is_no_track(self.href),
            SkipReason::Relative => has_no_base && !self.base.waits && !self.base.is_broken,
            SkipReason::Scheme => {
                destination.is_none() && (self.resolved.is_ok() || self.trimmed().contains(':'))
            }
            SkipReason::TooLong => {
                self.href.len() > MAX_HREF_BYTES
                    || destination.is_some_and(|url| url.len() > MAX_DESTINATION_BYTES)
            }
            _ => false,
        }
    }
}

fn is_no_track(href: &str) -> bool {
    href.to_ascii_lowercase().contains("+notrack:")
}

/// Whether a link leads elsewhere with another base: `https:page` does.
fn is_relative(href: &str, encoding: &'static Encoding) -> bool {
    let on = |base: &str| resolve(href, Url::parse(base).ok().as_ref(), encoding);
    matches!(
        resolve(href, None, encoding),
        Err(ParseError::RelativeUrlWithoutBase)
    ) || on("http://one.invalid/") != on("https://two.invalid/")
}

/// What the token of a tracking URL of the tests' domain says, if it is genuine.
fn own_click(url: &Url) -> Option<Click> {
    let url = url.as_str();
    match own_verifier().verify_url(url).ok()?.kind() {
        EventKind::Click(click) if url.starts_with(CLICK_PREFIX) => Some(click.clone()),
        _ => None,
    }
}

fn is_excluded(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    host == EXCLUDED_HOST || host.ends_with(&format!(".{EXCLUDED_PARENT}"))
}
