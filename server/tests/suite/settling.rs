//! One domain's flood holds up nobody else's reports.

use std::time::Duration;

use reqwest::Method;

use crate::callers::knows;
use crate::database::Backend;
use crate::links::Mail;
use crate::sender::eventually;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables, on, server_with};

/// As many bursts as take half a minute where each row is marked by itself.
const FLOOD: i64 = 250_000;
/// Of one recipient, who clicks four links within milliseconds.
const FLOOD_SQLITE: &str = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 250000) \
     INSERT INTO events (id, kind, domain, message, recipient, position, at, method, machine, reasons) \
     SELECT randomblob(16), 'click', 'flood.example', 'm', 'r', n % 4, 1700000000000 + n, 'GET', 'none', '' FROM numbers";
const FLOOD_POSTGRES: &str = "INSERT INTO events (id, kind, domain, message, recipient, position, at, method, machine, reasons) \
     SELECT decode(md5(n::text), 'hex'), 'click', 'flood.example', 'm', 'r', n % 4, 1700000000000 + n, 'GET', 'none', '' \
     FROM generate_series(1, 250000) AS numbers (n)";

async fn exported(server: &Server, domain: &str) -> usize {
    let path = format!("/domains/{domain}/events.ndjson");
    let answer = server.api("GET", &path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap().lines().count()
}

/// Up to where the flood is settled.
async fn settled(tables: &Tables) -> i64 {
    on!(tables, pool => sqlx::query_scalar(
        "SELECT COALESCE(MAX(seq), 0) FROM settled WHERE domain = 'flood.example'",
    ).fetch_one(pool))
}

#[tokio::test]
async fn a_flood_of_one_domain_does_not_hold_back_anothers_export() {
    for backend in Backend::all() {
        let settings = [("DEFAULT_HOST", DEFAULT_HOST)];
        let domains = ["flood.example"];
        let (server, tables) = server_with(&backend, &settings, &domains).await;
        let domain = tables.add_domain("example.com").await;
        let mail = Mail::new(&domain, "r", &["https://a.example/"]);
        knows(&server, "example.com").await;
        tables
            .execute(match &tables {
                Tables::Sqlite(_) => FLOOD_SQLITE,
                Tables::Postgres(_) => FLOOD_POSTGRES,
            })
            .await;
        let click = server.follow(Method::GET, &mail.clicks[0]).send().await;
        assert_eq!(click.unwrap().status(), 302);
        eventually("the other domain's click is exported", async || {
            (exported(&server, "example.com").await == 1).then_some(())
        })
        .await;
        // And the flood is judged, all of it, soon after.
        let mut patience = 60;
        while settled(&tables).await < FLOOD {
            patience -= 1;
            assert!(patience > 0, "{backend:?}: the flood never settles");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let bursts: i64 = on!(&tables, pool => sqlx::query_scalar(
            "SELECT COUNT(*) FROM events WHERE machine = 'suspected' AND reasons = 'burst'",
        ).fetch_one(pool));
        assert_eq!(bursts, FLOOD, "{backend:?}");
    }
}
