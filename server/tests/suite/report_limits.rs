//! Reports of one domain that take for ever, and everybody else.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::Value;

use crate::callers::{code, knows};
use crate::database::Backend;
use crate::links::Scene;
use crate::sender::eventually;
use crate::server::Server;
use crate::stored::{DOMAIN, Stored, click};
use crate::tables::Tables;
use crate::visitor::Visitor;

const OTHER: &str = "other.example";

/// A server on which whatever reads the messages of `example.com` takes minutes.
async fn scene(backend: &Backend, settings: &[(&str, &str)]) -> Scene {
    let scene = Scene::new(backend, settings).await;
    slow_down(&scene.tables).await;
    scene.tables.add_domain(OTHER).await;
    knows(&scene.server, "example.com").await;
    knows(&scene.server, OTHER).await;
    scene
}

async fn slow_down(tables: &Tables) {
    tables
        .execute("ALTER TABLE messages RENAME TO quick_messages")
        .await;
    let view = match tables {
        Tables::Sqlite(_) => {
            tables.execute("CREATE TABLE many (n BIGINT)").await;
            tables
                .execute(
                    "INSERT INTO many WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up \
                     WHERE n < 3000) SELECT n FROM up",
                )
                .await;
            "CREATE VIEW messages AS SELECT domain, message, html, first_at FROM quick_messages UNION ALL \
             SELECT domains.id, 'm', NULL, 1 FROM domains CROSS JOIN many AS a CROSS JOIN many AS b \
             CROSS JOIN many AS c WHERE domains.id = 'example.com' AND a.n + b.n + c.n < 0"
        }
        Tables::Postgres(_) => {
            "CREATE VIEW messages AS SELECT domain, message, html, first_at FROM quick_messages UNION ALL \
             SELECT domains.id, 'm', NULL, 1 FROM domains CROSS JOIN LATERAL \
             (SELECT pg_sleep(600) WHERE domains.id = 'example.com') AS slow"
        }
    };
    tables.execute(view).await;
}

async fn report(server: &Server, domain: &str) -> Response {
    let path = format!("/domains/{domain}/messages");
    server.api("GET", &path).send().await.unwrap()
}

#[tokio::test]
async fn loops_over_reports_of_one_domain_disturb_nobody_else() {
    for backend in Backend::all() {
        let scene = Arc::new(scene(&backend, &[("REPORT_SECONDS", "3")]).await);
        let loops: Vec<_> = (0..40)
            .map(|_| {
                let scene = Arc::clone(&scene);
                tokio::spawn(async move {
                    let mut told_to_wait = 0;
                    let end = Instant::now() + Duration::from_secs(8);
                    while Instant::now() < end {
                        let answer = report(&scene.server, DOMAIN).await;
                        match answer.status().as_u16() {
                            429 => {
                                assert!(answer.headers().contains_key("retry-after"));
                                told_to_wait += 1;
                                tokio::time::sleep(Duration::from_millis(100)).await;
                            }
                            503 => assert_eq!(code(answer).await, "timed_out"),
                            status => panic!("{status}"),
                        }
                    }
                    told_to_wait
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Alone on the machine, a tenth of a second.
        let quick = Duration::from_secs(5);
        let mut up = 0;
        for _ in 0..12 {
            let started = Instant::now();
            assert_eq!(
                report(&scene.server, OTHER).await.status(),
                200,
                "{backend:?}"
            );
            assert_eq!(scene.click().await.status(), 302);
            let ready = scene.server.get("/readyz").await;
            assert_eq!(ready.status(), 200);
            up += usize::from(ready.text().await.unwrap().contains("database: up"));
            let taken = started.elapsed();
            assert!(taken < quick, "{backend:?}: {taken:?}");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        assert!(up > 8, "{backend:?}: the database was up {up} times of 12");
        let mut told_to_wait = 0;
        for one in loops {
            told_to_wait += one.await.unwrap();
        }
        assert!(told_to_wait > 0, "{backend:?}: nobody was told to wait");
    }
}

#[tokio::test]
async fn report_ends_when_its_time_is_over() {
    for backend in Backend::all() {
        let scene = scene(&backend, &[("REPORT_SECONDS", "1")]).await;
        let started = Instant::now();
        let answer = report(&scene.server, DOMAIN).await;
        assert_eq!(answer.status(), 503, "{backend:?}");
        let said: Value = answer.json().await.unwrap();
        assert_eq!(said["error"]["code"], "timed_out");
        let text = said["error"]["message"].as_str().unwrap();
        assert_eq!(
            text,
            "the report took too long and was stopped, expected a shorter span of time or a single message"
        );
        assert!(started.elapsed() < Duration::from_secs(5), "{backend:?}");
        let visitor = Visitor::sign_in(&scene.server, crate::server::ADMIN_TOKEN).await;
        let page = visitor.get("/domains/example.com").await;
        assert_eq!(page.status(), 503);
        assert!(page.text().await.unwrap().contains("took too long"));
    }
}

#[tokio::test]
async fn report_ends_when_nobody_waits_for_it() {
    // At least one more than the server has connections for reports.
    let times = available_parallelism().map_or(1, usize::from).max(4) + 1;
    for backend in Backend::all() {
        let scene = scene(&backend, &[("REPORT_SECONDS", "25")]).await;
        for _ in 0..times {
            let patience = Duration::from_millis(300);
            let asked = tokio::time::timeout(patience, report(&scene.server, DOMAIN)).await;
            assert!(asked.is_err(), "{backend:?}: the report was not slow");
        }
        let started = Instant::now();
        assert_eq!(
            report(&scene.server, OTHER).await.status(),
            200,
            "{backend:?}"
        );
        let taken = started.elapsed();
        assert!(taken < Duration::from_secs(3), "{backend:?}: {taken:?}");
        if let Tables::Postgres(pool) = &scene.tables {
            eventually("PostgreSQL stops the queries", async || {
                let running: i64 = sqlx::query_scalar(
                    "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%FROM messages WHERE%'",
                )
                .fetch_one(pool)
                .await
                .unwrap();
                (running == 0).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn page_of_events_looks_through_a_part_of_the_log_only() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        stored.insert(&[click("m", "r", 0, "n", 1000)]).await;
        stored
            .tables
            .execute("UPDATE events SET seq = 250000")
            .await;
        stored.settle().await;
        let mut after = "0".to_owned();
        let mut pages = 0;
        let events = loop {
            let page = stored.json(&format!("events?after={after}")).await;
            pages += 1;
            match page["next"].as_str() {
                Some(next) if page["events"].as_array().unwrap().is_empty() => {
                    next.clone_into(&mut after);
                }
                _ => break page["events"].as_array().unwrap().len(),
            }
        };
        assert_eq!((pages, events), (3, 1), "{backend:?}");
        for (export, lines) in [
            ("events.ndjson", 1),
            ("events.csv?message=m", 2),
            ("events.csv?message=n", 1),
        ] {
            let path = format!("/domains/{DOMAIN}/{export}");
            let answer = stored.server.api("GET", &path).send().await.unwrap();
            let text = answer.text().await.unwrap();
            assert_eq!(text.lines().count(), lines, "{backend:?} {export}: {text}");
        }
    }
}
