//! Bad input: what is refused, and in which words.

use std::error::Error;
use std::fmt::Display;

use linkseal::error::{ConfigError, HostError, TokenError};
use linkseal::{
    Charset, DomainConfig, DomainStatus, KeyId, Message, PixelOutcome, Rewriter, SendingDomain,
    SigningKey, TrackingHost, Untouched, Verifier, rewrite_with_report,
};

use crate::setup::{domain, key, stream};

#[track_caller]
fn assert_refused<T, E: Display>(result: Result<T, E>, words: &str) {
    match result {
        Ok(_) => panic!("accepted, expected: {words}"),
        Err(error) => assert_eq!(error.to_string(), words),
    }
}

fn with_host(host: &str) -> Result<DomainConfig, linkseal::error::ConfigError> {
    DomainConfig::new(
        "example.com".parse().unwrap(),
        TrackingHost::custom(host).unwrap(),
        key(1),
    )
}

#[test]
fn short_and_misspelt_keys_are_refused() {
    let too_short = "signing key is 7 bytes, expected at least 32";
    assert_refused(SigningKey::new(KeyId(1), &[1; 7]), too_short);
    assert_refused(
        SigningKey::new(KeyId(1), &[1]),
        "signing key is 1 byte, expected at least 32",
    );
    assert_refused(
        SigningKey::new(KeyId(1), &[1; 31]),
        "signing key is 31 bytes, expected at least 32",
    );
    assert!(SigningKey::new(KeyId(1), &[1; 32]).is_ok());
    let not_hex = "signing key is not hexadecimal, expected two digits for each byte";
    assert_refused(SigningKey::from_hex(KeyId(1), &"0g".repeat(32)), not_hex);
    assert_refused(SigningKey::from_hex(KeyId(1), &"0".repeat(65)), not_hex);
    assert_refused(
        SigningKey::from_hex(KeyId(1), ""),
        "signing key is 0 bytes, expected at least 32",
    );
    assert!(SigningKey::from_hex(KeyId(1), &"0aF".repeat(22)).is_ok());
    let no_id =
        "signing key has no id, expected a number below 2^32, a colon, and hexadecimal digits";
    for text in ["", "00ff", ":00ff"] {
        assert_refused(text.parse::<SigningKey>(), no_id);
    }
    let invalid_id = "key id is not a number below 2^32, expected decimal digits";
    for text in [
        "x:00ff",
        "-1:00ff",
        "+1:00ff",
        "4294967296:00ff",
        "99999999999:00ff",
    ] {
        assert_refused(text.parse::<SigningKey>(), invalid_id);
    }
    let greatest = format!("4294967295:{}", "0a".repeat(32))
        .parse::<SigningKey>()
        .unwrap();
    assert_eq!(greatest.id(), KeyId(u32::MAX));
    assert_refused("1:xy".parse::<SigningKey>(), not_hex);
    let parsed = format!("7:{}", "0a".repeat(32))
        .parse::<SigningKey>()
        .unwrap();
    assert_eq!(parsed.id(), KeyId(7));
}

#[test]
fn two_keys_of_one_id_are_refused() {
    assert_refused(
        domain().with_retired_key(key(1)),
        "key id 1 is used twice for example.com, expected each key to have its own id",
    );
    let two = domain().with_retired_key(key(2)).unwrap();
    assert_refused(
        two.with_retired_key(key(2)),
        "key id 2 is used twice for example.com, expected each key to have its own id",
    );
    assert_refused(
        Verifier::new([&domain(), &domain()]),
        "key id 1 is given twice for example.com, expected each key of a domain once",
    );
    let key_3 = key(3);
    let same = ["example.com", "EXAMPLE.com."].map(|text| (text.parse().unwrap(), &key_3));
    assert_refused(
        Verifier::from_keys(same),
        "key id 3 is given twice for example.com, expected each key of a domain once",
    );
}

#[test]
fn tracking_hosts_outside_the_domain_are_refused() {
    for host in [
        "example.com",
        "evilexample.com",
        "link.example.com.evil.test",
        "link.example.org",
        "com",
    ] {
        let words = format!(
            "tracking host `{host}` is not a subdomain of the sending domain `example.com`"
        );
        assert_refused(with_host(host), &words);
        let host = TrackingHost::custom(host).unwrap();
        assert!(!host.serves(domain().sending_domain()), "{host}");
        assert!(host.into_shared().serves(domain().sending_domain()));
    }
    for host in [
        "link.example.com",
        "LINK.Example.Com.",
        "a.b.example.com:8443/t",
    ] {
        assert!(with_host(host).is_ok(), "{host}");
        let host = TrackingHost::custom(host).unwrap();
        assert!(host.serves(&"Example.com.".parse().unwrap()), "{host}");
    }
    let shared = TrackingHost::shared("track.service.example").unwrap();
    assert!(DomainConfig::new("example.com".parse().unwrap(), shared, key(1)).is_ok());
}

#[test]
fn what_is_not_a_host_is_refused() {
    let empty = "host is empty, expected a domain name such as `link.example.com`";
    assert_refused(TrackingHost::custom(""), empty);
    assert_refused(TrackingHost::custom(":80"), empty);
    assert_refused(TrackingHost::custom("/t"), empty);
    for address in ["192.0.2.1", "0x7f.1", "[2001:db8::1]"] {
        let words = format!(
            "`{address}` is an IP address, expected a domain name such as `link.example.com`"
        );
        assert_refused(TrackingHost::shared(address), &words);
    }
    for name in ["a b.example", "a..example", "it's.example", "."] {
        let words =
            format!("`{name}` is not a domain name, expected one such as `link.example.com`");
        assert_refused(TrackingHost::custom(name), &words);
    }
    for (host, part) in [
        ("https://link.example.com", "scheme"),
        ("user@link.example.com", "user name"),
        ("link.example.com?x", "query"),
        ("link.example.com#x", "fragment"),
    ] {
        let words = format!(
            "tracking host `{host}` has a {part}, expected only a host, a port and a path prefix"
        );
        assert_refused(TrackingHost::custom(host), &words);
    }
    for host in [
        "a.example:x",
        "a.example:",
        "a.example:0",
        "a.example:65536",
        "a.example:+1",
    ] {
        let words = format!("port of `{host}` is not a number from 1 to 65535");
        assert_refused(TrackingHost::custom(host), &words);
    }
    for host in ["a b", "*", ".x.test", "x..test"] {
        let words = format!(
            "excluded host `{host}` is not usable, expected a domain name, an IP address, or `*.` before a \
             domain name"
        );
        assert_refused(domain().with_excluded_host(host), &words);
    }
    assert!(domain().with_excluded_host("*.192.0.2.1").is_err());
    assert!(domain().with_excluded_host("192.0.2.1").is_ok());
    assert_refused(
        TrackingHost::custom("link.example.com/it's"),
        "path prefix `/it's` has a character other than letters, digits, `-`, `.`, `_`, `~` and `/`",
    );
    let host = TrackingHost::custom("link.example.com").unwrap();
    assert_refused(host.cname_record(""), empty);
    assert_refused("".parse::<SendingDomain>(), empty);
    assert_refused(
        "exa mple".parse::<SendingDomain>(),
        "`exa mple` is not a domain name, expected one such as `link.example.com`",
    );
}

#[test]
fn placeholders_that_cannot_be_found_are_refused() {
    let refused = |placeholder: &str, words: &str| {
        assert_refused(domain().with_pixel_placeholder(placeholder), words);
    };
    refused("", "pixel placeholder is 0 bytes, expected 1 to 256");
    refused(
        &"x".repeat(257),
        "pixel placeholder is 257 bytes, expected 1 to 256",
    );
    assert!(domain().with_pixel_placeholder(&"x".repeat(256)).is_ok());
    for placeholder in [
        "a<b",
        "<i><b>",
        "b>",
        "< px>",
        "<1>",
        "<>",
        "<!-- px>",
        "<!---->",
        "<x y=\">",
        "<x y=`>",
        "</px>",
        "<!-- > -->",
        "<!--<-->",
    ] {
        let words = format!(
            "pixel placeholder `{placeholder}` is neither text nor a tag, expected text without `<` and `>`, \
             one whole comment, or one whole start tag without quotes"
        );
        refused(placeholder, &words);
    }
    for (placeholder, element) in [
        ("<a id=px>", "a"),
        ("<AREA>", "area"),
        ("<base/>", "base"),
        ("<noscript>", "noscript"),
        ("<img>", "img"),
    ] {
        let words = format!(
            "pixel placeholder `{placeholder}` is a tag of {element}, expected another element than \
             a, area, base, img and noscript"
        );
        refused(placeholder, &words);
    }
    for placeholder in ["[{{ses:openTracker}}]", "}}x", "{{ses:openTracker"] {
        let words = format!(
            "pixel placeholder `{placeholder}` overlaps `{{{{ses:openTracker}}}}`, expected text that does not \
             start as that ends, end as that starts, or hold it"
        );
        refused(placeholder, &words);
    }
    for placeholder in ["%px%", "<px>", "<px id=1 />", "<!-- px -->", "<abbr>"] {
        assert!(
            domain().with_pixel_placeholder(placeholder).is_ok(),
            "{placeholder}"
        );
    }
}

#[test]
fn merge_tags_that_urls_are_full_of_are_refused() {
    let long = "[".repeat(65);
    for (open, close) in [
        ("", "]]"),
        ("[[", ""),
        ("[ [", "]]"),
        ("[[", "]\n]"),
        ("[[", "]\u{a0}]"),
        ("[\0", "]]"),
        (&long, "]]"),
        ("[[", &long),
        ("--", "--"),
        ("tag:", ":tag"),
        ("/c/", "]]"),
        ("_a.B~9", "]]"),
    ] {
        let words = format!(
            "merge tag `{open}`, `{close}` is not usable, expected 1 to 64 bytes each without white space \
             and control characters, and in the opener a character other than ASCII letters, digits and \
             `-._~/:`"
        );
        assert_refused(domain().with_merge_tag(open, close), &words);
    }
    for (open, close) in [
        ("[[", "]]"),
        ("#", "#"),
        ("«", "»"),
        ("{!", "end"),
        (&long[1..], "x"),
    ] {
        assert!(domain().with_merge_tag(open, close).is_ok(), "{open}");
    }
}

#[test]
fn opt_outs_that_no_tag_can_hold_are_refused() {
    let long = "x".repeat(65);
    for name in [
        "", "a b", "a\t", "a=b", "a/b", "a>", "<a", "a\"", "'a", "é", "a\0", &long, "href", "SRC",
        "Class",
    ] {
        let words = format!(
            "opt-out attribute `{name}` is not usable, expected 1 to 64 visible ASCII characters without \
             quotes, `<`, `=`, `>` and `/`, and not `class`, `href` or `src`"
        );
        assert_refused(domain().with_opt_out_attribute(name, None), &words);
    }
    for name in ["", "a b", "a\n", "\u{2003}", "a\0", &long] {
        let words = format!(
            "opt-out class `{name}` is not usable, expected 1 to 64 bytes without white space and control \
             characters"
        );
        assert_refused(domain().with_opt_out_class(name), &words);
    }
    assert_refused(
        domain().with_opt_out_attribute("data-x", &*"x".repeat(257)),
        "value of an opt-out attribute is 257 bytes, expected at most 256",
    );
    let full = (0..32).try_fold(domain(), |domain, number| {
        domain.with_opt_out_attribute(&format!("data-{number}"), None)
    });
    let full = full.unwrap();
    assert!(full.clone().with_opt_out_attribute("DATA-31", "no").is_ok());
    assert_refused(
        full.with_opt_out_attribute("data-32", None),
        "opt-out attributes have 33 names, expected at most 32",
    );
    let usable = domain()
        .with_opt_out_attribute(&long[1..], &*"x".repeat(256))
        .and_then(|domain| domain.with_opt_out_attribute("@x:y.z", ""))
        .and_then(|domain| domain.with_opt_out_class(&long[1..]))
        .and_then(|domain| domain.with_opt_out_class("é/\""));
    assert!(usable.is_ok());
}

#[test]
fn a_name_of_253_bytes_is_the_longest_that_dns_can_hold() {
    let label = "x".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "x".repeat(61));
    assert_eq!(longest.len(), 253);
    for name in [longest.clone(), format!("{longest}.")] {
        assert!(TrackingHost::shared(&name).is_ok());
        assert_eq!(name.parse::<SendingDomain>().unwrap(), &*longest);
    }
    let longer = format!("{longest}x");
    let words = format!("`{longer}` is not a domain name, expected one such as `link.example.com`");
    assert_refused(TrackingHost::shared(&longer), &words);
    assert_refused(longer.parse::<SendingDomain>(), &words);
}

#[test]
fn long_ids_are_refused() {
    let limit = "x".repeat(1024);
    assert!(Message::new(limit.clone()).is_ok_and(|m| m.with_recipient(limit).is_ok()));
    let long = "x".repeat(1025);
    assert_refused(
        Message::new(long.clone()),
        "message id is 1025 bytes, expected at most 1024",
    );
    assert_refused(
        Message::default().with_recipient(long),
        "recipient is 1025 bytes, expected at most 1024",
    );
    assert!(Message::default().with_sent_at(u64::MAX / 2).is_ok());
    assert_refused(
        Message::default().with_sent_at(u64::MAX / 2 + 1),
        "sent at is 9223372036854775808 seconds, expected at most 9223372036854775807",
    );
}

#[test]
fn charsets_that_do_not_extend_ascii_are_refused() {
    let with = Charset::for_label;
    assert_refused(
        with("klingon"),
        "charset `klingon` is unknown, expected a label of the Encoding Standard",
    );
    for (label, name) in [
        ("utf-16", "UTF-16LE"),
        ("UTF-16BE", "UTF-16BE"),
        ("iso-2022-jp", "ISO-2022-JP"),
        ("iso-2022-kr", "replacement"),
    ] {
        let words = format!(
            "charset {name} is not ASCII-compatible, expected one such as utf-8 or windows-1252: \
             transcode the document first"
        );
        assert_refused(with(label), &words);
    }
    for label in ["us-ascii", "latin1", "shift_jis", "gb18030", " UTF-8 "] {
        assert!(with(label).is_ok(), "{label}");
    }
}

#[test]
fn an_error_keeps_its_source_and_does_not_repeat_it() {
    let error = domain().with_excluded_host("a b").unwrap_err();
    let source = error.source().unwrap();
    assert_eq!(
        source.to_string(),
        "`a b` is not a domain name, expected one such as `link.example.com`"
    );
    assert_eq!(
        source.downcast_ref(),
        Some(&HostError::Invalid {
            host: "a b".to_owned()
        })
    );
    assert!(source.source().is_none());
    // These are what they wrap, in the same words, so there is nothing to print twice.
    let own: [ConfigError; 3] = [
        domain().with_pixel_placeholder("").unwrap_err(),
        domain().with_opt_out_class("").unwrap_err(),
        domain().with_retired_key(key(1)).unwrap_err(),
    ];
    for error in own {
        assert!(error.source().is_none(), "{error}");
    }
}

#[test]
fn token_errors_say_what_was_expected() {
    for (error, words) in [
        (
            TokenError::BadSignature,
            "token has a bad signature, expected one made by a key of its domain",
        ),
        (
            TokenError::Malformed,
            "token is malformed, expected unpadded base64url of a signed or sealed payload",
        ),
        (
            TokenError::UnknownKey,
            "token names an unknown key, expected one that signs or is retired",
        ),
        (
            TokenError::UnexpectedKind,
            "token is of the other kind, expected a click under /c/ and an open under /o/",
        ),
        (
            TokenError::UnsupportedVersion,
            match cfg!(feature = "sealed") {
                true => "token has an unsupported version, expected 1 or 2",
                false => "token has an unsupported version, expected 1",
            },
        ),
    ] {
        assert_eq!(error.to_string(), words);
    }
}

#[test]
fn domains_that_are_not_validated_pass_mail_through() {
    let html = "<p data-track=off><a href='https://x.test' data-track=off>x</a></body>\r\n\0";
    for (status, reason) in [
        (DomainStatus::Pending, Untouched::DomainPending),
        (DomainStatus::External, Untouched::DomainExternal),
    ] {
        let domain = domain().with_status(status);
        let (output, report) = rewrite_with_report(html, &domain);
        assert_eq!(output, html);
        assert_eq!(report.untouched(), Some(reason));
        assert_eq!(report.pixel(), PixelOutcome::Off);
        assert_eq!((report.tracked(), report.skipped()), (0, 0));
        let (streamed, again) = stream(Rewriter::new(&domain), html.as_bytes(), 3);
        assert_eq!(streamed, html.as_bytes());
        assert_eq!(again, report);
    }
}
