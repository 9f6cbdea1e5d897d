//! What the types promise besides their methods.

use std::fmt::Debug;

use linkseal::{
    DomainConfig, Event, Message, PIXEL_GIF, Report, RewriteWriter, Rewriter, SendingDomain,
    SigningKey, Template, TrackingLevel, UntrustedToken, Verifier, rewrite, rewrite_with_report,
};

use crate::setup::{domain, stream};

/// A secret whose every spelling can be searched for.
const SECRET: &[u8; 32] = b"Kx9vQ2mR7tW4zB8nC5jL1pD6hF3gS0yA";

fn is_send<T: Send>() {}
fn is_send_and_sync<T: Send + Sync>() {}

#[test]
fn types_can_move_between_threads() {
    is_send::<Rewriter>();
    is_send::<RewriteWriter<Vec<u8>>>();
    is_send_and_sync::<DomainConfig>();
    is_send_and_sync::<Verifier>();
    is_send_and_sync::<Event>();
    is_send_and_sync::<SendingDomain>();
    is_send_and_sync::<SigningKey>();
    is_send_and_sync::<UntrustedToken>();
    is_send_and_sync::<Report>();
}

#[test]
fn no_debug_text_has_the_secret_in_it() {
    let key = SigningKey::new(linkseal::KeyId(7), SECRET).unwrap();
    let host = linkseal::TrackingHost::custom("link.example.com").unwrap();
    let retired = domain();
    let config = DomainConfig::new("example.com".parse().unwrap(), host, key.clone())
        .unwrap()
        .with_retired_key(SigningKey::new(linkseal::KeyId(8), SECRET).unwrap())
        .unwrap()
        .for_message(retired.message().clone());
    let verifier = Verifier::new([&config]).unwrap();
    let rewriter = Rewriter::new(&config);
    let template = Template::compile("<a href=https://x.test>x</a>", &config);
    let (html, report) = rewrite_with_report("<a href=https://x.test>x</a>", &config);
    let url = html
        .split("href=")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    let token = UntrustedToken::parse_url(url).unwrap();
    let event = token.verify(&config).unwrap();
    let error = SigningKey::new(linkseal::KeyId(9), &SECRET[..7]).unwrap_err();
    let shown: [&dyn Debug; 9] = [
        &key, &config, &verifier, &token, &rewriter, &template, &report, &event, &error,
    ];
    for value in shown {
        for text in [format!("{value:?}"), format!("{value:#?}")] {
            assert_shows_nothing(&text);
        }
    }
    assert!(format!("{key:?}").contains('7'));
}

/// Neither as text, nor as numbers, nor as hexadecimal digits.
#[track_caller]
fn assert_shows_nothing(text: &str) {
    let parts = SECRET.windows(6);
    for part in parts {
        let numbers: Vec<String> = part.iter().map(u8::to_string).collect();
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        let spaced: String = text.split_whitespace().collect();
        assert!(!text.contains(std::str::from_utf8(part).unwrap()), "{text}");
        assert!(!spaced.contains(&numbers.join(",")), "{text}");
        assert!(!text.to_lowercase().contains(&hex), "{text}");
    }
}

#[test]
fn the_gif_is_one_transparent_pixel() {
    // GIF89a, a logical screen of 1 by 1, one transparent colour, one image, the trailer.
    assert_eq!(PIXEL_GIF.len(), 42);
    assert_eq!(&PIXEL_GIF[..10], b"GIF89a\x01\0\x01\0");
    assert_eq!(&PIXEL_GIF[19..23], b"!\xf9\x04\x01");
    assert_eq!(PIXEL_GIF.last(), Some(&b';'));
}

#[test]
fn gmail_clips_over_102_kilobytes() {
    for (bytes, clips) in [(102 * 1024, false), (102 * 1024 + 1, true)] {
        let rewriter = Rewriter::new(&domain().with_open_tracking(TrackingLevel::Off));
        let (_, report) = stream(rewriter, &vec![b'x'; bytes], 4096);
        assert_eq!(report.gmail_clips(), clips, "{bytes}");
    }
}

#[test]
fn an_event_shows_what_it_says_and_what_is_absent() {
    let link = "<a data-track-name=cta href=https://x.test/>x</a>";
    let html = rewrite(link, &domain().for_message(Message::default()));
    let url = html.split(['=', '>']).find(|part| part.contains("/c/"));
    let token = UntrustedToken::parse_url(url.unwrap()).unwrap();
    let event = token.verify(&domain()).unwrap();
    assert_eq!(
        (event.message(), event.recipient(), event.sent_at()),
        (None, None, None)
    );
    let text = format!("{event:?}");
    for field in [
        "example.com",
        "sent_at: None",
        "position: 0",
        "\"cta\"",
        "https://x.test/",
    ] {
        assert!(text.contains(field), "{text}");
    }
}
