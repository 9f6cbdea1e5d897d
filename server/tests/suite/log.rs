//! What happens to events after they were stored.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::database::Backend;
use crate::links::Mail;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Logged, Tables};

const PATIENCE: Duration = Duration::from_secs(20);

async fn start(backend: &Backend) -> Server {
    let settings = [("DEFAULT_HOST", DEFAULT_HOST), ("RETENTION_DAYS", "30")];
    Server::start_with(backend, &settings).await
}

async fn click_all(server: &Server, mail: &Mail) {
    for click in &mail.clicks {
        let answer = server.follow(Method::GET, click).send().await.unwrap();
        assert_eq!(answer.status(), 302);
    }
}

/// The log, as soon as it is as expected.
async fn until(tables: &Tables, expected: impl Fn(&[Logged]) -> bool) -> Vec<Logged> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let events = tables.events().await;
        if expected(&events) {
            return events;
        }
        assert!(Instant::now() < deadline, "{events:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const LINKS: [&str; 4] = [
    "https://a.example/",
    "https://b.example/",
    "https://c.example/",
    "https://d.example/",
];

#[tokio::test]
async fn a_recipient_who_opens_all_links_at_once_is_suspected() {
    for backend in Backend::all() {
        let server = start(&backend).await;
        let tables = Tables::of(&server).await;
        let domain = tables.add_domain("example.com").await;
        click_all(&server, &Mail::new(&domain, "person", &LINKS[..1])).await;
        click_all(&server, &Mail::new(&domain, "scanner", &LINKS)).await;
        // A slow machine may need longer than a second for four clicks.
        tables
            .execute("UPDATE events SET at = 1900000000000 + seq, machine = 'none', reasons = ''")
            .await;
        click_all(&server, &Mail::new(&domain, "person", &LINKS[1..2])).await;
        let events = until(&tables, |events| {
            events
                .iter()
                .filter(|event| event.reasons.contains("burst"))
                .count()
                >= LINKS.len()
        })
        .await;
        for event in events {
            let in_burst = event.recipient == "scanner";
            assert_eq!(
                event.reasons.contains("burst"),
                in_burst,
                "{backend:?} {event:?}"
            );
            assert!(
                !in_burst || event.machine == "suspected",
                "{backend:?} {event:?}"
            );
        }
    }
}

#[tokio::test]
async fn old_events_are_deleted_at_the_start() {
    for backend in Backend::all() {
        let mut server = start(&backend).await;
        let tables = Tables::of(&server).await;
        let domain = tables.add_domain("example.com").await;
        click_all(&server, &Mail::new(&domain, "old", &LINKS[..2])).await;
        tables.execute("UPDATE events SET at = 1000").await;
        click_all(&server, &Mail::new(&domain, "young", &LINKS[..1])).await;
        server.terminate().await;
        server.start_again().await;
        let left = until(&tables, |events| events.len() < 3).await;
        assert!(
            left.iter().any(|event| event.recipient == "young"),
            "{backend:?}"
        );
        until(&tables, |events| events.len() == 1).await;
    }
}

#[tokio::test]
async fn a_recipient_with_a_nul_is_stored_with_a_replacement() {
    for backend in Backend::all() {
        let server = start(&backend).await;
        let tables = Tables::of(&server).await;
        let domain = tables.add_domain("example.com").await;
        click_all(&server, &Mail::new(&domain, "a\0b", &LINKS[..1])).await;
        let [event] = tables.events().await.try_into().unwrap();
        assert_eq!(event.recipient, "a\u{fffd}b", "{backend:?}");
    }
}
