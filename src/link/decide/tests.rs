use super::*;
use crate::key::{KeyId, SigningKey};
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
        is_own: false,
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
fn a_base_gives_no_destination_to_what_leads_nowhere_else() {
    let mut policy = policy(encoding_rs::UTF_8);
    policy.set_base("https://base.test/dir/");
    assert_tracked(&policy, "page?x=1", "https://base.test/dir/page?x=1");
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
fn other_schemes_are_told_apart_before_parsing() {
    let policy = policy(encoding_rs::UTF_8);
    for href in [
        "htt:x", "httpx:x", "httpss:x", "hxtp:x", "xhttp:x", "h:x", "abcd:x", "abcde:x",
    ] {
        let expected = Decision::skip(SkipReason::Scheme);
        assert_eq!(policy.decide(href, false), expected, "{href}");
    }
}

#[test]
fn an_unreadable_base_leaves_relative_links_alone() {
    let mut policy = policy(encoding_rs::UTF_8);
    policy.set_unreadable_base();
    assert_skipped(&policy, "page", SkipReason::Charset);
}
