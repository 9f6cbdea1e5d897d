//! Any document: rewriting does not panic, gives the same in any chunks and by a template, and
//! changes nothing more the second time. `cargo +nightly fuzz run rewrite`.

#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use linkseal::{
    DomainConfig, KeyId, Message, Rewriter, SigningKey, Template, TrackingHost, rewrite,
};

fuzz_target!(|html: &str| {
    let key = SigningKey::new(KeyId(1), &[0x42; 32]).unwrap();
    let host = TrackingHost::custom("link.example.com").unwrap();
    let domain = DomainConfig::new("example.com", host, key)
        .unwrap()
        .with_markers_kept();
    let whole = rewrite(html, &domain);
    for size in [1, 3, 7] {
        let mut rewriter = Rewriter::new(&domain, Vec::new());
        for chunk in html.as_bytes().chunks(size) {
            rewriter.write_all(chunk).unwrap();
        }
        let (streamed, _) = rewriter.finish().unwrap();
        assert_eq!(String::from_utf8(streamed).unwrap(), whole, "{html:?} by {size}");
    }
    let rendered = Template::compile(html, &domain).render(&Message::default());
    assert_eq!(rendered, whole, "{html:?} by a template");
    // Postal's opt-out goes even when markers are kept.
    if !html.to_ascii_lowercase().contains("+notrack") {
        assert_eq!(rewrite(&whole, &domain), whole, "{html:?} a second time");
    }
});
