use std::time::Duration;

use super::super::settling::{Pace, Settling};
use super::super::{retention, settled_seq, timeline};
use super::{Place, click, group, rewritten};
use crate::clock::Clock;
use crate::database::{executing, reading};
use crate::event::{Machine, Reason};

/// A part of what is alone at each pass.
const PACE: Pace = Pace {
    together: 10,
    alone: 10,
    time: Duration::ZERO,
};

#[tokio::test]
async fn events_older_than_the_limit_are_deleted_and_counts_stay() {
    let place = Place::new().await;
    executing!(
        &place.database,
        sqlx::query(
            "INSERT INTO domains (id, name, status, verification, click_tracking, open_tracking, created_at) \
             VALUES ('example.com', 'example.com', 'validated', '', TRUE, TRUE, 0)"
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
    while timeline::pass(&place.database).await.unwrap() {}
    assert_eq!(indexed(&place).await, 1201);
    assert_eq!(
        retention::delete_before(&place.database, 1200)
            .await
            .unwrap(),
        1200
    );
    assert_eq!(place.recipients().await, ["young"]);
    assert_eq!(indexed(&place).await, 1);
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
        settling(&place).pass().await.unwrap();
        assert_eq!(place.classified().await, expected);
    }
}

#[tokio::test]
async fn a_burst_is_found_across_passes_and_before_it_settles() {
    let place = Place::new().await;
    let store = place.store();
    let mut settling = settling(&place);
    store
        .store(&group([click("r", 0, 1000), click("r", 1, 1100)]))
        .await
        .unwrap();
    settling.pass().await.unwrap();
    assert_eq!(settled(&place).await, 0);
    store.store(&group([click("r", 2, 1200)])).await.unwrap();
    settling.pass().await.unwrap();
    assert_eq!(settled(&place).await, 2);
    let marked = |position| (position, "suspected".to_owned(), "burst".to_owned());
    assert_eq!(place.classified().await, [marked(0), marked(1), marked(2)]);
    settling.pass().await.unwrap();
    assert_eq!(settled(&place).await, 3);
}

#[tokio::test]
async fn what_was_there_for_some_time_is_settled_by_one_pass() {
    let place = Place::new().await;
    let store = place.store();
    let mut settling = settling(&place);
    let clicks = [click("r", 0, 1000), click("r", 1, 1100)];
    store.store(&group(clicks)).await.unwrap();
    settling.note_end().await.unwrap();
    store.store(&group([click("r", 2, 1200)])).await.unwrap();
    settling.pass().await.unwrap();
    assert_eq!(settled(&place).await, 2);
    let marked = |position| (position, "suspected".to_owned(), "burst".to_owned());
    assert_eq!(place.classified().await, [marked(0), marked(1), marked(2)]);
    settling.note_end().await.unwrap();
    settling.pass().await.unwrap();
    assert_eq!(settled(&place).await, 3);
}

#[tokio::test]
async fn what_settled_never_goes_back_nor_changes() {
    let place = Place::new().await;
    let store = place.store();
    let clicks = [click("r", 0, 1000), click("r", 1, 1000)];
    store.store(&group(clicks)).await.unwrap();
    let mut first = settling(&place);
    let mut second = settling(&place);
    for _ in 0..2 {
        first.pass().await.unwrap();
    }
    assert_eq!(settled(&place).await, 2);
    // Too late to be judged together with the first two: somebody may have read those.
    store.store(&group([click("r", 2, 1000)])).await.unwrap();
    for settling in [&mut second, &mut first] {
        settling.pass().await.unwrap();
        assert!(settled(&place).await >= 2);
    }
    let none = |position| (position, "none".to_owned(), String::new());
    assert_eq!(place.classified().await, [none(0), none(1), none(2)]);
}

#[tokio::test]
async fn a_gathered_event_settles_when_it_has_done_growing() {
    let place = Place::new().await;
    let clock = Clock::default();
    clock.set(20_000);
    let mut gathered = click("r", 0, 15_000);
    gathered.reasons = vec![Reason::Repeated];
    let mut other = click("r", 0, 15_000);
    other.domain = "other.example".into();
    let events = [click("r", 0, 1000), gathered, click("r", 0, 15_000), other];
    place.store().store(&group(events)).await.unwrap();
    let mut settling = Settling::new(place.database.clone(), clock.clone(), PACE);
    for _ in 0..3 {
        settling.pass().await.unwrap();
    }
    assert_eq!(settled(&place).await, 1);
    let other = settled_seq(&place.database, "other.example").await;
    assert_eq!(other.unwrap(), 4, "others do not wait for it");
    clock.set(25_001);
    settling.pass().await.unwrap();
    assert_eq!(settled(&place).await, 4);
}

#[tokio::test]
async fn what_a_pass_did_not_come_to_is_not_settled_however_old() {
    let place = Place::new().await;
    let store = place.store();
    let mut settling = settling(&place);
    let clicks = |count: u32| -> Vec<_> {
        let each = (0..count).map(|n| click("r", n % 4, i64::from(n)));
        each.collect()
    };
    store.store(&group(clicks(5))).await.unwrap();
    settling.pass().await.unwrap();
    store.store(&group(clicks(35))).await.unwrap();
    settling.note_end().await.unwrap();
    settling.pass().await.unwrap();
    assert_eq!(settled(&place).await, 5);
}

#[tokio::test]
async fn a_domain_with_many_events_is_judged_in_parts_and_after_the_others() {
    judged_in_parts(false).await;
    judged_in_parts(true).await;
}

/// The end of each is settled by the pass after the one that saw it, or by this one if it was there before.
async fn judged_in_parts(noted: bool) {
    let place = Place::new().await;
    let store = place.store();
    let flood: Vec<_> = (0..35).map(|n| click("r", n % 4, i64::from(n))).collect();
    store.store(&group(flood)).await.unwrap();
    let mut other = click("r", 0, 0);
    other.domain = "other.example".into();
    store.store(&group([other])).await.unwrap();
    let mut settling = settling(&place);
    let (first, fourth) = if noted { (36, 36) } else { (0, 30) };
    for (flood, others) in [(0, first), (10, 36), (20, 36), (fourth, 36), (36, 36)] {
        if noted {
            settling.note_end().await.unwrap();
        }
        settling.pass().await.unwrap();
        let other = settled_seq(&place.database, "other.example").await;
        assert_eq!((settled(&place).await, other.unwrap()), (flood, others));
    }
    let classified = place.classified().await;
    let bursts = classified.iter().filter(|(.., reasons)| reasons == "burst");
    assert_eq!(bursts.count(), 35);
}

fn settling(place: &Place) -> Settling {
    Settling::new(place.database.clone(), Clock::default(), PACE)
}

async fn settled(place: &Place) -> i64 {
    settled_seq(&place.database, "example.com").await.unwrap()
}

async fn indexed(place: &Place) -> i64 {
    reading!(&place.database, pool => {
        sqlx::query_scalar("SELECT COUNT(*) FROM timeline").fetch_one(pool)
    })
    .unwrap()
}
