//! Laws that hold for any document, tried on documents that nobody would write.

use linkseal::{
    DomainConfig, LinkOutcome, Message, PixelPlacement, Rewriter, TokenError, Verifier, rewrite,
    rewrite_with_report,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::setup::{CLICK_PREFIX, domain, originals, stream, tracking_urls, undo, verifier};
use crate::template::{assert_renders, domains, messages};

/// What documents are glued together from: whole constructs, and the beginnings of others.
const PIECES: &[&str] = &[
    "<a href=\"https://x.test/?a=1&amp;b=2\">",
    "<a href='http://y.test'>",
    "<A HREF=https://z.test/>",
    "<a href = \"&#104;ttps://x.test/&copy=1\">",
    "<area href=\"https://x.test/map\">",
    "<a href=\"mailto:a@b.test\">",
    "<a href=\"#top\">",
    "<a href=\"{{url}}\">",
    "<a href=page>",
    "<a href=\"https://x.test/1\" href=\"https://x.test/2\">",
    "<a href=>",
    "<a name=x>",
    "</a>",
    "<a data-track=off href=\"https://x.test/off\">",
    "<a href=https://x.test/n data-track-name=n>",
    "<a href=\"https://x.test/\"data-track=\"off\"class=x>",
    "<a href=x data-pm-no-track/>",
    "<a href=https://x.test/unsubscribe>",
    "<a class=untracked href=https://x.test/c>",
    "<a title=\"<a href=https://t.test>\" href=\"https://x.test/t\">",
    "<a/href=https://x.test/s>",
    "<base href=\"https://base.test/d/\">",
    "<link href=https://l.test>",
    "<img src=https://i.test>",
    "<!--[if mso]>",
    "<![endif]-->",
    "<!--[if !mso]><!-->",
    "<!--<![endif]-->",
    "<!--",
    "-->",
    "--!>",
    "<v:roundrect href=\"https://x.test/vml\" ses:tags=k:v>",
    "<v:rect/>",
    "<!-->",
    "<!--->",
    "<![CDATA[",
    "]]>",
    "<!doctype html>",
    "<?php ?>",
    "</>",
    "</ x>",
    "<!x>",
    "<",
    "</",
    "<!",
    "&",
    "<html>",
    "<head>",
    "</head>",
    "<body>",
    "<BODY class=x>",
    "</body>",
    "</html>",
    "<template>",
    "</template>",
    "<table><tr><td>",
    "</table>",
    "<select><option>",
    "</select>",
    "<p>",
    "</p>",
    "<style>",
    "</style>",
    "<title>",
    "</title>",
    "<textarea>",
    "</textarea>",
    "<script>",
    "<noscript>",
    "</noscript>",
    "</script>",
    "<svg>",
    "</svg>",
    "{{ses:openTracker}}",
    "<opentag/>",
    "<img src=\"https://link.example.com/o/x\">",
    "\u{0} text \r\n",
    "é表",
];

fn documents() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..24).prop_map(|pieces| pieces.concat())
}

fn placements() -> impl Strategy<Value = PixelPlacement> {
    select(vec![
        PixelPlacement::Both,
        PixelPlacement::End,
        PixelPlacement::Placeholder,
        PixelPlacement::Start,
    ])
}

fn kept(placement: PixelPlacement) -> DomainConfig {
    domain().with_pixel_placement(placement).with_markers_kept()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn a_rendering_is_what_rewrite_returns_for_every_switch(html in documents()) {
        for domain in domains() {
            assert_renders(&html, &domain, &messages());
        }
    }

    #[test]
    fn any_chunks_give_the_same(html in documents(), placement in placements(), size in 1_usize..40) {
        let domain = domain().with_pixel_placement(placement);
        let (whole, report) = rewrite_with_report(&html, &domain);
        let (streamed, again) = stream(Rewriter::new(&domain, Vec::new()), html.as_bytes(), size);
        prop_assert_eq!(String::from_utf8(streamed).unwrap(), whole);
        prop_assert_eq!(again, report);
    }

    #[test]
    fn small_limits_lose_nothing_in_any_chunks(html in documents(), size in 1_usize..40) {
        // A pixel that was there already would be taken for ours.
        prop_assume!(!html.contains("/o/x"));
        let run = |size| {
            let domain = domain().with_markers_kept();
            let rewriter = Rewriter::new(&domain, Vec::new()).with_memory_limit(64);
            stream(rewriter, html.as_bytes(), size)
        };
        let (whole, report) = run(html.len().max(1));
        prop_assert_eq!(&run(size), &(whole.clone(), report.clone()));
        prop_assert_eq!(undo(&whole, &originals(&report)), html.as_bytes());
    }

    #[test]
    fn without_the_edits_the_input_is_back(html in documents()) {
        prop_assume!(!html.contains("/o/x"));
        let (whole, report) = rewrite_with_report(&html, &kept(PixelPlacement::Both));
        prop_assert_eq!(undo(whole.as_bytes(), &originals(&report)), html.as_bytes());
    }

    #[test]
    fn with_nothing_to_track_nothing_changes(html in documents()) {
        let message = Message::default().without_click_tracking().without_open_tracking();
        prop_assert_eq!(rewrite(&html, &domain().for_message(message)), html);
    }

    #[test]
    fn a_second_run_changes_nothing(html in documents(), placement in placements()) {
        let once = rewrite(&html, &kept(placement));
        prop_assert_eq!(rewrite(&once, &kept(placement)), once);
    }

    #[test]
    fn every_token_verifies_to_its_link(html in documents()) {
        let (whole, report) = rewrite_with_report(&html, &domain());
        let tracked = report.links().iter().filter(|link| link.outcome() == LinkOutcome::Tracked);
        for (url, link) in tracking_urls(whole.as_bytes()).iter().zip(tracked) {
            let token = url.strip_prefix(CLICK_PREFIX).unwrap();
            let click = verifier().verify_click(token).unwrap();
            prop_assert_eq!(Some(click.destination()), link.destination());
            prop_assert_eq!(Some(click.position()), link.position());
            prop_assert_eq!(click.name(), link.name().unwrap_or_default());
        }
    }

    #[test]
    fn any_ids_come_back(id in ".{0,40}", recipient in ".{0,40}", seconds in 0..=u64::MAX / 2) {
        let message = Message::new(id.as_str()).unwrap();
        let message = message.with_recipient(recipient.as_str()).unwrap();
        let domain = domain().for_message(message.with_sent_at(seconds).unwrap());
        let html = rewrite("<a href=https://x.test/>x</a>", &domain);
        let event = verifier().verify_url(&tracking_urls(html.as_bytes())[0]).unwrap();
        prop_assert_eq!(event.message(), id);
        prop_assert_eq!(event.recipient(), recipient);
        prop_assert_eq!(event.sent_at(), seconds);
    }

    #[test]
    fn no_text_verifies(text in ".{0,200}", token in "[EF][A-Za-z0-9_-]{20,200}") {
        for text in [text, token] {
            prop_assert!(verifier().verify(&text).is_err());
            let path = format!("/c/{text}");
            prop_assert!(verifier().verify_url(&path).is_err());
        }
    }

    #[test]
    fn no_altered_token_verifies(at in 0_usize..110, sign in "[A-Za-z0-9_-]") {
        let html = rewrite("<a href='https://x.test/a/long/enough/path'>x</a>", &domain());
        let url = &tracking_urls(html.as_bytes())[0];
        let token = url.strip_prefix(CLICK_PREFIX).unwrap();
        let at = at % token.len();
        let altered = format!("{}{sign}{}", &token[..at], &token[at + 1..]);
        prop_assume!(altered != token);
        let error = Verifier::new([&domain()]).unwrap().verify(&altered).unwrap_err();
        prop_assert_ne!(error, TokenError::UnexpectedKind);
    }
}
