use std::time::{Duration, Instant};

use super::super::drain;
use super::super::record::{Record, Rewritten};
use super::{Place, click, group, rewritten};
use crate::clock::Clock;
use crate::database::executing;
use crate::event::Event;

fn line(event: Event) -> String {
    serde_json::to_string(&Record::Event(event)).unwrap() + "\n"
}

#[tokio::test]
async fn what_a_locked_database_refuses_waits_in_the_spool_and_is_stored_once() {
    let place = Place::new().await;
    let log = place.log();
    log.record(click("before", 0, 1), None).await.unwrap();
    let lock = place.lock().await;
    let started = Instant::now();
    log.record(click("first", 0, 1), None).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4));
    let started = Instant::now();
    log.record(click("second", 0, 1), None).await.unwrap();
    assert!(
        started.elapsed() < Duration::from_millis(500),
        "it is known to be down"
    );
    assert_eq!(place.recipients().await, ["before"]);
    assert!(!place.segments("ndjson").is_empty());
    drop(lock);
    place.until_stored(3).await;
    log.record(click("after", 0, 1), None).await.unwrap();
    // It may have come just before the drain was done, and be spooled as well.
    place.until_stored(4).await;
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
    let (recorded, ()) = tokio::join!(log.record(click("r", 0, 1), None), log.stop());
    recorded.unwrap();
    assert_eq!(place.recipients().await, [""; 0]);
    log.record(click("late", 0, 1), None).await.unwrap_err();
    drop(lock);
    let again = place.log();
    place.until_stored(1).await;
    again.stop().await;
    assert_eq!(rewritten(&place).await, [("message".to_owned(), 2)]);
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
        log.record(click("refused", 0, 1), None),
        log.record(click("taken", 0, 1), None)
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
