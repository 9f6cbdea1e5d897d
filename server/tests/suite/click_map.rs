use crate::database::Backend;
use crate::stored::{Stored, click};

const MAIL: &str = r##"<html><head><meta http-equiv="refresh" content="0;url=https://evil.example/"><base href="https://shop.example/">
<link rel="stylesheet" href="https://evil.example/x.css"><script>evil()</script></head><body onload="evil()">
<a href="https://shop.example/one" data-track-name="red" onclick="evil()" ping="https://evil.example/">One</a>
<a href="https://shop.example/two">Two</a><a href="mailto:x@shop.example">Mail</a>
<noscript><a href="https://shop.example/three">Three</a></noscript>
<!--[if mso]><a href="https://shop.example/four">Four</a><![endif]-->
<form action="https://evil.example/"><button formaction="https://evil.example/">Go</button></form>
<iframe src="https://evil.example/"></iframe><object data="https://evil.example/"></object><embed src="https://evil.example/">
</body></html>"##;

#[tokio::test]
async fn the_mail_shows_shares_and_can_do_nothing() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        stored.keep("m", MAIL).await;
        stored
            .insert(&[
                click("m", "r1", 0, "red", 1000),
                click("m", "r2", 0, "red", 1000),
                click("m", "r3", 2, "", 1000),
                click("m", "r4", 3, "", 1000),
            ])
            .await;
        let answer = stored
            .visit("/domains/example.com/click-map?message=m")
            .await;
        assert_eq!(answer.status(), 200, "{backend:?}");
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert_eq!(
            policy,
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
        );
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let html = answer.text().await.unwrap();
        let shown = html
            .replace("<!--[if mso]>", "\0")
            .split('\0')
            .next()
            .unwrap()
            .to_owned();
        for badge in [
            "title=\"link 0, red: 2 clicks",
            ">50 %<",
            ">0 %<",
            ">25 %<",
            "outline:3px solid #991b1b\">One",
            "outline:3px solid #e5e7eb\">Two",
        ] {
            assert!(html.contains(badge), "{backend:?} {badge} {html}");
        }
        for gone in [
            "href=", "onclick", "onload", "ping=", "<script", "<base", "<link",
        ] {
            assert!(!shown.contains(gone), "{backend:?} {gone} {html}");
        }
        for gone in [
            "evil",
            "<iframe",
            "<object",
            "<embed",
            "http-equiv",
            "action=",
            "/o/",
        ] {
            assert!(!html.contains(gone), "{backend:?} {gone} {html}");
        }
        let page = stored.page("/domains/example.com/message?id=m").await;
        assert!(
            page.contains("<iframe class=\"click-map\" sandbox=\"\""),
            "{page}"
        );
        assert!(page.contains("Not shown here: 1 click on"), "{page}");
    }
}

const BUTTON: &str = r#"<body><img src="https://images.example/logo.png" width="120" height="40" alt="The logo">
<table background="https://images.example/back.png"><tr><td>
<!--[if mso]><v:roundrect href="https://shop.example/sale" data-track-name="hero">Buy</v:roundrect><![endif]-->
<!--[if !mso]><!--><a href="https://shop.example/sale" data-track-name="hero">Buy</a><!--<![endif]-->
<!--[if mso]><a href="https://shop.example/outlook">Only here</a><![endif]-->
</td></tr></table></body>"#;

async fn mail_with_a_button(backend: &Backend) -> Stored {
    let stored = Stored::start(backend).await;
    stored.keep("m", BUTTON).await;
    let mut clicks = vec![
        click("m", "r1", 0, "hero", 1000),
        click("m", "r2", 0, "hero", 1000),
        click("m", "r3", 1, "hero", 1000),
        click("m", "r4", 2, "", 1000),
    ];
    clicks[3].destination = Some("https://shop.example/outlook");
    stored.insert(&clicks).await;
    stored
}

#[tokio::test]
async fn a_button_for_outlook_counts_with_its_twin_and_other_clicks_are_listed() {
    for backend in Backend::all() {
        let stored = mail_with_a_button(&backend).await;
        let map = stored
            .page("/domains/example.com/click-map?message=m")
            .await;
        let badge = "title=\"link 1, hero: 3 clicks, 2 of them on its twin for Outlook, \
                     https://shop.example/sale\">75 %<";
        let context = format!("{backend:?} {map}");
        assert!(map.replace("; ", ";").contains(badge), "{context}");
        let page = stored.page("/domains/example.com/message?id=m").await;
        let (_, elsewhere) = page.split_once("Not shown here: 1 click on").unwrap();
        let (elsewhere, _) = elsewhere.split_once("</section>").unwrap();
        assert!(elsewhere.contains("shop.example/outlook"), "{elsewhere}");
        assert!(!elsewhere.contains("shop.example/sale"), "{elsewhere}");
    }
}

#[tokio::test]
async fn images_stay_away_until_the_viewer_asks_for_them() {
    for backend in Backend::all() {
        let stored = mail_with_a_button(&backend).await;
        let page = stored.page("/domains/example.com/message?id=m").await;
        assert!(
            page.contains("Load the images</a>: their hosts then learn"),
            "{page}"
        );
        let map = stored
            .page("/domains/example.com/click-map?message=m")
            .await;
        assert!(!map.contains("images.example"), "{backend:?} {map}");
        assert!(
            map.contains("src=\"data:image/svg+xml,"),
            "{backend:?} {map}"
        );
        assert!(map.contains("The%20logo"), "{backend:?} {map}");

        let asked = "/domains/example.com/message?id=m&images=load";
        let page = stored.page(asked).await;
        assert!(
            page.contains("those hosts learn that somebody looks"),
            "{page}"
        );
        let (_, frame) = page.split_once("sandbox=\"\"").unwrap();
        let (_, frame) = frame.split_once("src=\"").unwrap();
        let frame = frame.split('"').next().unwrap().replace("&amp;", "&");
        assert!(frame.ends_with("&images=load"), "{frame}");
        let answer = stored.visit(&frame).await;
        assert_eq!(
            answer.headers()["content-security-policy"],
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: http: https:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
        );
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        let map = answer.text().await.unwrap();
        for loaded in [
            "src=\"https://images.example/logo.png\"",
            "background=\"https://images",
        ] {
            assert!(map.contains(loaded), "{backend:?} {loaded} {map}");
        }
        let live = map.split("<!--[if mso]>").next().unwrap();
        assert!(!live.contains("href="), "{backend:?} {map}");
    }
}

#[tokio::test]
async fn mail_that_was_not_kept_says_how_to_keep_it() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        stored.rewritten("m", 1, 1000).await;
        let page = stored.page("/domains/example.com/message?id=m").await;
        let settings = stored.page("/domains/example.com/settings").await;
        let said = "The first mail of each message is stored";
        assert!(settings.contains(said), "{backend:?} {settings}");
        assert!(
            page.contains("This mail was not kept"),
            "{backend:?} {page}"
        );
        let answer = stored
            .visit("/domains/example.com/click-map?message=m")
            .await;
        assert_eq!(answer.status(), 404, "{backend:?}");
    }
}
