use std::time::{Duration, Instant};

use crate::database::{Backend, Postgres};
use crate::links::Scene;
use crate::sender::eventually;
use crate::server::{ADMIN_TOKEN, Server};

#[tokio::test]
async fn health_and_readiness_are_told_to_anybody() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let response = server.get("/healthz").await;
        assert_eq!(response.status(), 200, "{backend:?}");
        assert_eq!(response.text().await.unwrap(), "ok\n");
        let response = server.get("/readyz").await;
        assert_eq!(response.status(), 200, "{backend:?}");
        assert_eq!(
            response.text().await.unwrap(),
            "ready\ndomains: known\ndatabase: up\nspool: writable\nwriter: running\n"
        );
    }
}

/// Waits for an answer of `/readyz`.
pub(crate) async fn until_said(server: &Server, status: u16, line: &str) {
    eventually(line, async || {
        let response = server.get("/readyz").await;
        let as_expected = response.status() == status;
        let text = response.text().await.unwrap();
        (as_expected && text.lines().any(|said| said == line)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn readiness_is_whether_database_or_spool_take_a_click() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_on(folder, postgres.new_database(), &[]).await;
    postgres.stop("fast");
    until_said(&server, 200, "database: down").await;
    until_said(&server, 200, "ready").await;
    let spool = server.folder.path().join("spool");
    // The server makes the folder again when it looks in between.
    while std::fs::write(&spool, "no folder").is_err() {
        let _ = std::fs::remove_dir_all(&spool);
    }
    until_said(&server, 503, "spool: not writable").await;
    until_said(&server, 503, "not ready").await;
    assert_eq!(server.get("/healthz").await.status(), 200);
    // Nobody who asks waits for the database.
    let started = Instant::now();
    let asked = (0..500).map(|_| server.get("/readyz"));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.status(), 503);
    }
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    postgres.start_again();
    until_said(&server, 200, "database: up").await;
}

#[tokio::test]
async fn metrics_are_for_the_admin() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        scene.click().await;
        scene
            .server
            .follow(reqwest::Method::GET, "/o/x")
            .send()
            .await
            .unwrap();
        assert_eq!(
            scene.server.get("/metrics").await.status(),
            401,
            "{backend:?}"
        );
        let request = scene
            .server
            .client
            .get(scene.server.url("/metrics"))
            .bearer_auth(ADMIN_TOKEN);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let text = response.text().await.unwrap();
        for line in [
            "tracking_events_total{kind=\"click\",machine=\"suspected\"} 1",
            "tracking_refusals_total{kind=\"open\",reason=\"malformed\"} 1",
            "tracking_click_answer_seconds_count 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
    }
}
