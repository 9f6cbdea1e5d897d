//! Tracking URLs and pixels of the domain itself, as a quoted reply or a sent mail holds them.

use url::Url;

use super::marker_set::cut_name;
use crate::config::DomainConfig;
use crate::token::{Event, EventKind, TokenError, verify_url};
use crate::tracking_level::TrackingLevel;

/// An open pixel of this domain that a document holds already, with a genuine token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OwnPixel(Event);

impl OwnPixel {
    /// Returns the pixel that a URL without blanks around it names.
    pub(super) fn at(url: &str, domain: &DomainConfig) -> Option<Self> {
        if !url.starts_with(domain.open_url_prefix()) {
            return None;
        }
        let event = verify_own(url, domain).ok()?;
        matches!(event.kind(), EventKind::Open(_)).then_some(Self(event))
    }

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

/// Returns where a tracking URL of this domain leads, and its link's name, if its token is genuine.
/// It may be longer than a destination: it holds one.
pub(super) fn own_destination(url: &str, domain: &DomainConfig) -> Option<(Url, Option<String>)> {
    if !url.starts_with(domain.click_url_prefix()) {
        return None;
    }
    let event = verify_own(url, domain).ok()?;
    let EventKind::Click(click) = event.kind() else {
        return None;
    };
    let name = click.name().map(|name| cut_name(name).to_owned());
    Some((Url::parse(click.destination()).ok()?, name))
}

/// Whether a URL is a tracking URL of this domain, whatever its token. Both sides are serialised by the URL
/// standard, so equal beginnings are equal origins and paths.
pub(super) fn is_own_url(url: &str, domain: &DomainConfig) -> bool {
    url.starts_with(domain.click_url_prefix()) || url.starts_with(domain.open_url_prefix())
}

/// Returns what the token of a tracking URL says, if a key of this domain signed it.
fn verify_own(url: &str, domain: &DomainConfig) -> Result<Event, TokenError> {
    verify_url(url, |_| domain.keys())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::key::{KeyId, SigningKey};
    use crate::link::{Decision, LinkPolicy, Minter, TrackedLink};
    use crate::message::Message;
    use crate::pixel::PixelPosition;
    use crate::report::SkipReason;
    use crate::tracking_host::TrackingHost;

    fn domain() -> DomainConfig {
        let host = TrackingHost::custom("link.example.com/t").unwrap();
        let key = SigningKey::new(KeyId(1), &[1; 32]).unwrap();
        DomainConfig::new("example.com".parse().unwrap(), host, key)
            .unwrap()
            .with_excluded_host("docs.example.com")
            .unwrap()
    }

    fn policy() -> LinkPolicy {
        LinkPolicy::new(domain(), encoding_rs::UTF_8)
    }

    #[track_caller]
    fn assert_skipped(policy: &LinkPolicy, href: &str, expected: SkipReason) {
        match policy.decide(href, false) {
            Decision::Skip { reason, .. } => assert_eq!(reason, expected, "{href:?}"),
            Decision::Track { destination, .. } => panic!("{href:?} is tracked to {destination}"),
        }
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
            plain: destination,
            position: 7,
            untracked: None,
        }
    }

    fn of_message(id: &str) -> DomainConfig {
        let domain = domain();
        domain.for_message(Message::new(id).unwrap())
    }

    #[test]
    fn a_tracking_url_with_a_genuine_token_leads_where_that_says() {
        let policy = policy();
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
                    is_own: true,
                    name: (!name.is_empty()).then(|| name.to_owned()),
                };
                assert_eq!(policy.decide(href, false), expected, "{href}");
            }
        }
    }

    #[test]
    fn a_tracking_url_is_left_alone_for_the_reasons_of_its_destination() {
        let policy = policy();
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
        let expected = Decision::Track {
            destination: Cow::Borrowed("https://x.test/"),
            is_own: true,
            name: None,
        };
        assert_eq!(policy.decide(&click, false), expected);
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
        let domain = domain();
        let domain = domain.for_message(message("m-1", "r-1"));
        let [click, url] = own_urls(&domain, &link("https://x.test/", ""));
        let policy = policy();
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
        let identified = domain();
        let anonymous = identified
            .clone()
            .with_open_tracking(TrackingLevel::Anonymous);
        let url = |domain: &DomainConfig| {
            let domain = domain.for_message(message("m-1", "r-1"));
            own_urls(&domain, &link("https://x.test/", ""))[1].clone()
        };
        let policy = policy();
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
}
