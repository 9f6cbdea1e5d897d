//! The rewriters that one would write by hand on `lol_html`.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use lol_html::html_content::{ContentType, Element};
use lol_html::{ElementContentHandlers, HandlerResult, Selector, Settings, element};
use sha2::Sha256;
use url::Url;

use super::{SECRET, run};

const PIXEL: &str = "<img src=\"https://link.example.com/o/x\" width=\"1\" height=\"1\" alt=\"\">";

/// What one would write: take the attribute, decode, parse, sign, set; append a pixel to the body.
pub fn handwritten(html: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(html.len() + html.len() / 4);
    let mut signer = Signer::new();
    let settings = Settings::new()
        .append_element_content_handler(element!("a[href], area[href]", |link| signer.track(link)))
        .append_element_content_handler(element!("body", append_pixel));
    run(settings, html.as_bytes(), &mut out);
    out
}

static LINK: LazyLock<Selector> = LazyLock::new(|| "a[href]".parse().unwrap());
static BODY: LazyLock<Selector> = LazyLock::new(|| "body".parse().unwrap());

/// The least that one would write, with the selectors built once, and `a` alone.
pub fn handwritten_least(html: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(html.len() + html.len() / 4);
    let mut signer = Signer::new();
    let links =
        ElementContentHandlers::default().element(|link: &mut Element<'_, '_>| signer.track(link));
    let body = ElementContentHandlers::default().element(append_pixel);
    let settings = Settings::new()
        .append_element_content_handler((Cow::Borrowed(&LINK), links))
        .append_element_content_handler((Cow::Borrowed(&BODY), body));
    run(settings, html, &mut out);
    out
}

fn append_pixel(body: &mut Element<'_, '_>) -> HandlerResult {
    body.append(PIXEL, ContentType::Html);
    Ok(())
}

struct Signer {
    key: Hmac<Sha256>,
    position: u32,
}

impl Signer {
    fn new() -> Self {
        Self {
            key: Hmac::new_from_slice(SECRET).unwrap(),
            position: 0,
        }
    }

    fn track(&mut self, link: &mut Element<'_, '_>) -> HandlerResult {
        if let Some(href) = link.get_attribute("href")
            && let Some(url) = self.tracking_url(&href)
        {
            link.set_attribute("href", &url)?;
            self.position += 1;
        }
        Ok(())
    }

    fn tracking_url(&self, href: &str) -> Option<String> {
        let decoded = htmlize::unescape_attribute(href);
        let url = Url::parse(&decoded).ok()?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let mut payload = Vec::with_capacity(256);
        payload.extend_from_slice(b"\x11\x01");
        payload.extend_from_slice(&self.position.to_le_bytes());
        payload.extend_from_slice(url.as_str().as_bytes());
        payload.extend_from_slice(b"msg-7f3a91c2\0rcpt-0042");
        let mut mac = self.key.clone();
        mac.update(&payload);
        let tag = mac.finalize().into_bytes();
        payload.extend_from_slice(&tag[..16]);
        let token = URL_SAFE_NO_PAD.encode(&payload);
        Some(format!("https://link.example.com/c/{token}"))
    }
}
