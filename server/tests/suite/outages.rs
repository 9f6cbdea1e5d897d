//! Mail goes out while the database is down, and what became of it is known afterwards.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::database::{Backend, Postgres};
use crate::loss::lock;
use crate::sender::{asked, campaign, eventually, ready, rendered, rewrite};
use crate::server::{ADMIN_TOKEN, Server};
use crate::tables::Tables;

const HTML: &str =
    "<p><a href=\"https://a.example/\">a</a> <a href=\"https://b.example/\">b</a></p>";
const SCOPED: &str = "a token of example.com alone";

fn mail(recipient: &str) -> Value {
    json!({ "domain": "example.com", "message": "m1", "recipient": recipient, "html": HTML })
}

/// Follows all links of a mail, and says how many there are.
async fn follow(server: &Server, html: &str) -> usize {
    let links = html.split('"').filter(|value| value.contains("/c/"));
    let mut followed = 0;
    for link in links {
        let (_, path) = link.split_once("://").unwrap().1.split_once('/').unwrap();
        let click = server.follow(Method::GET, &format!("/{path}")).send();
        assert_eq!(click.await.unwrap().status(), StatusCode::FOUND, "{link}");
        followed += 1;
    }
    followed
}

/// Sends one mail by itself and two of a campaign, whose links are followed.
async fn send_and_follow(server: &Server, campaign: &str) {
    let rewritten = rewrite(server, &mail("r1")).await;
    assert_eq!(follow(server, rewritten["html"].as_str().unwrap()).await, 2);
    let order = json!({ "recipients": ["r1", "r2"] });
    for line in rendered(server, campaign, &order).await {
        assert_eq!(follow(server, line["html"].as_str().unwrap()).await, 2);
    }
}

/// Waits until so many times of that are known.
async fn known(server: &Server, times: i64) {
    let tables = Tables::of(server).await;
    eventually("mails and clicks are counted", async || {
        let mails = (tables.rewritten("m1").await, tables.rewritten("c1").await);
        let clicks = i64::try_from(tables.events().await.len()).unwrap();
        (mails == (times, 2 * times) && clicks == 6 * times).then_some(())
    })
    .await;
}

#[tokio::test]
async fn mail_goes_out_while_postgres_is_stopped() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let postgres = Arc::new(postgres);
    let mut server = ready(&Backend::Postgres(Arc::clone(&postgres))).await;
    Tables::of(&server)
        .await
        .add_token(SCOPED, "example.com")
        .await;
    let forgotten = campaign(&server, "c0", HTML).await;
    server.terminate().await;
    server.start_again().await;
    let created = campaign(&server, "c1", HTML).await;
    postgres.stop("fast");
    for _ in 0..2 {
        send_and_follow(&server, created["id"].as_str().unwrap()).await;
    }
    let scoped = server
        .client
        .post(server.url("/api/v1/rewrite"))
        .bearer_auth(SCOPED)
        .json(&json!({ "domain": "example.com", "html": HTML }));
    assert_eq!(scoped.send().await.unwrap().status(), StatusCode::OK);
    for (path, body) in [
        (
            format!("/campaigns/{}/render", forgotten["id"].as_str().unwrap()),
            json!({ "recipients": ["r1"] }),
        ),
        (
            "/campaigns".to_owned(),
            json!({ "domain": "example.com", "message": "c2", "html": HTML }),
        ),
    ] {
        let refused = asked(&server, "POST", &path, &body, 503).await;
        assert_eq!(refused["error"]["code"], "database", "{path}");
    }
    postgres.start_again();
    send_and_follow(&server, created["id"].as_str().unwrap()).await;
    known(&server, 3).await;
}

#[tokio::test]
async fn nothing_is_tracked_that_may_have_been_refused_while_postgres_is_stopped() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let postgres = Arc::new(postgres);
    let server = ready(&Backend::Postgres(Arc::clone(&postgres))).await;
    let created = campaign(&server, "c1", HTML).await;
    let levels = json!({ "click_tracking": "off", "open_tracking": "off" });
    let path = "/domains/example.com/recipients/r1/tracking";
    asked(&server, "PUT", path, &levels, 200).await;
    postgres.stop("fast");
    let rewritten = rewrite(&server, &mail("r1")).await;
    assert_eq!(rewritten["html"], HTML);
    assert_eq!(rewritten["report"]["click_tracking"], "off");
    let order = json!({ "recipients": ["r1"] });
    for line in rendered(&server, created["id"].as_str().unwrap(), &order).await {
        assert_eq!(line["html"], HTML);
    }
    postgres.start_again();
    let rewritten = rewrite(&server, &mail("r2")).await;
    assert_eq!(rewritten["report"]["click_tracking"], "identified");
}

#[tokio::test]
async fn mail_goes_out_while_sqlite_is_locked() {
    let server = ready(&Backend::Sqlite).await;
    let created = campaign(&server, "c1", HTML).await;
    let lock = lock(&server).await;
    for _ in 0..2 {
        send_and_follow(&server, created["id"].as_str().unwrap()).await;
    }
    lock.close().await.unwrap();
    send_and_follow(&server, created["id"].as_str().unwrap()).await;
    known(&server, 3).await;
}

#[tokio::test]
async fn a_revoked_token_ends_at_once_and_soon_on_other_servers() {
    for backend in Backend::all() {
        let server = ready(&backend).await;
        let folder = tempfile::tempdir().unwrap();
        let other = Server::start_on(folder, server.database_url.clone(), &[]).await;
        let new = json!({ "name": "sender", "domain": "example.com" });
        let made = asked(&server, "POST", "/tokens", &new, 201).await;
        let status = async |server: &Server| {
            let url = server.url("/api/v1/domains/example.com");
            let request = server.client.get(url);
            let token = made["token"].as_str().unwrap();
            let answer = request.bearer_auth(token).send().await.unwrap();
            answer.status().as_u16()
        };
        assert_eq!(status(&server).await, 200);
        assert_eq!(status(&other).await, 200, "{backend:?}");
        // Long enough for the other server to know it by heart.
        tokio::time::sleep(Duration::from_millis(5500)).await;
        let path = format!("/api/v1/tokens/{}", made["id"].as_str().unwrap());
        let revocation = server.client.delete(server.url(&path));
        let revoked = revocation.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
        assert_eq!(revoked.status(), 204);
        assert_eq!(status(&server).await, 401);
        eventually("the other server refuses it", async || {
            (status(&other).await == 401).then_some(())
        })
        .await;
    }
}
