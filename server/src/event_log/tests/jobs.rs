use super::super::{bursts, retention, settled_seq, timeline};
use super::{Place, click, group, rewritten};
use crate::database::{executing, reading};
use crate::event::{Machine, Reason};

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

async fn indexed(place: &Place) -> i64 {
    reading!(&place.database, pool => {
        sqlx::query_scalar("SELECT COUNT(*) FROM timeline").fetch_one(pool)
    })
    .unwrap()
}
