//! An erasure holds whatever ends a process, and for what comes late.

use std::time::Duration;

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _};

use crate::callers::knows;
use crate::database::Backend;
use crate::dump::{assert_nowhere, dump, files_of};
use crate::erasures::{ID, OTHER, erase, erased, follow, follow_all};
use crate::links::{Mail, Scene};
use crate::loss::lock;
use crate::sender::{asked, eventually, rewrite};
use crate::server::Server;
use crate::spooled::Spooled;
use crate::tables::{DEFAULT_HOST, Tables, on};

const MANY: i64 = 5000;

#[tokio::test]
async fn an_erasure_survives_a_crash_and_another_server_goes_on() {
    for backend in Backend::all() {
        let mut scene = Scene::new(&backend, &[]).await;
        knows(&scene.server, "example.com").await;
        follow_all(
            &scene.server,
            &Mail::new(&scene.domain, OTHER, &Scene::DESTINATIONS),
        )
        .await;
        insert_many(&scene.tables).await;
        erase(&scene.server).await;
        let left = async || -> i64 {
            let count = "SELECT COUNT(*) FROM events WHERE recipient = 'rcpt-42'";
            on!(&scene.tables, pool => sqlx::query_scalar(count).fetch_one(pool))
        };
        eventually("some are erased", async || {
            (left().await < MANY).then_some(())
        })
        .await;
        scene.server.kill().await;
        assert!(
            left().await > 0,
            "{backend:?}: all were erased before the crash"
        );
        let folder = tempfile::tempdir().unwrap();
        let url = scene.server.database_url.clone();
        let other = Server::start_on(folder, url, &[("DEFAULT_HOST", DEFAULT_HOST)]).await;
        let done = erased(&other).await;
        assert_eq!(done["events"], MANY, "{backend:?}");
        assert_nowhere(&[ID], &dump(&scene.tables).await, "the tables");
        for (file, text) in files_of(scene.server.folder.path()) {
            assert_nowhere(&[ID], &text, &file);
        }
        let events = scene.tables.events().await;
        let of_other = events.iter().filter(|event| event.recipient == OTHER);
        assert_eq!(of_other.count(), 3);
    }
}

#[tokio::test]
async fn an_erasure_waits_for_mail_that_waits_for_the_database() {
    let scene = Scene::new(&Backend::Sqlite, &[]).await;
    let server = &scene.server;
    knows(server, "example.com").await;
    let keep = json!({ "keep_mail": true });
    asked(server, "PATCH", "/domains/example.com", &keep, 200).await;
    for held in [1700, 2100] {
        let lock = lock(server).await;
        let mail = json!({ "domain": "example.com", "message": held.to_string(), "recipient": ID,
            "html": format!("<p>Hi {ID}</p><a href=\"https://a.example/\">x</a>") });
        rewrite(server, &mail).await;
        // It was refused once, and waits for the next try.
        tokio::time::sleep(Duration::from_millis(held)).await;
        lock.close().await.unwrap();
        erase(server).await;
        erased(server).await;
        let messages = scene.tables.messages().await;
        assert!(
            messages.contains(&(held.to_string(), None)),
            "{held}: {messages:?}"
        );
    }
}

/// Events of a recipient, of a past when this was not their server yet.
async fn insert_many(tables: &Tables) {
    // As the server's own connections do: what another one moves from page to page would stay where it was.
    let (before, id) = match tables {
        Tables::Sqlite(_) => ("PRAGMA secure_delete = ON;", "randomblob(16)"),
        Tables::Postgres(_) => ("", "decode(md5(CAST(n AS TEXT)), 'hex')"),
    };
    let sql = format!(
        "{before} INSERT INTO events (id, kind, domain, message, recipient, position, at, method, machine, reasons) \
         WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {MANY}) \
         SELECT {id}, 'click', 'example.com', 'm', 'rcpt-42', 0, 1700000000000 + n, 'GET', 'none', '' FROM up"
    );
    on!(tables, pool => async {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop)
    });
}

/// Anonymous are those that waited in a spool, identified the one after.
async fn assert_drained(server: &Server, tables: &Tables, mail: &Mail) {
    eventually("the spool is drained", async || {
        (tables.events().await.len() == 6).then_some(())
    })
    .await;
    assert_nowhere(&[ID], &dump(tables).await, "the tables");
    follow(server, &mail.clicks[0]).await;
    assert_eq!(tables.events().await[6].recipient, ID);
}

#[tokio::test]
async fn an_erasure_counts_for_what_waits_in_a_spool() {
    let scene = Scene::new(&Backend::Sqlite, &[]).await;
    follow_all(&scene.server, &scene.mail).await;
    let locked = lock(&scene.server).await;
    follow_all(&scene.server, &scene.mail).await;
    let Scene {
        mut server,
        tables,
        mail,
        ..
    } = scene;
    server.kill().await;
    locked.close().await.unwrap();
    let spool = server.folder.path().join("spool");
    let aside = server.folder.path().join("aside");
    std::fs::rename(&spool, &aside).unwrap();
    server.start_again().await;
    erase(&server).await;
    erased(&server).await;
    server.terminate().await;
    std::fs::remove_dir_all(&spool).unwrap();
    std::fs::rename(&aside, &spool).unwrap();
    server.start_again().await;
    assert_drained(&server, &tables, &mail).await;
}

#[tokio::test]
async fn an_erasure_counts_for_what_waits_in_the_spool_of_another_server() {
    let Some(mut spooled) = Spooled::on_postgres(follow_all).await else {
        return;
    };
    erase(&spooled.other).await;
    erased(&spooled.other).await;
    spooled.spooling.start_again().await;
    let tables = Tables::of(&spooled.other).await;
    assert_drained(&spooled.spooling, &tables, &spooled.mail).await;
    assert_eq!(erased(&spooled.spooling).await["state"], "done");
}
