//! What the tests share: a domain, ways to rewrite, and ways to take an output apart.

use std::sync::LazyLock;

use linkseal::{
    Click, DomainConfig, Event, EventKind, KeyId, Message, Report, Rewriter, SigningKey,
    StreamOptions, TrackingHost, Verifier,
};
use memchr::memchr2;

pub const CLICK_PREFIX: &str = "https://link.example.com/c/";
pub const OPEN_PREFIX: &str = "https://link.example.com/o/";
pub const PIXEL_START: &str = "<img src=\"https://link.example.com/o/";

pub const SECRET: [u8; 32] = [0x42; 32];

pub fn key(id: u32) -> SigningKey {
    SigningKey::new(KeyId(id), &SECRET).unwrap()
}

pub fn domain() -> DomainConfig {
    static DOMAIN: LazyLock<DomainConfig> = LazyLock::new(|| {
        let host = TrackingHost::custom("link.example.com").unwrap();
        let message = Message::new("msg-7f3a").unwrap();
        let message = message.with_recipient("rcpt-42").unwrap();
        let domain = DomainConfig::new("example.com".parse().unwrap(), host, key(1)).unwrap();
        domain.for_message(message)
    });
    DOMAIN.clone()
}

pub fn verifier() -> &'static Verifier {
    static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new([&domain()]).unwrap());
    &VERIFIER
}

#[track_caller]
pub fn event(url: &str) -> Event {
    match verifier().verify_url(url) {
        Ok(event) => event,
        Err(error) => panic!("{url}: {error}"),
    }
}

#[track_caller]
pub fn click(url: &str) -> Click {
    match event(url).kind() {
        EventKind::Click(click) => click.clone(),
        other => panic!("{url}: {other:?}"),
    }
}

/// Rewrites bytes in chunks of `size`.
pub fn stream(mut rewriter: Rewriter, html: &[u8], size: usize) -> (Vec<u8>, Report) {
    let mut out = Vec::new();
    for chunk in html.chunks(size) {
        rewriter.push(chunk, &mut out);
    }
    let report = rewriter.finish(&mut out);
    (out, report)
}

/// Rewrites bytes within a memory limit, in chunks of `size`.
pub fn limited(domain: &DomainConfig, limit: usize, html: &[u8], size: usize) -> (Vec<u8>, Report) {
    let options = StreamOptions::new().with_memory_limit(limit);
    stream(Rewriter::with_options(domain, &options), html, size)
}

/// All tracking URLs of clicks in the output, in order.
pub fn tracking_urls(html: &[u8]) -> Vec<String> {
    let html = String::from_utf8_lossy(html);
    html.match_indices(CLICK_PREFIX)
        .map(|(at, _)| {
            let rest = &html[at + CLICK_PREFIX.len()..];
            format!("{CLICK_PREFIX}{}", &rest[..token_length(rest.as_bytes())])
        })
        .collect()
}

pub fn count_pixels(html: &[u8]) -> usize {
    String::from_utf8_lossy(html).matches(PIXEL_START).count()
}

/// Undoes the edits: puts the original values back in order, and takes the pixels out.
pub fn undo(html: &[u8], originals: &[Vec<u8>]) -> Vec<u8> {
    let mut originals = originals.iter();
    let (mut undone, mut rest) = (Vec::new(), html);
    while !rest.is_empty() {
        // What stays comes in long runs: a document may have a hundred megabytes.
        let (run, from) = rest.split_at(memchr2(b'h', b'<', rest).unwrap_or(rest.len()));
        undone.extend_from_slice(run);
        rest = from;
        if let Some(after) = rest.strip_prefix(CLICK_PREFIX.as_bytes()) {
            undone.extend_from_slice(originals.next().expect("an original for each URL"));
            rest = &after[token_length(after)..];
        } else if rest.starts_with(PIXEL_START.as_bytes()) {
            let end = rest.iter().position(|byte| *byte == b'>').unwrap();
            rest = &rest[end + 1..];
        } else if let Some((byte, after)) = rest.split_first() {
            undone.push(*byte);
            rest = after;
        }
    }
    assert_eq!(originals.next(), None, "a URL for each original");
    undone
}

/// How many characters of base64url the bytes start with.
pub fn token_length(bytes: &[u8]) -> usize {
    let is_character = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    bytes.iter().take_while(is_character).count()
}
