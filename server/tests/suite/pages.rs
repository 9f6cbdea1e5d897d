use std::time::Duration;

use crate::database::Backend;
use crate::stored::{Event, HOUR, Stored, click, open};

#[tokio::test]
async fn a_domain_without_mail_says_what_to_do() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let page = stored.page("/domains/example.com").await;
        let here = stored.server.url("/api/v1/rewrite");
        assert!(page.contains(&here), "{backend:?} {here} {page}");
        assert_eq!(stored.visit("/domains/unknown.example").await.status(), 404);
        assert_eq!(
            stored
                .visit("/domains/example.com/message?id=none")
                .await
                .status(),
            404
        );
    }
}

#[tokio::test]
async fn pages_show_the_numbers_and_a_chart() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let t = stored.now() - HOUR;
        stored.rewritten("news", 8, t).await;
        stored
            .insert(&[
                open("news", "r1", t),
                click("news", "r1", 0, "red", t),
                click("news", "r2", 1, "blue", t),
            ])
            .await;
        for path in [
            "/domains/example.com",
            "/domains/example.com/message?id=news",
        ] {
            let page = stored.page(path).await;
            for part in [
                "25.0 %",
                "12.5 %",
                "<svg class=\"wide\"",
                "<svg class=\"narrow\"",
                "<text ",
                "blue and red are level",
            ] {
                assert!(page.contains(part), "{backend:?} {path} {part} {page}");
            }
            assert!(!page.contains("style="), "{backend:?} {path} {page}");
        }
        let page = stored.page("/domains/example.com/recipient?id=r1").await;
        assert!(
            page.contains(">click<") && page.contains(">open<"),
            "{backend:?} {page}"
        );
    }
}

#[tokio::test]
async fn hostile_texts_stay_texts() {
    const SCRIPT: &str = "<script>alert(1)</script>";
    const ODD: &str = "a/b?c#d%e&f=\u{1f600}<script>";
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let t = stored.now() - HOUR;
        let hostile = Event {
            user_agent: SCRIPT,
            destination: Some("javascript:alert(1)"),
            ..click(ODD, ODD, 0, SCRIPT, t)
        };
        stored.rewritten(ODD, 1, t).await;
        stored.insert(&[hostile]).await;
        let query: String = url::form_urlencoded::byte_serialize(ODD.as_bytes()).collect();
        let dashboard = stored.page("/domains/example.com").await;
        assert!(
            dashboard.contains(&format!("message?id={query}\"")),
            "{backend:?} {dashboard}"
        );
        for path in [
            "",
            "/live",
            &format!("/message?id={query}"),
            &format!("/recipient?id={query}"),
        ] {
            let page = stored.page(&format!("/domains/example.com{path}")).await;
            assert!(!page.contains("<script>"), "{backend:?} {path} {page}");
            assert!(page.contains("&lt;script&gt;"), "{backend:?} {path} {page}");
            assert!(
                !page.contains("href=\"javascript:"),
                "{backend:?} {path} {page}"
            );
        }
    }
}

#[tokio::test]
async fn new_events_come_to_the_live_page() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        stored.insert(&[open("old", "r1", 1000)]).await;
        assert!(
            stored
                .page("/domains/example.com/live")
                .await
                .contains("/live/events?after=1\"")
        );
        let mut stream = stored
            .visit("/domains/example.com/live/events?after=1")
            .await;
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        stored.insert(&[click("<new>", "r2", 0, "red", 2000)]).await;
        let mut text = String::new();
        while !text.contains("\n\n") {
            let chunk = tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await;
            text +=
                std::str::from_utf8(&chunk.expect("an event in time").unwrap().unwrap()).unwrap();
        }
        assert!(text.contains("id: 2"), "{backend:?} {text}");
        assert!(
            text.contains("&lt;new&gt;") && !text.contains("old"),
            "{backend:?} {text}"
        );
    }
}
