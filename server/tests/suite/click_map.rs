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

#[tokio::test]
async fn mail_that_was_not_kept_says_how_to_keep_it() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        stored.rewritten("m", 1, 1000).await;
        let page = stored.page("/domains/example.com/message?id=m").await;
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
