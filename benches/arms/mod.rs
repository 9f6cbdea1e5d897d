//! What is measured: the same work by linkseal, by `lol_html` bare, and by a rewriter that one would
//! write by hand on `lol_html`.

pub mod corpus;
pub mod handwritten;
pub mod inputs;
pub mod messages;

use std::borrow::Cow;
use std::sync::LazyLock;

use linkseal::{DomainConfig, KeyId, Message, Rewriter, SigningKey, StreamOptions, TrackingHost};
use lol_html::html_content::Element;
use lol_html::{ElementContentHandlers, HtmlRewriter, Selector, Settings, doc_comments};

pub const SECRET: &[u8; 32] = b"a secret that only benches know!";

pub fn domain() -> DomainConfig {
    let host = TrackingHost::custom("link.example.com").unwrap();
    let key = SigningKey::new(KeyId(1), SECRET).unwrap();
    DomainConfig::new("example.com".parse().unwrap(), host, key)
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
    run(Settings::new(), html.as_bytes(), &mut out);
    out
}

static WHAT_A_TRACKER_NEEDS: LazyLock<Vec<Selector>> = LazyLock::new(|| {
    let selectors = ["a[href]", "area[href]", "base[href]", "body"];
    selectors.map(|selector| selector.parse().unwrap()).into()
});

/// `lol_html` with handlers for all that a tracker must see, which do nothing: links, areas, the
/// base, the body, and comments where the document has conditional ones. The selectors are built once:
/// the floor holds nothing that a tracker can do without.
pub fn lol_html_idle(html: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(html.len());
    let mut settings = WHAT_A_TRACKER_NEEDS
        .iter()
        .fold(Settings::new(), |settings, selector| {
            let handlers =
                ElementContentHandlers::default().element(|_: &mut Element<'_, '_>| Ok(()));
            settings.append_element_content_handler((Cow::Borrowed(selector), handlers))
        });
    if html.contains("<!--[if") {
        settings = settings.append_document_content_handler(doc_comments!(|_| Ok(())));
    }
    run(settings, html.as_bytes(), &mut out);
    out
}

/// linkseal's stream, in chunks of 4 KB.
pub fn stream(html: &str, domain: &DomainConfig) -> Vec<u8> {
    let mut out = Vec::with_capacity(html.len() + html.len() / 4 + 1024);
    let options = StreamOptions::new().with_summary_only();
    let mut rewriter = Rewriter::with_options(domain, &options);
    for chunk in html.as_bytes().chunks(4096) {
        rewriter.push(chunk, &mut out);
    }
    rewriter.finish(&mut out);
    out
}

fn run(settings: Settings<'_, '_>, html: &[u8], out: &mut Vec<u8>) {
    let settings = settings.with_strict(false);
    let mut rewriter = HtmlRewriter::new(settings, |bytes: &[u8]| out.extend_from_slice(bytes));
    rewriter.write(html).unwrap();
    rewriter.end().unwrap();
}
