//! How much is stored of a domain's campaigns and kept mail.

use serde_json::{Value, json};

use crate::database::Backend;
use crate::sender::{asked, campaign, eventually, rewrite};
use crate::server::{ADMIN_TOKEN, Server};
use crate::tables::{DEFAULT_HOST, Tables, server_with};
use crate::visitor::Visitor;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn scene(backend: &Backend, settings: &[(&str, &str)]) -> (Server, Tables) {
    let mut all = vec![("DEFAULT_HOST", DEFAULT_HOST)];
    all.extend(settings);
    server_with(backend, &all, &["example.com", "other.example"]).await
}

async fn stored(server: &Server) -> Value {
    let domain = asked(server, "GET", "/domains/example.com", &Value::Null, 200).await;
    domain["stored"].clone()
}

async fn is_there(server: &Server, made: &Value) -> bool {
    let path = format!("/campaigns/{}", made["id"].as_str().unwrap());
    let answer = server.api("GET", &path).send().await.unwrap();
    answer.status() == 200
}

#[tokio::test]
async fn oldest_campaigns_make_room_by_number() {
    for backend in Backend::all() {
        let (server, tables) = scene(&backend, &[("KEPT_NUMBER", "2")]).await;
        let other = json!({ "domain": "other.example", "message": "m", "html": "<p>other" });
        let other = asked(&server, "POST", "/campaigns", &other, 201).await;
        let mut made = Vec::new();
        for message in ["first", "second", "third"] {
            made.push(campaign(&server, message, "<p>12345").await);
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert!(!is_there(&server, &made[0]).await, "{backend:?}");
        assert!(is_there(&server, &made[1]).await && is_there(&server, &made[2]).await);
        assert!(is_there(&server, &other).await, "another domain's");
        let usage = stored(&server).await;
        assert_eq!(usage["campaigns"], json!({ "number": 2, "bytes": 16 }));
        assert_eq!(usage["mail"], json!({ "number": 2, "bytes": 16 }));
        assert_eq!(usage["quota"]["number"], 2);
        let kept: Vec<_> = tables.messages().await;
        let without: Vec<_> = kept.iter().filter(|(_, html)| html.is_none()).collect();
        assert_eq!(without.len(), 1, "the message stays: {kept:?}");
        assert_eq!(without[0].0, "first");
        let visitor = Visitor::sign_in(&server, ADMIN_TOKEN).await;
        let page = visitor.page("/domains/example.com/settings").await;
        assert!(page.contains("Campaigns: 2 of 2, 1 of 1024 MB"), "{page}");
    }
}

#[tokio::test]
async fn oldest_campaigns_and_kept_mail_make_room_by_bytes() {
    for backend in Backend::all() {
        let (server, tables) = scene(&backend, &[("KEPT_MB", "1")]).await;
        let large = format!(
            "<a href=\"https://a.example/\">x</a>{}",
            "x".repeat(600_000)
        );
        let first = campaign(&server, "first", &large).await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let second = campaign(&server, "second", &large).await;
        assert!(!is_there(&server, &first).await, "{backend:?}");
        assert!(is_there(&server, &second).await);
        let keep = json!({ "keep_mail": true });
        asked(&server, "PATCH", "/domains/example.com", &keep, 200).await;
        let mail = json!({ "domain": "example.com", "message": "third", "html": large });
        rewrite(&server, &mail).await;
        eventually("the mail takes the place of an older one", async || {
            let kept = tables.messages().await;
            let of = |name: &str| kept.iter().find(|(message, _)| message == name).cloned();
            (of("third")?.1.is_some() && of("second")?.1.is_none()).then_some(())
        })
        .await;
        let larger = format!("<p>{}", "x".repeat(2_000_000));
        let newest = campaign(&server, "newest", &larger).await;
        assert!(is_there(&server, &newest).await, "the newest one stays");
    }
}

#[tokio::test]
async fn campaigns_and_kept_mail_end_by_age() {
    for backend in Backend::all() {
        let (mut server, tables) = scene(&backend, &[("KEPT_DAYS", "30")]).await;
        let old = campaign(&server, "old", "<p>old").await;
        let new = campaign(&server, "new", "<p>new").await;
        server.terminate().await;
        assert_eq!(DAY_MS * 31, 2_678_400_000);
        tables
            .execute(
                "UPDATE campaigns SET created_at = created_at - 2678400000 WHERE message = 'old'",
            )
            .await;
        tables
            .execute("UPDATE messages SET kept_at = kept_at - 2678400000 WHERE message = 'old'")
            .await;
        server.start_again().await;
        eventually("what is old is deleted", async || {
            let usage = stored(&server).await;
            (usage["campaigns"]["number"] == 1 && usage["mail"]["number"] == 1).then_some(())
        })
        .await;
        assert!(!is_there(&server, &old).await, "{backend:?}");
        assert!(is_there(&server, &new).await);
    }
}
