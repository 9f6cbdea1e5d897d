use std::path::Path;
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

use crate::database::{Backend, free_port};
use crate::server::ADMIN_TOKEN;
use crate::tables::{Tables, on};

async fn demo(folder: &Path, arguments: &[&str]) -> Output {
    demo_with(folder, arguments, &[]).await
}

/// With environment variables of one's own.
async fn demo_with(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let listen = format!("127.0.0.1:{}", free_port());
    let run = Command::new(env!("CARGO_BIN_EXE_tracking-server"))
        .env_clear()
        .envs(settings.iter().copied())
        .current_dir(folder)
        .args(["demo", "--exit", "--recipients", "40", "--listen", &listen])
        .args(arguments)
        .kill_on_drop(true)
        .output();
    tokio::time::timeout(Duration::from_secs(60), run)
        .await
        .expect("the demonstration ends in time")
        .unwrap()
}

#[derive(Debug, sqlx::FromRow)]
struct Tally {
    message: String,
    clicks: i64,
    opens: i64,
    machines: i64,
    first_at: i64,
    last_at: i64,
    addresses: i64,
    sent_at_s: i64,
}

const TALLY: &str = "SELECT message, \
     CAST(SUM(CASE kind WHEN 'click' THEN 1 ELSE 0 END) AS BIGINT) AS clicks, \
     CAST(SUM(CASE kind WHEN 'open' THEN 1 ELSE 0 END) AS BIGINT) AS opens, \
     CAST(SUM(CASE machine WHEN 'none' THEN 0 ELSE 1 END) AS BIGINT) AS machines, \
     MIN(at) AS first_at, MAX(at) AS last_at, COUNT(DISTINCT ip) AS addresses, MIN(sent_at_s) AS sent_at_s \
     FROM events WHERE domain = 'example.com' GROUP BY message ORDER BY message";

async fn tally(tables: &Tables) -> Vec<Tally> {
    on!(tables, pool => sqlx::query_as(TALLY).fetch_all(pool))
}

#[tokio::test]
async fn a_demonstration_fills_days_with_people_and_machines() {
    for backend in Backend::all() {
        let folder = tempfile::tempdir().unwrap();
        let url = backend.new_database(folder.path());
        let output = demo(folder.path(), &["--database-url", &url]).await;
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("the page is at http://localhost:"), "{said}");
        assert!(said.contains("admin token: "), "{said}");
        let tables = Tables::at(&url).await;
        let told = tally(&tables).await;
        let names: Vec<_> = told.iter().map(|tally| &*tally.message).collect();
        assert_eq!(names, ["newsletter-48", "welcome-nov"]);
        let kept: Vec<_> = tables
            .messages()
            .await
            .into_iter()
            .map(|(_, html)| html.is_some())
            .collect();
        assert_eq!(kept, [true, true]);
        let hour = 60 * 60 * 1000;
        for Tally {
            message,
            clicks,
            opens,
            machines,
            first_at,
            last_at,
            addresses,
            sent_at_s,
        } in &told
        {
            assert_eq!(tables.rewritten(message).await, 40);
            assert!(
                *clicks > 0 && *opens > 0 && *machines > 0 && *addresses > 2,
                "{told:?}"
            );
            assert!(
                *machines < clicks + opens,
                "there are people, too: {told:?}"
            );
            assert!(
                *first_at > sent_at_s * 1000,
                "nothing happens before it is sent: {told:?}"
            );
            assert!(last_at - first_at > hour, "{told:?}");
        }
        let days_apart = told[0].first_at - told[1].first_at;
        assert!(days_apart > 20 * hour, "{told:?}");
    }
}

#[tokio::test]
async fn a_database_with_domains_is_refused_unless_it_may_be_deleted() {
    let folder = tempfile::tempdir().unwrap();
    assert!(demo(folder.path(), &[]).await.status.success());
    let file = folder.path().join("demo.sqlite");
    let url = format!("sqlite:{}", file.display());
    let before = format!("{:?}", tally(&Tables::at(&url).await).await);
    let refused = demo(folder.path(), &[]).await;
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    let expected = "tracking-server: the database has 1 domains already, expected a fresh one: \
        name another with --database-url, or let --fresh delete it if it is an SQLite file\n";
    assert!(said.ends_with(expected), "{said}");
    let after = tally(&Tables::at(&url).await).await;
    assert_eq!(format!("{after:?}"), before);
    let fresh = demo(folder.path(), &["--fresh"]).await;
    assert!(fresh.status.success(), "{fresh:?}");
    assert_eq!(tally(&Tables::at(&url).await).await.len(), 2);
}

#[tokio::test]
async fn a_postgresql_database_is_never_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://nobody@127.0.0.1:1/none";
    let refused = demo(folder.path(), &["--fresh", "--database-url", url]).await;
    assert!(!refused.status.success());
    let said = String::from_utf8(refused.stderr).unwrap();
    let expected =
        "--fresh deletes SQLite files only; make a new PostgreSQL database in place of this one\n";
    assert!(said.ends_with(expected), "{said}");
}

#[tokio::test]
async fn an_admin_token_that_was_set_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let output = demo_with(folder.path(), &[], &[("ADMIN_TOKEN", ADMIN_TOKEN)]).await;
    assert!(output.status.success(), "{output:?}");
    for said in [output.stdout, output.stderr] {
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains(ADMIN_TOKEN), "{said}");
    }
}
