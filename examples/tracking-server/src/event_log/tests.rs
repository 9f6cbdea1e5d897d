//! The log against a SQLite database that is there, locked, or gone.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

use super::metrics::Metrics;
use super::record::{Group, Record, Rewritten};
use super::store::Store;
use super::{EventLog, bursts, drain, retention, settled_seq};
use crate::clock::Clock;
use crate::database::{Database, executing, reading};
use crate::event::{Event, Kind, Machine, Reason};

struct Place {
    folder: TempDir,
    database: Database,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("log.sqlite").display());
        Self {
            database: Database::open(&url).await.unwrap(),
            folder,
        }
    }

    fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    fn log(&self) -> EventLog {
        EventLog::start(self.database.clone(), Clock::default(), self.spool(), None)
    }

    fn store(&self) -> Store {
        store(self.database.clone(), self.spool())
    }

    /// A store whose database is gone, on the same spool.
    async fn store_without_database(&self) -> Store {
        let gone = Self::new().await.database;
        gone.close().await;
        store(gone, self.spool())
    }

    /// Another process that keeps the database locked.
    async fn lock(&self) -> SqliteConnection {
        let mut other = SqliteConnectOptions::new()
            .filename(self.folder.path().join("log.sqlite"))
            .connect()
            .await
            .unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE")
            .execute(&mut other)
            .await
            .unwrap();
        other
    }

    /// Segments with an ending, and what is in them.
    fn segments(&self, ending: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.spool()) else {
            return Vec::new();
        };
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|found| found == ending))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    }

    fn leave_segment(&self, content: &[u8]) {
        fs::create_dir_all(self.spool()).unwrap();
        let name = format!("{}.ndjson", Clock::default().new_id().simple());
        fs::write(self.spool().join(name), content).unwrap();
    }

    /// Recipients by `seq`.
    async fn recipients(&self) -> Vec<String> {
        reading!(&self.database, pool => {
            sqlx::query_scalar("SELECT recipient FROM events ORDER BY seq").fetch_all(pool)
        })
        .unwrap()
    }

    async fn until_stored(&self, events: usize) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.recipients().await.len() < events {
            assert!(Instant::now() < deadline, "{:?}", self.recipients().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Position, `machine` and `reasons` by `seq`.
    async fn classified(&self) -> Vec<(i64, String, String)> {
        reading!(&self.database, pool => {
            sqlx::query_as("SELECT position, machine, reasons FROM events ORDER BY seq").fetch_all(pool)
        })
        .unwrap()
    }
}

fn store(database: Database, spool: PathBuf) -> Store {
    Store::new(database, Clock::default(), spool, Metrics::new())
}

fn click(recipient: &str, position: u32, at: i64) -> Event {
    Event {
        id: Clock::default().new_id(),
        kind: Kind::Click,
        domain: "example.com".into(),
        message: "message".into(),
        recipient: recipient.into(),
        position: Some(position),
        name: None,
        destination: Some("https://example.com/?a=\"1\"&b=\\u0000".into()),
        placement: None,
        at,
        sent_at: Some(1_700_000_000),
        method: "GET".into(),
        ip: Some("192.0.2.0".into()),
        user_agent: Some("Mozilla/5.0 \u{1f4ec}".into()),
        referer: None,
        accept_language: None,
        machine: Machine::None,
        reasons: Vec::new(),
    }
}

fn group(events: impl Into<Vec<Event>>) -> Group {
    Group {
        events: events.into(),
        rewritten: Vec::new(),
    }
}

fn line(event: Event) -> String {
    serde_json::to_string(&Record::Event(event)).unwrap() + "\n"
}

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
            placement: event.placement,
            at: event.at,
            sent_at_s: event.sent_at,
            method: event.method,
            ip: event.ip,
            user_agent: event.user_agent,
            referer: event.referer,
            accept_language: event.accept_language,
            machine: event.machine.as_str().into(),
            reasons: reasons.join(","),
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
    let mut open = click("", 0, 1_700_000_000_124);
    open.kind = Kind::Open;
    open.position = None;
    open.destination = None;
    open.sent_at = None;
    open.placement = Some("end".into());
    for event in [&full, &open, &full] {
        log.record(event.clone()).await.unwrap();
    }
    let stored: Vec<Stored> = reading!(&place.database, pool => {
        sqlx::query_as("SELECT * FROM events ORDER BY seq").fetch_all(pool)
    })
    .unwrap();
    assert_eq!(stored, [full.into(), open.into()]);
}

#[tokio::test]
async fn a_nul_keeps_nothing_out() {
    let place = Place::new().await;
    place.log().record(click("a\0b", 0, 1)).await.unwrap();
    assert_eq!(place.recipients().await, ["a\u{fffd}b"]);
}

#[tokio::test]
async fn many_at_a_time_are_all_stored() {
    let place = Place::new().await;
    let log = Arc::new(place.log());
    let tasks: Vec<_> = (0..1500)
        .map(|number| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.record(click(&number.to_string(), 0, 1)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(place.recipients().await.len(), 1500);
}

#[tokio::test]
async fn what_a_locked_database_refuses_waits_in_the_spool_and_is_stored_once() {
    let place = Place::new().await;
    let log = place.log();
    log.record(click("before", 0, 1)).await.unwrap();
    let lock = place.lock().await;
    let started = Instant::now();
    log.record(click("first", 0, 1)).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4));
    let started = Instant::now();
    log.record(click("second", 0, 1)).await.unwrap();
    assert!(
        started.elapsed() < Duration::from_millis(500),
        "it is known to be down"
    );
    assert_eq!(place.recipients().await, ["before"]);
    assert!(!place.segments("ndjson").is_empty());
    drop(lock);
    place.until_stored(3).await;
    log.record(click("after", 0, 1)).await.unwrap();
    log.stop().await;
    let mut recipients = place.recipients().await;
    recipients.sort();
    assert_eq!(recipients, ["after", "before", "first", "second"]);
}

#[tokio::test]
async fn what_is_left_at_the_end_waits_for_the_next_start() {
    let place = Place::new().await;
    let lock = place.lock().await;
    let log = place.log();
    log.count_rewritten("example.com", "message", 2);
    // It is in the queue before the end is called for.
    let (recorded, ()) = tokio::join!(log.record(click("r", 0, 1)), log.stop());
    recorded.unwrap();
    assert_eq!(place.recipients().await, [""; 0]);
    log.record(click("late", 0, 1)).await.unwrap_err();
    drop(lock);
    let again = place.log();
    place.until_stored(1).await;
    again.stop().await;
    assert_eq!(rewritten(&place).await, [("message".to_owned(), 2)]);
}

#[tokio::test]
async fn without_database_and_spool_nobody_is_told_that_it_was_stored() {
    let place = Place::new().await;
    place.database.close().await;
    fs::write(place.spool(), "a file where the folder should be").unwrap();
    let log = place.log();
    log.record(click("r", 0, 1)).await.unwrap_err();
    fs::remove_file(place.spool()).unwrap();
    log.record(click("r", 0, 1)).await.unwrap();
}

#[tokio::test]
async fn segments_are_drained_oldest_first_and_deleted() {
    let place = Place::new().await;
    for recipient in ["a", "b", "c"] {
        place.leave_segment(line(click(recipient, 0, 1)).as_bytes());
        // Names are ordered by the millisecond.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let store = place.store();
    drain::pass(&store).await.unwrap();
    assert_eq!(place.recipients().await, ["a", "b", "c"]);
    assert_eq!(place.segments("ndjson"), [""; 0]);
    assert_eq!(store.metrics.drained.get(), 3);
}

#[tokio::test]
async fn a_segment_that_was_stored_before_is_stored_once() {
    let place = Place::new().await;
    let store = place.store();
    let events = [click("a", 0, 1), click("b", 0, 1)];
    store.store(&group(events.clone())).await.unwrap();
    let lines: String = events.into_iter().map(line).collect();
    place.leave_segment((lines + &line(click("c", 0, 1))).as_bytes());
    drain::pass(&store).await.unwrap();
    assert_eq!(place.recipients().await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_torn_last_line_is_counted_and_left_out() {
    let place = Place::new().await;
    let torn = line(click("torn", 0, 1));
    let lines = line(click("whole", 0, 1)) + &torn[..torn.len() / 2];
    place.leave_segment(lines.as_bytes());
    let store = place.store();
    drain::pass(&store).await.unwrap();
    assert_eq!(place.recipients().await, ["whole"]);
    assert_eq!(store.metrics.unreadable.get(), 1);
    assert_eq!(place.segments("ndjson"), [""; 0]);
    assert_eq!(place.segments("bad"), [""; 0]);
}

#[tokio::test]
async fn a_bad_line_keeps_its_segment_and_holds_up_nothing() {
    let place = Place::new().await;
    let lines = [
        line(click("before", 0, 1)),
        "not a record\n".into(),
        line(click("after", 0, 1)),
    ]
    .concat();
    place.leave_segment(lines.as_bytes());
    let store = place.store();
    drain::pass(&store).await.unwrap();
    assert_eq!(place.recipients().await, ["before", "after"]);
    assert_eq!(place.segments("ndjson"), [""; 0]);
    assert_eq!(place.segments("bad"), [lines]);
}

#[tokio::test]
async fn a_record_that_the_database_refuses_holds_up_nothing() {
    let place = Place::new().await;
    executing!(
        &place.database,
        sqlx::query(
            "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.recipient = 'refused' \
             BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    )
    .unwrap();
    let log = place.log();
    let (refused, taken) = tokio::join!(
        log.record(click("refused", 0, 1)),
        log.record(click("taken", 0, 1))
    );
    refused.unwrap();
    taken.unwrap();
    place.until_stored(1).await;
    log.stop().await;
    drain::pass(&place.store()).await.unwrap();
    assert_eq!(place.recipients().await, ["taken"]);
    assert_eq!(place.segments("ndjson"), [""; 0]);
    assert!(place.segments("bad").concat().contains("refused"));
}

#[tokio::test]
async fn nobody_drains_a_segment_that_another_appends_to() {
    let place = Place::new().await;
    let other = place.store_without_database().await;
    other.store(&group([click("a", 0, 1)])).await.unwrap();
    drain::pass(&place.store()).await.unwrap();
    assert_eq!(place.recipients().await, [""; 0]);
    other.store(&group([click("b", 0, 1)])).await.unwrap();
    other.close_spool();
    drain::pass(&place.store()).await.unwrap();
    assert_eq!(place.recipients().await, ["a", "b"]);
}

async fn rewritten(place: &Place) -> Vec<(String, i64)> {
    reading!(&place.database, pool => {
        sqlx::query_as(
            "SELECT message, CAST(SUM(mails) AS BIGINT) FROM rewritten GROUP BY message ORDER BY message",
        )
        .fetch_all(pool)
    })
    .unwrap()
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

#[tokio::test]
async fn a_count_in_the_spool_is_counted_once() {
    let place = Place::new().await;
    let counted = Rewritten {
        id: Clock::default().new_id(),
        domain: "example.com".into(),
        message: "a".into(),
        at: 1,
        mails: 7,
    };
    let line = serde_json::to_string(&Record::Rewritten(counted)).unwrap() + "\n";
    for _ in 0..2 {
        place.leave_segment(line.as_bytes());
        drain::pass(&place.store()).await.unwrap();
    }
    assert_eq!(rewritten(&place).await, [("a".to_owned(), 7)]);
}

#[tokio::test]
async fn events_older_than_the_limit_are_deleted_and_counts_stay() {
    let place = Place::new().await;
    executing!(
        &place.database,
        sqlx::query(
            "INSERT INTO domains (name, status, verification, click_tracking, open_tracking, created_at) \
             VALUES ('example.com', 'validated', '', TRUE, TRUE, 0)"
        )
    )
    .unwrap();
    let store = place.store();
    let old: Vec<_> = (0..1200).map(|at| click("old", 0, at)).collect();
    store.store(&group(old)).await.unwrap();
    store
        .store(&group([click("young", 0, 1200)]))
        .await
        .unwrap();
    let log = place.log();
    log.count_rewritten("example.com", "message", 1);
    log.stop().await;
    assert_eq!(
        retention::delete_before(&place.database, 1200)
            .await
            .unwrap(),
        1200
    );
    assert_eq!(place.recipients().await, ["young"]);
    assert_eq!(rewritten(&place).await, [("message".to_owned(), 1)]);
}

#[tokio::test]
async fn bursts_are_marked_and_what_was_known_stays() {
    let place = Place::new().await;
    let mut certain = click("scanner", 1, 1100);
    certain.machine = Machine::Certain;
    certain.reasons = vec![Reason::Scanner];
    let clicks = [
        click("scanner", 0, 1000),
        certain,
        click("scanner", 2, 1200),
        click("scanner", 7, 9000),
        click("person", 0, 1000),
        click("person", 1, 1200),
        click("", 0, 1000),
        click("", 1, 1100),
        click("", 2, 1200),
    ];
    place.store().store(&group(clicks)).await.unwrap();
    let expected = [
        (0, "suspected", "burst"),
        (1, "certain", "scanner,burst"),
        (2, "suspected", "burst"),
        (7, "none", ""),
        (0, "none", ""),
        (1, "none", ""),
        (0, "none", ""),
        (1, "none", ""),
        (2, "none", ""),
    ]
    .map(|(position, machine, reasons)| (position, machine.to_owned(), reasons.to_owned()));
    for _ in 0..2 {
        bursts::pass(&place.database, None).await.unwrap();
        assert_eq!(place.classified().await, expected);
    }
}

#[tokio::test]
async fn a_burst_is_found_across_passes_and_before_it_settles() {
    let place = Place::new().await;
    let store = place.store();
    store
        .store(&group([click("r", 0, 1000), click("r", 1, 1100)]))
        .await
        .unwrap();
    let seen = bursts::pass(&place.database, None).await.unwrap();
    assert_eq!(settled_seq(&place.database).await.unwrap(), 0);
    store.store(&group([click("r", 2, 1200)])).await.unwrap();
    let seen = bursts::pass(&place.database, Some(seen)).await.unwrap();
    assert_eq!(settled_seq(&place.database).await.unwrap(), 2);
    let marked = |position| (position, "suspected".to_owned(), "burst".to_owned());
    assert_eq!(place.classified().await, [marked(0), marked(1), marked(2)]);
    bursts::pass(&place.database, Some(seen)).await.unwrap();
    assert_eq!(settled_seq(&place.database).await.unwrap(), 3);
    // From a spool, long after the others settled.
    store.store(&group([click("r", 3, 1300)])).await.unwrap();
    bursts::pass(&place.database, Some(3)).await.unwrap();
    assert_eq!(place.classified().await, [0, 1, 2, 3].map(marked));
}

#[tokio::test]
async fn what_settled_never_goes_back() {
    let place = Place::new().await;
    place
        .store()
        .store(&group([click("r", 0, 1), click("r", 0, 1)]))
        .await
        .unwrap();
    bursts::pass(&place.database, Some(2)).await.unwrap();
    bursts::pass(&place.database, Some(1)).await.unwrap();
    assert_eq!(settled_seq(&place.database).await.unwrap(), 2);
}
