//! What is measured: the same work by linkseal, by `lol_html` bare, and by a rewriter that one would
//! write by hand on `lol_html`.

pub mod inputs;

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use linkseal::{DomainConfig, KeyId, Message, Rewriter, SigningKey, TrackingHost};
use lol_html::html_content::ContentType;
use lol_html::{HtmlRewriter, Settings, doc_comments, element};
use sha2::Sha256;
use url::Url;

pub const SECRET: &[u8; 32] = b"a secret that only benches know!";

pub fn domain() -> DomainConfig {
    let host = TrackingHost::custom("link.example.com").unwrap();
    let key = SigningKey::new(KeyId(1), SECRET).unwrap();
    DomainConfig::new("example.com", host, key)
        .unwrap()
        .for_message(message())
}

pub fn message() -> Message {
    let message = Message::new("msg-7f3a91c2").unwrap();
    let message = message.with_recipient("rcpt-0042").unwrap();
    message.with_sent_at(1_790_000_000).unwrap()
}

/// `lol_html` parses and passes through.
pub fn lol_html_pass(html: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(html.len());
    run(Settings::new(), html, &mut out);
    out
}

/// `lol_html` with handlers for all that a tracker must see, which do nothing: links, areas, the
/// base, the body, and comments where the document has conditional ones.
pub fn lol_html_idle(html: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(html.len());
    let mut settings = Settings::new()
        .append_element_content_handler(element!("a[href]", |_| Ok(())))
        .append_element_content_handler(element!("area[href]", |_| Ok(())))
        .append_element_content_handler(element!("base[href]", |_| Ok(())))
        .append_element_content_handler(element!("body", |_| Ok(())));
    if html.contains("<!--[if") {
        settings = settings.append_document_content_handler(doc_comments!(|_| Ok(())));
    }
    run(settings, html, &mut out);
    out
}

/// What one would write: take the attribute, decode, parse, sign, set; append a pixel to the body.
pub fn handwritten(html: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(html.len() + html.len() / 4);
    let key: Hmac<Sha256> = Hmac::new_from_slice(SECRET).unwrap();
    let mut position = 0_u32;
    let track = |href: &str, position: u32| -> Option<String> {
        let decoded = htmlize::unescape_attribute(href);
        let url = Url::parse(&decoded).ok()?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let mut payload = Vec::with_capacity(256);
        payload.extend_from_slice(b"\x11\x01");
        payload.extend_from_slice(&position.to_le_bytes());
        payload.extend_from_slice(url.as_str().as_bytes());
        payload.extend_from_slice(b"msg-7f3a91c2\0rcpt-0042");
        let mut mac = key.clone();
        mac.update(&payload);
        let tag = mac.finalize().into_bytes();
        payload.extend_from_slice(&tag[..16]);
        let token = URL_SAFE_NO_PAD.encode(&payload);
        Some(format!("https://link.example.com/c/{token}"))
    };
    let settings = Settings::new()
        .append_element_content_handler(element!("a[href], area[href]", |link| {
            if let Some(href) = link.get_attribute("href")
                && let Some(url) = track(&href, position)
            {
                link.set_attribute("href", &url)?;
                position += 1;
            }
            Ok(())
        }))
        .append_element_content_handler(element!("body", |body| {
            let pixel =
                "<img src=\"https://link.example.com/o/x\" width=\"1\" height=\"1\" alt=\"\">";
            body.append(pixel, ContentType::Html);
            Ok(())
        }));
    run(settings, html, &mut out);
    out
}

/// linkseal's stream, in chunks of 4 KB.
pub fn stream(html: &str, domain: &DomainConfig) -> Vec<u8> {
    let out = Vec::with_capacity(html.len() + html.len() / 4 + 1024);
    let mut rewriter = Rewriter::new(domain, out).with_summary_only();
    for chunk in html.as_bytes().chunks(4096) {
        rewriter.write_all(chunk).unwrap();
    }
    rewriter.finish().unwrap().0
}

fn run(settings: Settings<'_, '_>, html: &str, out: &mut Vec<u8>) {
    let settings = settings.with_strict(false);
    let mut rewriter = HtmlRewriter::new(settings, |bytes: &[u8]| out.extend_from_slice(bytes));
    rewriter.write(html.as_bytes()).unwrap();
    rewriter.end().unwrap();
}
