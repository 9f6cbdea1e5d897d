use super::*;
use crate::event_log::EventLogFitness;
use crate::event_log::sqlite::Inserter;

/// A click whose storing makes `who` panic.
fn bad_click(who: &str) -> Event {
    Event {
        message: format!("{PANIC}{who}"),
        ..click("bad", 0, 1)
    }
}

#[tokio::test]
async fn a_record_that_makes_the_thread_panic_is_spooled_and_set_aside() {
    let place = Place::new().await;
    let log = place.log();
    log.record(click("first", 0, 1), None).await.unwrap();
    log.record(bad_click("thread"), None).await.unwrap();
    log.record(click("second", 0, 1), None).await.unwrap();
    place.until_stored(2).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    while !log.fitness().database || place.segments("bad").is_empty() {
        assert!(Instant::now() < deadline, "{:?}", log.fitness());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    log.record(click("third", 0, 1), None).await.unwrap();
    log.stop().await;
    assert_eq!(place.recipients().await, ["first", "second", "third"]);
    let [kept] = place.segments("bad").try_into().unwrap();
    assert!(kept.contains("panic of thread"), "{kept}");
}

#[tokio::test]
async fn a_writer_that_panicked_is_started_again() {
    let place = Place::new().await;
    let log = place.log();
    for recipient in ["first", "second", "third"] {
        assert!(log.record(bad_click("writer"), None).await.is_err());
        log.record(click(recipient, 0, 1), None).await.unwrap();
    }
    assert!(log.fitness().writer);
    log.stop().await;
    assert_eq!(place.recipients().await, ["first", "second", "third"]);
}

#[tokio::test]
async fn a_thread_that_ended_is_followed_by_another() {
    let place = Place::new().await;
    let file = place.folder.path().join("log.sqlite");
    let inserter = Inserter::start(file);
    inserter.end_thread();
    inserter
        .insert(&group([click("after", 0, 1)]))
        .await
        .unwrap();
    assert_eq!(place.recipients().await, ["after"]);
}

#[tokio::test]
async fn a_database_that_fails_while_nobody_clicks_is_found_out() {
    let place = Place::new().await;
    let log = place.log();
    assert!(log.fitness().database && log.fitness().writer);
    let lock = place.lock().await;
    until(&log, |fitness| !fitness.database && fitness.spool).await;
    // The log makes the folder again when it looks in between.
    while fs::write(place.spool(), "no folder").is_err() {
        let _ = fs::remove_dir_all(place.spool());
    }
    until(&log, |fitness| !fitness.spool).await;
    drop(lock);
    until(&log, |fitness| fitness.database).await;
    log.stop().await;
}

async fn until(log: &EventLog, expected: impl Fn(EventLogFitness) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !expected(log.fitness()) {
        assert!(Instant::now() < deadline, "{:?}", log.fitness());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
