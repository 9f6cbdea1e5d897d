//! What was agreed with a domain or a recipient holds for what is stored, also of mail that was sent before.

use linkseal::Message;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::callers::knows;
use crate::database::Backend;
use crate::links::{Mail, Scene};
use crate::loss::lock;
use crate::sender::{asked, eventually};
use crate::server::Server;
use crate::spooled::Spooled;
use crate::tables::{DEFAULT_HOST, Logged, Tables};

/// Says of itself what an anonymous event must not keep.
pub(crate) async fn ask(server: &Server, path: &str) -> reqwest::Response {
    let request = server
        .follow(Method::GET, path)
        .header("User-Agent", "Mozilla/5.0 (agent of one person)")
        .header("Referer", "https://mail.example/inbox/of-one-person")
        .header("Accept-Language", "gsw-CH");
    request.send().await.unwrap()
}

/// Clicks and opens, which are answered whatever is stored of them.
pub(crate) async fn click_and_open(server: &Server, mail: &Mail) {
    let click = ask(server, &mail.clicks[0]).await;
    assert_eq!(click.status(), 302);
    assert_eq!(click.headers()["location"], Scene::DESTINATIONS[0]);
    let open = ask(server, &mail.open).await;
    assert_eq!(open.status(), 200);
    assert_eq!(open.bytes().await.unwrap(), linkseal::PIXEL_GIF);
}

pub(crate) async fn agree(server: &Server, recipient: &str, levels: Value) -> Value {
    let path = format!("/domains/example.com/recipients/{recipient}/tracking");
    asked(server, "PUT", &path, &levels, 200).await
}

pub(crate) fn assert_anonymous(event: &Logged) {
    assert_eq!(event.level, "anonymous", "{event:?}");
    assert_eq!(event.recipient, "", "{event:?}");
    assert_eq!(event.sent_at_s, None, "{event:?}");
    let personal = [
        &event.ip,
        &event.user_agent,
        &event.referer,
        &event.accept_language,
    ];
    assert_eq!(personal, [&None; 4], "{event:?}");
}

fn assert_identified(event: &Logged) {
    assert_eq!(event.level, "identified", "{event:?}");
    assert_eq!(event.recipient, "rcpt-42", "{event:?}");
    assert!(event.sent_at_s.is_some() && event.ip.is_some(), "{event:?}");
    assert!(event.user_agent.is_some() && event.referer.is_some());
    assert_eq!(event.accept_language.as_deref(), Some("gsw-CH"));
}

#[tokio::test]
async fn a_withdrawal_counts_for_mail_that_was_sent_before() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let folder = tempfile::tempdir().unwrap();
        let settings = [("DEFAULT_HOST", DEFAULT_HOST)];
        let url = scene.server.database_url.clone();
        let other = Server::start_on(folder, url, &settings).await;
        knows(&scene.server, "example.com").await;
        click_and_open(&scene.server, &scene.mail).await;
        click_and_open(&other, &scene.mail).await;
        let levels = json!({ "click_tracking": "anonymous", "open_tracking": "off" });
        let agreed = agree(&scene.server, "rcpt-42", levels).await;
        assert_eq!(agreed["click_tracking"], "anonymous");
        assert_eq!(agreed["applies"]["open_tracking"], "off");
        // At once on a server that nobody told.
        click_and_open(&other, &scene.mail).await;
        click_and_open(&scene.server, &scene.mail).await;
        let events = scene.tables.events().await;
        let (before, after) = events.split_at(4);
        for event in before {
            assert_identified(event);
        }
        assert_eq!(after.len(), 2, "opens are off: {after:?}");
        for event in after {
            assert_eq!(event.kind, "click", "{backend:?}");
            assert_anonymous(event);
            assert_eq!(event.position, Some(0));
            assert_eq!(event.destination.as_deref(), Some(Scene::DESTINATIONS[0]));
        }
        // Somebody else's mail is not concerned.
        let mail = Mail::new(&scene.domain, "rcpt-43", &Scene::DESTINATIONS);
        click_and_open(&other, &mail).await;
        let events = scene.tables.events().await;
        let of_other = events.iter().filter(|event| event.recipient == "rcpt-43");
        assert_eq!(of_other.count(), 2, "{backend:?}");
    }
}

#[tokio::test]
async fn the_lowest_level_of_domain_and_recipient_is_stored() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        knows(&scene.server, "example.com").await;
        let words = ["off", "anonymous", "identified"];
        for (domain_rank, domain) in words.iter().enumerate() {
            let change = json!({ "click_tracking": domain, "open_tracking": domain });
            asked(&scene.server, "PATCH", "/domains/example.com", &change, 200).await;
            for (rank, word) in words.iter().enumerate() {
                let levels = json!({ "click_tracking": word, "open_tracking": word });
                agree(&scene.server, "rcpt-42", levels).await;
                scene.tables.execute("DELETE FROM events").await;
                // A level that was raised in this very millisecond does not hold yet.
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                click_and_open(&scene.server, &scene.mail).await;
                let events = scene.tables.events().await;
                let context = format!("{backend:?} {domain} {word} {events:?}");
                match rank.min(domain_rank) {
                    0 => assert!(events.is_empty(), "{context}"),
                    1 => events.iter().for_each(assert_anonymous),
                    _ => events.iter().for_each(assert_identified),
                }
                let stored = if rank.min(domain_rank) == 0 { 0 } else { 2 };
                assert_eq!(events.len(), stored, "{context}");
            }
        }
    }
}

#[tokio::test]
async fn a_domain_that_another_server_lowered_counts_at_once() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        click_and_open(&scene.server, &scene.mail).await;
        scene
            .tables
            .execute("UPDATE domains SET click_level = 'anonymous', open_tracking = FALSE")
            .await;
        click_and_open(&scene.server, &scene.mail).await;
        let events = scene.tables.events().await;
        assert_eq!(events.len(), 3, "{backend:?} {events:?}");
        assert_anonymous(&events[2]);
    }
}

#[tokio::test]
async fn a_withdrawal_counts_for_what_waits_in_a_spool() {
    let scene = Scene::new(&Backend::Sqlite, &[]).await;
    click_and_open(&scene.server, &scene.mail).await;
    let locked = lock(&scene.server).await;
    click_and_open(&scene.server, &scene.mail).await;
    let mut server = scene.server;
    server.kill().await;
    locked.close().await.unwrap();
    let spool = server.folder.path().join("spool");
    let aside = server.folder.path().join("aside");
    std::fs::rename(&spool, &aside).unwrap();
    server.start_again().await;
    let levels = json!({ "click_tracking": "anonymous", "open_tracking": "off" });
    agree(&server, "rcpt-42", levels).await;
    // What was withdrawn at the time of the click stays so, whatever is agreed later.
    agree(&server, "rcpt-42", json!({ "open_tracking": true })).await;
    server.terminate().await;
    std::fs::remove_dir_all(&spool).unwrap();
    std::fs::rename(&aside, &spool).unwrap();
    server.start_again().await;
    let events = eventually("the spool is drained", async || {
        let is_empty = std::fs::read_dir(&spool).unwrap().next().is_none();
        let events = scene.tables.events().await;
        (is_empty && events.len() > 2).then_some(events)
    })
    .await;
    assert_eq!(events.len(), 3, "{events:?}");
    assert_anonymous(&events[2]);
    assert_eq!(events[2].kind, "click");
}

#[tokio::test]
async fn a_withdrawal_counts_for_what_waits_in_a_spool_for_postgres() {
    let Some(mut spooled) = Spooled::on_postgres(click_and_open).await else {
        return;
    };
    let other = &spooled.other;
    agree(
        other,
        "rcpt-42",
        json!({ "click_tracking": "off", "open_tracking": "anonymous" }),
    )
    .await;
    let tables = Tables::of(other).await;
    spooled.spooling.start_again().await;
    let events = eventually("the spool is drained", async || {
        let events = tables.events().await;
        (events.len() > 2).then_some(events)
    })
    .await;
    assert_eq!(events.len(), 3, "{events:?}");
    assert_anonymous(&events[2]);
    assert_eq!(events[2].kind, "open");
}

#[tokio::test]
async fn an_anonymous_event_does_not_name_its_recipient_elsewhere() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        knows(&scene.server, "example.com").await;
        agree(
            &scene.server,
            "rcpt%204242",
            json!({ "click_tracking": "anonymous" }),
        )
        .await;
        let message = Message::new("for rcpt 4242")
            .and_then(|message| message.with_recipient("rcpt 4242"))
            .unwrap();
        let destinations = [
            "https://a.example/?u=rcpt+4242&x=1",
            "https://a.example/rcpt%204242/",
            "https://a.example/?u=%72cpt%204242",
        ];
        let mail = Mail::of(&scene.domain, message, &destinations);
        for click in &mail.clicks {
            assert_eq!(ask(&scene.server, click).await.status(), 302);
        }
        let events = scene.tables.events().await;
        let stored: Vec<_> = events
            .iter()
            .map(|event| event.destination.as_deref())
            .collect();
        let expected = [
            Some("https://a.example/?u=*&x=1"),
            Some("https://a.example/*/"),
            None,
        ];
        assert_eq!(stored, expected, "{backend:?}");
        for event in &events {
            assert_anonymous(event);
            assert_eq!(event.message, "for *");
            let name = event.name.as_deref().unwrap_or_default();
            let names_them = name.contains("rcpt+4242") || name.contains("%72cpt");
            assert!(!names_them, "{event:?}");
        }
    }
}

#[tokio::test]
async fn repeats_that_are_gathered_become_anonymous_with_a_withdrawal() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        knows(&scene.server, "example.com").await;
        for _ in 0..14 {
            ask(&scene.server, &scene.mail.clicks[0]).await;
        }
        agree(
            &scene.server,
            "rcpt-42",
            json!({ "click_tracking": "anonymous" }),
        )
        .await;
        for _ in 0..14 {
            ask(&scene.server, &scene.mail.clicks[0]).await;
        }
        let events = scene.tables.events().await;
        let total: i64 = events.iter().map(|event| event.count).sum();
        assert_eq!(total, 28, "{backend:?} {events:?}");
        let identified = events.iter().filter(|event| event.level == "identified");
        let identified: i64 = identified.map(|event| event.count).sum();
        assert!(identified <= 14, "{backend:?} {events:?}");
        for event in events.iter().filter(|event| event.level == "anonymous") {
            assert_anonymous(event);
        }
    }
}
