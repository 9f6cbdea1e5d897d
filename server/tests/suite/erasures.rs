//! An erasure takes a recipient out of everything that is stored, and leaves everybody else's there.

use std::path::Path;

use linkseal::Message;
use reqwest::Method;
use serde_json::{Value, json};

use crate::callers::{bearer, knows, scoped_token};
use crate::database::Backend;
use crate::dump::{assert_nowhere, dump, files_of, spellings};
use crate::links::{Mail, Scene, now_s};
use crate::sender::{asked, campaign, eventually, rewrite};
use crate::server::{ADMIN_TOKEN, Server};
use crate::tables::{DEFAULT_HOST, Logged, on};
use crate::visitor::Visitor;

pub(crate) const ID: &str = "rcpt-42";
const ERASURE: &str = "/domains/example.com/recipients/rcpt-42";
pub(crate) const OTHER: &str = "rcpt-43";

pub(crate) async fn follow(server: &Server, path: &str) {
    let request = server.follow(Method::GET, path);
    let request = request.header("User-Agent", "Mozilla/5.0 (agent of one person)");
    let status = request.send().await.unwrap().status();
    assert!(status == 302 || status == 200, "{status}");
}

pub(crate) async fn follow_all(server: &Server, mail: &Mail) {
    for path in mail.clicks.iter().chain([&mail.open]) {
        follow(server, path).await;
    }
}

pub(crate) async fn erase(server: &Server) -> Value {
    asked(server, "DELETE", ERASURE, &Value::Null, 202).await
}

pub(crate) async fn erased(server: &Server) -> Value {
    eventually("the recipient is erased", async || {
        let answer = server.api("GET", ERASURE).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let state: Value = answer.json().await.unwrap();
        (state["state"] == "done").then_some(state)
    })
    .await
}

fn token(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// What the recipient is named in everywhere.
async fn fill(scene: &Scene) -> Vec<Mail> {
    let server = &scene.server;
    let keep = json!({ "keep_mail": true });
    asked(server, "PATCH", "/domains/example.com", &keep, 200).await;
    let message = Message::new("welcome-rcpt-42")
        .and_then(|message| message.with_recipient(ID))
        .and_then(|message| message.with_sent_at(now_s() - 3600))
        .unwrap();
    let theirs = [
        "https://shop.example/?u=rcpt-42&b=2",
        "https://shop.example/%72cpt-42",
    ];
    let personal = Mail::of(&scene.domain, message, &theirs);
    let nobodys = Message::new("to-nobody").unwrap();
    let nobodys = Mail::of(&scene.domain, nobodys, &["https://shop.example/rcpt-42/x"]);
    let other = Mail::new(&scene.domain, OTHER, &Scene::DESTINATIONS);
    for mail in [&scene.mail, &personal, &nobodys, &other] {
        follow_all(server, mail).await;
    }
    let of_token = format!(
        "<a href=\"http://{DEFAULT_HOST}{}\">x</a>",
        scene.mail.clicks[0]
    );
    for (message, html) in [
        (
            "named",
            "<p>Hi rcpt-42</p><a href=\"https://a.example/\">x</a>",
        ),
        (
            "unnamed",
            "<p>Hi all</p><a href=\"https://a.example/\">x</a>",
        ),
        (
            "for-rcpt-42",
            "<p>Hi all</p><a href=\"https://a.example/\">x</a>",
        ),
        (
            "forwarded",
            &format!("{of_token}<a href=\"https://a.example/\">x</a>"),
        ),
    ] {
        let mail =
            json!({ "domain": "example.com", "message": message, "recipient": ID, "html": html });
        rewrite(server, &mail).await;
    }
    let html = format!("<a href=\"https://a.example/?u=rcpt-42\">x</a> for all {of_token}");
    campaign(server, "for-all", &html).await;
    let conversion = json!({ "domain": "example.com", "id": "order-rcpt-42", "name": "rcpt-42 bought",
        "click_id": "0197f2f0-0000-7000-8000-000000000000" });
    asked(server, "POST", "/conversions", &conversion, 201).await;
    let line = |recipient: &str| {
        let event = json!({ "id": "0197f2f0-0000-7000-8000-000000000001", "kind": "click",
            "domain": "example.com", "message": "m", "recipient": recipient, "position": 0,
            "destination": format!("https://a.example/{recipient}"), "at": 1, "method": "GET",
            "ip": "192.0.2.1", "machine": "none", "reasons": [] });
        json!({ "event": event }).to_string()
    };
    let lines = [
        &*line(ID),
        &*line(OTHER),
        "{junk of rcpt-42",
        "{junk of nobody",
    ];
    let set_aside = server.folder.path().join("spool/aside.bad");
    std::fs::write(set_aside, lines.map(|line| format!("{line}\n")).concat()).unwrap();
    eventually("mails are counted and messages stored", async || {
        let counted = scene.tables.rewritten("for-rcpt-42").await == 1;
        (counted && scene.tables.messages().await.len() == 5).then_some(())
    })
    .await;
    vec![personal, nobodys, other]
}

async fn assert_gone(scene: &Scene, words: &[&str]) {
    let tables = dump(&scene.tables).await;
    assert!(tables.contains(OTHER) && tables.contains("newsletter-7"));
    assert_nowhere(words, &tables, "the tables");
    let folder = scene.server.folder.path();
    for folder in [folder, &folder.join("spool")] {
        for (file, text) in files_of(folder) {
            assert_nowhere(words, &text, &file);
        }
    }
    let api = "/api/v1/domains/example.com";
    for path in [
        "events?settled=false&limit=1000",
        "events.csv",
        "events.ndjson",
        "messages",
        "links",
        "names",
    ] {
        let url = scene.server.url(&format!("{api}/{path}"));
        let request = scene.server.client.get(url).bearer_auth(ADMIN_TOKEN);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_nowhere(words, &answer.text().await.unwrap(), path);
    }
    let admin = Visitor::sign_in(&scene.server, ADMIN_TOKEN).await;
    for path in ["", "/live", "/events.csv", "/message?id=newsletter-7"] {
        let answer = admin.get(&format!("/domains/example.com{path}")).await;
        assert_nowhere(words, &answer.text().await.unwrap(), path);
    }
}

fn assert_others_are_there(events: &[Logged], campaign_html: &str, spool: &Path) {
    let theirs: Vec<_> = events
        .iter()
        .filter(|event| event.recipient == OTHER)
        .collect();
    assert_eq!(theirs.len(), 3);
    for event in theirs {
        assert_eq!(event.level, "identified");
        assert!(event.sent_at_s.is_some() && event.user_agent.is_some());
    }
    assert!(
        campaign_html.contains("https://a.example/?u=*\">x</a> for all"),
        "{campaign_html}"
    );
    let set_aside = std::fs::read_to_string(spool.join("aside.bad")).unwrap();
    let lines: Vec<_> = set_aside.lines().collect();
    assert_eq!(lines.len(), 3, "{set_aside}");
    assert!(lines[0].contains("\"level\":\"anonymous\"") && lines[0].contains("a.example/*"));
    assert!(lines[1].contains(OTHER) && lines[1].contains("192.0.2.1"));
    assert_eq!(lines[2], "{junk of nobody");
}

#[tokio::test]
async fn an_erased_recipient_is_nowhere_any_more() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        knows(&scene.server, "example.com").await;
        let unknown = asked(&scene.server, "GET", ERASURE, &Value::Null, 404).await;
        assert!(
            unknown.to_string().contains("erasure of this recipient"),
            "{unknown}"
        );
        let mails = fill(&scene).await;
        let before = dump(&scene.tables).await;
        let click = token(&scene.mail.clicks[0]);
        for word in [ID, click] {
            assert!(
                spellings(word).iter().any(|word| before.contains(word)),
                "{word}"
            );
        }
        let request = scene.server.api("DELETE", ERASURE);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 202);
        assert_eq!(answer.headers()["location"], format!("/api/v1{ERASURE}"));
        let asked_for: Value = answer.json().await.unwrap();
        assert_eq!(asked_for["recipient"], ID);
        let done = erased(&scene.server).await;
        let export = format!("{ERASURE}/export");
        let export = asked(&scene.server, "GET", &export, &Value::Null, 200).await;
        assert_eq!(export["events"], json!([]), "{backend:?} {export}");
        assert_eq!(export["erasure"]["events"], 6);
        assert_eq!(export["tracking"], Value::Null);
        assert_eq!(done["events"], 6, "{backend:?} {done}");
        assert_eq!(done["asked_at"], asked_for["asked_at"]);
        assert!(done["done_at"].as_i64() >= done["asked_at"].as_i64());
        let tokens =
            [&scene.mail, &mails[0]].map(|mail| [&mail.clicks[0], &mail.clicks[1], &mail.open]);
        let mut words: Vec<_> = tokens.iter().flatten().map(|path| token(path)).collect();
        words.extend([ID, "%72cpt"]);
        assert_gone(&scene, &words).await;
        let events = scene.tables.events().await;
        let html: Vec<Vec<u8>> = on!(&scene.tables, pool => sqlx::query_scalar("SELECT html FROM campaigns").fetch_all(pool));
        let html = String::from_utf8(html[0].clone()).unwrap();
        assert_others_are_there(&events, &html, &scene.server.folder.path().join("spool"));
        let kept: Vec<_> = scene
            .tables
            .messages()
            .await
            .into_iter()
            .filter(|(_, html)| html.is_some())
            .collect();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(kept[0].0, "unnamed");
        assert_eq!(scene.tables.rewritten("for-*").await, 1);
        // What comes after is as agreed, until it is asked for again.
        follow(&scene.server, &scene.mail.clicks[0]).await;
        let events = scene.tables.events().await;
        assert_eq!(events.last().unwrap().recipient, ID, "{backend:?}");
        erase(&scene.server).await;
        assert_eq!(erased(&scene.server).await["events"], 7);
        assert_gone(&scene, &words).await;
    }
}

#[tokio::test]
async fn nobody_erases_recipients_of_another_domain() {
    let scene = Scene::new(&Backend::Sqlite, &[]).await;
    scene.tables.add_domain("other.example").await;
    knows(&scene.server, "other.example").await;
    follow_all(&scene.server, &scene.mail).await;
    let (_, token) = scoped_token(&scene.server, "other.example").await;
    for method in ["DELETE", "GET"] {
        let request = bearer(&scene.server, &token, method, ERASURE);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 404, "{method}");
    }
    asked(&scene.server, "GET", ERASURE, &Value::Null, 404).await;
    assert!(
        scene
            .tables
            .events()
            .await
            .iter()
            .all(|event| event.recipient == ID)
    );
}

#[tokio::test]
async fn the_next_mail_is_kept_where_one_was_deleted() {
    let scene = Scene::new(&Backend::Sqlite, &[]).await;
    knows(&scene.server, "example.com").await;
    let keep = json!({ "keep_mail": true });
    asked(&scene.server, "PATCH", "/domains/example.com", &keep, 200).await;
    let kept = async |name: &str| {
        let html = format!("<p>Dear {name}, <a href=\"https://shop.example/\">look</a>");
        let mail =
            json!({ "domain": "example.com", "message": "m", "recipient": name, "html": html });
        asked(&scene.server, "POST", "/rewrite", &mail, 200).await;
        eventually("the mail is kept", async || {
            let messages = scene.tables.messages().await;
            let mut html = messages.into_iter().filter_map(|(_, html)| html);
            html.any(|html| html.contains(name)).then_some(())
        })
        .await;
    };
    kept(ID).await;
    erase(&scene.server).await;
    erased(&scene.server).await;
    kept(OTHER).await;
}
