use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use linkseal::PixelPosition;

use super::{Place, click, rewritten};
use crate::database::{executing, reading};
use crate::event::{Event, Kind, Machine, Reason};

#[derive(Debug, Eq, PartialEq, sqlx::FromRow)]
struct Stored {
    id: Vec<u8>,
    kind: String,
    domain: String,
    message: String,
    recipient: String,
    position: Option<i64>,
    name: Option<String>,
    destination: Option<String>,
    placement: Option<String>,
    at: i64,
    sent_at_s: Option<i64>,
    method: String,
    ip: Option<String>,
    user_agent: Option<String>,
    referer: Option<String>,
    accept_language: Option<String>,
    machine: String,
    reasons: String,
    count: i64,
    level: String,
}

impl From<Event> for Stored {
    fn from(event: Event) -> Self {
        let reasons: Vec<_> = event.reasons.iter().map(|reason| reason.as_str()).collect();
        Self {
            id: event.id.as_bytes().to_vec(),
            kind: event.kind.as_str().into(),
            domain: event.domain,
            message: event.message,
            recipient: event.recipient,
            position: event.position.map(i64::from),
            name: event.name,
            destination: event.destination,
            placement: event.placement.map(|placement| placement.to_string()),
            at: event.at,
            sent_at_s: event.sent_at,
            method: event.method.into_owned(),
            ip: event.ip,
            user_agent: event.user_agent,
            referer: event.referer,
            accept_language: event.accept_language,
            machine: event.machine.as_str().into(),
            reasons: reasons.join(","),
            count: event.count,
            level: event.level.as_str().into(),
        }
    }
}

#[tokio::test]
async fn events_are_stored_once_with_all_they_say() {
    let place = Place::new().await;
    let log = place.log();
    let mut full = click("r", 3, 1_700_000_000_123);
    full.name = Some("call to action".into());
    full.referer = Some("https://mail.example/".into());
    full.accept_language = Some("fr".into());
    full.machine = Machine::Certain;
    full.reasons = vec![Reason::Early, Reason::Scanner];
    let mut open = click("o", 0, 1_700_000_000_124);
    open.kind = Kind::Open;
    open.position = None;
    open.destination = None;
    open.sent_at = None;
    open.placement = Some(PixelPosition::End);
    for event in [&full, &open, &full] {
        log.record(event.clone(), None).await.unwrap();
    }
    let stored: Vec<Stored> = reading!(&place.database, pool => {
        sqlx::query_as("SELECT * FROM events ORDER BY seq").fetch_all(pool)
    })
    .unwrap();
    assert_eq!(stored, [full.into(), open.into()]);
}

#[tokio::test]
async fn a_count_that_grows_brings_nothing_back_that_was_erased() {
    let place = Place::new().await;
    let log = place.log();
    let mut event = click("", 0, 1);
    log.record(event.clone(), None).await.unwrap();
    let erasing =
        "UPDATE events SET message = '*', name = '*', destination = '*', level = 'anonymous'";
    executing!(&place.database, sqlx::query(erasing)).unwrap();
    event.count = 2;
    log.record(event, None).await.unwrap();
    let stored: (String, String, String, i64) = reading!(&place.database, pool => {
        sqlx::query_as("SELECT message, name, destination, count FROM events").fetch_one(pool)
    })
    .unwrap();
    assert_eq!(stored, ("*".into(), "*".into(), "*".into(), 2));
}

#[tokio::test]
async fn a_nul_keeps_nothing_out() {
    let place = Place::new().await;
    place.log().record(click("a\0b", 0, 1), None).await.unwrap();
    assert_eq!(place.recipients().await, ["a\u{fffd}b"]);
}

#[tokio::test]
async fn many_at_a_time_are_all_stored() {
    let place = Place::new().await;
    let log = Arc::new(place.log());
    let tasks: Vec<_> = (0..1500)
        .map(|number| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.record(click(&number.to_string(), 0, 1), None).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(place.recipients().await.len(), 1500);
}

#[tokio::test]
async fn without_database_and_spool_nobody_is_told_that_it_was_stored() {
    let place = Place::new().await;
    place.database.close().await;
    fs::write(place.spool(), "a file where the folder should be").unwrap();
    let log = place.log();
    log.record(click("r", 0, 1), None).await.unwrap_err();
    fs::remove_file(place.spool()).unwrap();
    log.record(click("r", 0, 1), None).await.unwrap();
}

#[tokio::test]
async fn rewritten_mails_are_counted_by_message() {
    let place = Place::new().await;
    let log = place.log();
    for _ in 0..10 {
        log.count_rewritten("example.com", "a", 1);
        log.count_rewritten("example.com", "b", 3);
    }
    let expected = [("a".to_owned(), 10), ("b".to_owned(), 30)];
    let deadline = Instant::now() + Duration::from_secs(5);
    while rewritten(&place).await != expected {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    log.count_rewritten("example.com", "a", 1);
    log.stop().await;
    assert_eq!(
        rewritten(&place).await,
        [("a".to_owned(), 11), ("b".to_owned(), 30)]
    );
}
