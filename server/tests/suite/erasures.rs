//! An erasure takes a recipient out of everything that is stored, and leaves everybody else's there.

use std::path::Path;

use linkseal::Message;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::callers::{bearer, scoped_token};
use crate::database::{Backend, Postgres};
use crate::links::{Mail, Scene, now_s};
use crate::loss::lock;
use crate::sender::{asked, campaign, eventually, rewrite};
use crate::server::{ADMIN_TOKEN, Server};
use crate::tables::{DEFAULT_HOST, Logged, Tables, on};
use crate::visitor::Visitor;

const ID: &str = "rcpt-42";
const ERASURE: &str = "/domains/example.com/recipients/rcpt-42";
const OTHER: &str = "rcpt-43";
const MANY: i64 = 5000;

async fn knows_the_domain(server: &Server) {
    eventually("the server knows the domain", async || {
        let answer = server.api("GET", "/domains/example.com").send().await;
        (answer.unwrap().status() == 200).then_some(())
    })
    .await;
}

async fn follow(server: &Server, path: &str) {
    let request = server.follow(Method::GET, path);
    let request = request.header("User-Agent", "Mozilla/5.0 (agent of one person)");
    let status = request.send().await.unwrap().status();
    assert!(status == 302 || status == 200, "{status}");
}

async fn follow_all(server: &Server, mail: &Mail) {
    for path in mail.clicks.iter().chain([&mail.open]) {
        follow(server, path).await;
    }
}

async fn erase(server: &Server) -> Value {
    asked(server, "DELETE", ERASURE, &Value::Null, 202).await
}

async fn erased(server: &Server) -> Value {
    eventually("the recipient is erased", async || {
        let answer = server.api("GET", ERASURE).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let state: Value = answer.json().await.unwrap();
        (state["state"] == "done").then_some(state)
    })
    .await
}

/// Everything that the tables hold, as text; bytes in hexadecimal.
async fn dump(tables: &Tables) -> String {
    let (names, row) = match tables {
        Tables::Sqlite(_) => (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            "",
        ),
        Tables::Postgres(_) => (
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
            "CAST(t AS TEXT)",
        ),
    };
    let names: Vec<String> =
        on!(tables, pool => sqlx::query_scalar(AssertSqlSafe(names)).fetch_all(pool));
    assert!(names.len() > 10, "{names:?}");
    let mut all = String::new();
    for name in names {
        let row = match tables {
            Tables::Postgres(_) => row.to_owned(),
            Tables::Sqlite(pool) => {
                let sql = format!(
                    "SELECT group_concat('quote(' || name || ')', ' || ' || quote(' ') || ' || ') FROM pragma_table_info('{name}')"
                );
                let columns = sqlx::query_scalar(AssertSqlSafe(sql));
                columns.fetch_one(pool).await.unwrap()
            }
        };
        let sql = format!("SELECT {row} FROM {name} t");
        let rows: Vec<String> =
            on!(tables, pool => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool));
        all.push_str(&format!("{name}:\n{}\n", rows.join("\n")));
    }
    all
}

/// How they are written where a dump has bytes.
fn spellings(word: &str) -> [String; 3] {
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    [word.to_owned(), hex.to_uppercase(), hex]
}

#[track_caller]
fn assert_nowhere(words: &[&str], text: &str, place: &str) {
    for word in words {
        for spelling in spellings(word) {
            let found = text.find(&spelling).map(|start| {
                let start = text.floor_char_boundary(start.saturating_sub(300));
                text[start..].chars().take(600).collect::<String>()
            });
            assert_eq!(found, None, "{word} in {place}");
        }
    }
}

fn files_of(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).unwrap();
    let files = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    files
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            (
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            )
        })
        .collect()
}

fn token(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// What the recipient is named in everywhere.
async fn fill(scene: &Scene) -> Vec<Mail> {
    let server = &scene.server;
    let keep = json!({ "keep_mail": true });
    asked(server, "PATCH", "/domains/example.com", &keep, 200).await;
    let message = Message::new("welcome-rcpt-42")
        .and_then(|message| message.with_recipient(ID))
        .and_then(|message| message.with_sent_at(now_s() - 3600))
        .unwrap();
    let theirs = [
        "https://shop.example/?u=rcpt-42&b=2",
        "https://shop.example/%72cpt-42",
    ];
    let personal = Mail::of(&scene.domain, message, &theirs);
    let nobodys = Message::new("to-nobody").unwrap();
    let nobodys = Mail::of(&scene.domain, nobodys, &["https://shop.example/rcpt-42/x"]);
    let other = Mail::new(&scene.domain, OTHER, &Scene::DESTINATIONS);
    for mail in [&scene.mail, &personal, &nobodys, &other] {
        follow_all(server, mail).await;
    }
    let of_token = format!(
        "<a href=\"http://{DEFAULT_HOST}{}\">x</a>",
        scene.mail.clicks[0]
    );
    for (message, html) in [
        (
            "named",
            "<p>Hi rcpt-42</p><a href=\"https://a.example/\">x</a>",
        ),
        (
            "unnamed",
            "<p>Hi all</p><a href=\"https://a.example/\">x</a>",
        ),
        (
            "for-rcpt-42",
            "<p>Hi all</p><a href=\"https://a.example/\">x</a>",
        ),
        (
            "forwarded",
            &format!("{of_token}<a href=\"https://a.example/\">x</a>"),
        ),
    ] {
        let mail =
            json!({ "domain": "example.com", "message": message, "recipient": ID, "html": html });
        rewrite(server, &mail).await;
    }
    let html = format!("<a href=\"https://a.example/?u=rcpt-42\">x</a> for all {of_token}");
    campaign(server, "for-all", &html).await;
    let conversion = json!({ "domain": "example.com", "id": "order-rcpt-42", "name": "rcpt-42 bought",
        "click_id": "0197f2f0-0000-7000-8000-000000000000" });
    asked(server, "POST", "/conversions", &conversion, 201).await;
    let line = |recipient: &str| {
        let event = json!({ "id": "0197f2f0-0000-7000-8000-000000000001", "kind": "click",
            "domain": "example.com", "message": "m", "recipient": recipient, "position": 0,
            "destination": format!("https://a.example/{recipient}"), "at": 1, "method": "GET",
            "ip": "192.0.2.1", "machine": "none", "reasons": [] });
        json!({ "event": event }).to_string()
    };
    let lines = [
        &*line(ID),
        &*line(OTHER),
        "{junk of rcpt-42",
        "{junk of nobody",
    ];
    let set_aside = server.folder.path().join("spool/aside.bad");
    std::fs::write(set_aside, lines.map(|line| format!("{line}\n")).concat()).unwrap();
    eventually("mails are counted and messages stored", async || {
        let counted = scene.tables.rewritten("for-rcpt-42").await == 1;
        (counted && scene.tables.messages().await.len() == 5).then_some(())
    })
    .await;
    vec![personal, nobodys, other]
}

async fn assert_gone(scene: &Scene, words: &[&str]) {
    let tables = dump(&scene.tables).await;
    assert!(tables.contains(OTHER) && tables.contains("newsletter-7"));
    assert_nowhere(words, &tables, "the tables");
    let folder = scene.server.folder.path();
    for folder in [folder, &folder.join("spool")] {
        for (file, text) in files_of(folder) {
            assert_nowhere(words, &text, &file);
        }
    }
    let api = "/api/v1/domains/example.com";
    for path in [
        "events?settled=false&limit=1000",
        "events.csv",
        "events.ndjson",
        "messages",
        "links",
        "names",
    ] {
        let url = scene.server.url(&format!("{api}/{path}"));
        let request = scene.server.client.get(url).bearer_auth(ADMIN_TOKEN);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert_nowhere(words, &answer.text().await.unwrap(), path);
    }
    let admin = Visitor::sign_in(&scene.server, ADMIN_TOKEN).await;
    for path in ["", "/live", "/events.csv", "/message?id=newsletter-7"] {
        let answer = admin.get(&format!("/domains/example.com{path}")).await;
        assert_nowhere(words, &answer.text().await.unwrap(), path);
    }
}

fn assert_others_are_there(events: &[Logged], campaign_html: &str, spool: &Path) {
    let theirs: Vec<_> = events
        .iter()
        .filter(|event| event.recipient == OTHER)
        .collect();
    assert_eq!(theirs.len(), 3);
    for event in theirs {
        assert_eq!(event.level, "identified");
        assert!(event.sent_at_s.is_some() && event.user_agent.is_some());
    }
    assert!(
        campaign_html.contains("https://a.example/?u=*\">x</a> for all"),
        "{campaign_html}"
    );
    let set_aside = std::fs::read_to_string(spool.join("aside.bad")).unwrap();
    let lines: Vec<_> = set_aside.lines().collect();
    assert_eq!(lines.len(), 3, "{set_aside}");
    assert!(lines[0].contains("\"level\":\"anonymous\"") && lines[0].contains("a.example/*"));
    assert!(lines[1].contains(OTHER) && lines[1].contains("192.0.2.1"));
    assert_eq!(lines[2], "{junk of nobody");
}

#[tokio::test]
async fn an_erased_recipient_is_nowhere_any_more() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        knows_the_domain(&scene.server).await;
        let unknown = asked(&scene.server, "GET", ERASURE, &Value::Null, 404).await;
        assert!(
            unknown.to_string().contains("erasure of this recipient"),
            "{unknown}"
        );
        let mails = fill(&scene).await;
        let before = dump(&scene.tables).await;
        let click = token(&scene.mail.clicks[0]);
        for word in [ID, click] {
            assert!(
                spellings(word).iter().any(|word| before.contains(word)),
                "{word}"
            );
        }
        let request = scene.server.api("DELETE", ERASURE);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 202);
        assert_eq!(answer.headers()["location"], format!("/api/v1{ERASURE}"));
        let asked_for: Value = answer.json().await.unwrap();
        assert_eq!(asked_for["recipient"], ID);
        let done = erased(&scene.server).await;
        let export = format!("{ERASURE}/export");
        let export = asked(&scene.server, "GET", &export, &Value::Null, 200).await;
        assert_eq!(export["events"], json!([]), "{backend:?} {export}");
        assert_eq!(export["erasure"]["events"], 6);
        assert_eq!(export["tracking"], Value::Null);
        assert_eq!(done["events"], 6, "{backend:?} {done}");
        assert_eq!(done["asked_at"], asked_for["asked_at"]);
        assert!(done["done_at"].as_i64() >= done["asked_at"].as_i64());
        let tokens =
            [&scene.mail, &mails[0]].map(|mail| [&mail.clicks[0], &mail.clicks[1], &mail.open]);
        let mut words: Vec<_> = tokens.iter().flatten().map(|path| token(path)).collect();
        words.extend([ID, "%72cpt"]);
        assert_gone(&scene, &words).await;
        let events = scene.tables.events().await;
        let html: Vec<Vec<u8>> = on!(&scene.tables, pool => sqlx::query_scalar("SELECT html FROM campaigns").fetch_all(pool));
        let html = String::from_utf8(html[0].clone()).unwrap();
        assert_others_are_there(&events, &html, &scene.server.folder.path().join("spool"));
        let kept: Vec<_> = scene
            .tables
            .messages()
            .await
            .into_iter()
            .filter(|(_, html)| html.is_some())
            .collect();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(kept[0].0, "unnamed");
        assert_eq!(scene.tables.rewritten("for-*").await, 1);
        // What comes after is as agreed, until it is asked for again.
        follow(&scene.server, &scene.mail.clicks[0]).await;
        let events = scene.tables.events().await;
        assert_eq!(events.last().unwrap().recipient, ID, "{backend:?}");
        erase(&scene.server).await;
        assert_eq!(erased(&scene.server).await["events"], 7);
        assert_gone(&scene, &words).await;
    }
}

#[tokio::test]
async fn an_erasure_survives_a_crash_and_another_server_goes_on() {
    for backend in Backend::all() {
        let mut scene = Scene::new(&backend, &[]).await;
        knows_the_domain(&scene.server).await;
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
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let postgres = std::sync::Arc::new(postgres);
    let backend = Backend::Postgres(std::sync::Arc::clone(&postgres));
    let scene = Scene::new(&backend, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let url = scene.server.database_url.clone();
    follow_all(&scene.server, &scene.mail).await;
    postgres.stop("fast");
    follow_all(&scene.server, &scene.mail).await;
    let mut spooling = scene.server;
    spooling.kill().await;
    postgres.start_again();
    let other = Server::start_on(folder, url, &[("DEFAULT_HOST", DEFAULT_HOST)]).await;
    erase(&other).await;
    erased(&other).await;
    spooling.start_again().await;
    let tables = Tables::of(&other).await;
    assert_drained(&spooling, &tables, &scene.mail).await;
    assert_eq!(erased(&spooling).await["state"], "done");
}

#[tokio::test]
async fn nobody_erases_recipients_of_another_domain() {
    let scene = Scene::new(&Backend::Sqlite, &[]).await;
    scene.tables.add_domain("other.example").await;
    knows_the_domain(&scene.server).await;
    follow_all(&scene.server, &scene.mail).await;
    let (_, token) = scoped_token(&scene.server, "other.example").await;
    for method in ["DELETE", "GET"] {
        let request = bearer(&scene.server, &token, method, ERASURE);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 404, "{method}");
    }
    asked(&scene.server, "GET", ERASURE, &Value::Null, 404).await;
    assert!(
        scene
            .tables
            .events()
            .await
            .iter()
            .all(|event| event.recipient == ID)
    );
}
