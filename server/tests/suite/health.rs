use crate::database::{Backend, Postgres};
use crate::links::Scene;
use crate::server::{ADMIN_TOKEN, Server};

#[tokio::test]
async fn health_is_told_to_anybody() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let response = server.get("/healthz").await;
        assert_eq!(response.status(), 200, "{backend:?}");
        assert_eq!(response.text().await.unwrap(), "ok\ndatabase: up\n");
    }
}

#[tokio::test]
async fn without_its_database_the_server_stays_in_service() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_on(folder, postgres.new_database(), &[]).await;
    postgres.stop("fast");
    let response = server.get("/healthz").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "ok\ndatabase: down\n");
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
