//! Levels of recipients by their ids, and of mail that goes out.

use linkseal::Message;
use serde_json::{Value, json};

use crate::agreed::{agree, assert_anonymous, click_and_open};
use crate::callers::knows;
use crate::database::Backend;
use crate::links::{Mail, Scene};
use crate::sender::{asked, campaign, ready, rendered, rewrite};

#[tokio::test]
async fn recipients_are_addressed_by_any_id() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        knows(&scene.server, "example.com").await;
        for (id, path) in [
            ("a/b?c#d", "a%2Fb%3Fc%23d"),
            ("nul\0", "nul%00"),
            ("né 🙂'\";--", "n%C3%A9%20%F0%9F%99%82%27%22%3B--"),
            ("%41+", "%2541%2B"),
        ] {
            let levels = json!({ "click_tracking": false, "open_tracking": "off" });
            let agreed = agree(&scene.server, path, levels).await;
            assert_eq!(agreed["recipient"], id.replace('\0', "\u{fffd}"));
            let mail = Mail::new(&scene.domain, id, &Scene::DESTINATIONS);
            click_and_open(&scene.server, &mail).await;
            let events = scene.tables.events().await;
            assert!(events.is_empty(), "{backend:?} {id} {events:?}");
            let path = format!("/domains/example.com/recipients/{path}/tracking");
            let shown = asked(&scene.server, "GET", &path, &Value::Null, 200).await;
            assert_eq!(shown, agreed);
        }
        let near = Mail::new(&scene.domain, "A+", &Scene::DESTINATIONS);
        click_and_open(&scene.server, &near).await;
        assert_eq!(scene.tables.events().await.len(), 2, "{backend:?}");
    }
}

#[tokio::test]
async fn what_can_not_be_agreed_is_refused_with_a_reason() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let long = "r".repeat(1025);
        for (path, body, status, said) in [
            (
                "/domains/example.com/recipients//tracking".to_owned(),
                json!({}),
                422,
                "recipient is empty, expected an id",
            ),
            (
                format!("/domains/example.com/recipients/{long}/tracking"),
                json!({}),
                422,
                "recipient is 1025 bytes, expected at most 1024",
            ),
            (
                "/domains/nowhere.example/recipients/r/tracking".to_owned(),
                json!({}),
                404,
                "there is no such domain",
            ),
            (
                "/domains/example.com/recipients/r/tracking".to_owned(),
                json!({ "click_tracking": "none" }),
                422,
                "click_tracking: invalid value: string \"none\", expected \"off\", \"anonymous\", \"identified\", true or false",
            ),
            (
                "/domains/example.com/recipients/r/tracking".to_owned(),
                json!({}),
                422,
                "there is no level, expected click_tracking or open_tracking, or both",
            ),
            (
                "/domains/example.com/recipients/r/tracking".to_owned(),
                json!({ "clicks": "off" }),
                422,
                "unknown field `clicks`, expected `click_tracking` or `open_tracking`",
            ),
        ] {
            let refused = asked(&server, "PUT", &path, &body, status).await;
            let message = refused["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(said), "{message}");
        }
    }
}

/// The level that a mail says of itself: of its first link's token, and its pixel's.
fn said(report: &Value) -> (&str, &str) {
    let level = |name: &str| report[name].as_str().unwrap();
    (level("click_tracking"), level("open_tracking"))
}

#[tokio::test]
async fn the_lowest_level_of_domain_request_and_recipient_is_sent() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let html = "<a href='https://shop.example/'>x</a>";
        let mail = |levels: [&str; 2]| {
            json!({ "domain": "example.com", "message": "m1", "recipient": "r1", "html": html,
                    "click_tracking": levels[0], "open_tracking": levels[1] })
        };
        let identified = rewrite(&server, &mail(["identified", "identified"])).await;
        assert_eq!(said(&identified["report"]), ("identified", "identified"));
        agree(&server, "r1", json!({ "click_tracking": "anonymous" })).await;
        let agreed = rewrite(&server, &mail(["identified", "anonymous"])).await;
        assert_eq!(
            said(&agreed["report"]),
            ("anonymous", "anonymous"),
            "{backend:?}"
        );
        let lower = rewrite(&server, &mail(["off", "identified"])).await;
        assert_eq!(said(&lower["report"]), ("off", "identified"));
        let change = json!({ "open_tracking": "anonymous" });
        asked(&server, "PATCH", "/domains/example.com", &change, 200).await;
        let domain = rewrite(&server, &mail(["identified", "identified"])).await;
        assert_eq!(said(&domain["report"]), ("anonymous", "anonymous"));
    }
}

#[tokio::test]
async fn a_campaign_is_rendered_at_each_recipients_lowest_level() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        knows(&scene.server, "example.com").await;
        let server = &scene.server;
        agree(
            server,
            "withdrawn",
            json!({ "click_tracking": "anonymous", "open_tracking": "off" }),
        )
        .await;
        let made = campaign(server, "c1", "<a href=\"https://shop.example/\">x</a>").await;
        let id = made["id"].as_str().unwrap();
        let order = json!({ "recipients": [
            "usual", "withdrawn", { "recipient": "asked", "click_tracking": "off", "open_tracking": "anonymous" },
        ] });
        let lines = rendered(server, id, &order).await;
        assert_eq!(
            levels(&scene, &lines),
            [
                ("identified", "identified"),
                ("anonymous", "off"),
                ("off", "anonymous")
            ]
        );
        let order = json!({ "click_tracking": "anonymous", "open_tracking": false, "recipients": [
            "usual", { "recipient": "asked", "click_tracking": "identified", "open_tracking": true },
        ] });
        let lines = rendered(server, id, &order).await;
        assert_eq!(
            levels(&scene, &lines),
            [("anonymous", "off"), ("anonymous", "off")],
            "{backend:?}"
        );
    }
}

/// What the tokens of each line say.
fn levels(scene: &Scene, lines: &[Value]) -> Vec<(&'static str, &'static str)> {
    let level = |html: &str, kind: &str| {
        let url = html.split('"').find(|value| value.contains(kind));
        let Some(url) = url else { return "off" };
        let token = linkseal::UntrustedToken::parse_url(url).unwrap();
        match token.verify(&scene.domain).unwrap().recipient() {
            Some(_) => "identified",
            None => "anonymous",
        }
    };
    let levels = |line: &Value| {
        let html = line["html"].as_str().unwrap();
        (level(html, "/c/"), level(html, "/o/"))
    };
    lines.iter().map(levels).collect()
}

#[tokio::test]
async fn mail_without_a_recipient_makes_anonymous_events() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let message = Message::new("m").unwrap();
        let mail = Mail::of(&scene.domain, message, &Scene::DESTINATIONS);
        click_and_open(&scene.server, &mail).await;
        let events = scene.tables.events().await;
        assert_eq!(events.len(), 2, "{backend:?}");
        events.iter().for_each(assert_anonymous);
    }
}
