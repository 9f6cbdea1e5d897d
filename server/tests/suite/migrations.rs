//! Databases as earlier versions left them, opened by this one. `fixtures/README.md` says how they were made.
//!
//! What fails here would fail for everybody who brings a server up to date: the way out is a migration that keeps
//! what was there, never another fixture.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use crate::callers::bearer;
use crate::database::Backend;
use crate::name_server::NameServer;
use crate::sender::{asked, eventually, rendered, rewrite};
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables};

const SQLITE: &[u8] = include_bytes!("../fixtures/0001/sqlite.sqlite");
const SQLITE_KNOWN: &str = include_str!("../fixtures/0001/sqlite.json");
const POSTGRES: &str = include_str!("../fixtures/0001/postgres.sql");
const POSTGRES_KNOWN: &str = include_str!("../fixtures/0001/postgres.json");
const SPOOL: &str = include_str!("../fixtures/0001/spool.ndjson");

/// A database of the first version, with the server that opens it now.
struct Kept {
    backend: Backend,
    dns: NameServer,
    known: Value,
    server: Server,
}

impl Kept {
    async fn open(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (database_url, known) = restore(&backend, &folder).await;
        let known: Value = serde_json::from_str(known).unwrap();
        let dns = NameServer::start().await.unwrap();
        dns.set_cname("link.example.com", DEFAULT_HOST);
        for domain in list(&known["said"]["/domains"]["domains"]) {
            let record = &domain["records"]["ownership"];
            if domain["status"] == "validated" {
                dns.set_txt(text(&record["name"]), text(&record["value"]));
            }
        }
        let address = dns.address().to_string();
        let settings = [("DEFAULT_HOST", DEFAULT_HOST), ("DNS_SERVER", &address)];
        let server = Server::start_on(folder, database_url, &settings).await;
        Self {
            backend,
            dns,
            known,
            server,
        }
    }

    /// A request for what was known, by its path, as it was answered then.
    async fn say_the_same(&self) {
        for (path, before) in self.known["said"].as_object().unwrap() {
            let now = asked(&self.server, "GET", &as_then(path), &Value::Null, 200).await;
            if let Err(difference) = holds(&now, before) {
                panic!("{:?}: GET {path}: {difference}", self.backend);
            }
        }
    }

    async fn follow(&self, link: &str) {
        let link = &self.known["links"][link];
        let answer = self.server.follow(Method::GET, text(&link["path"])).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 302, "{:?}: {link}", self.backend);
        assert_eq!(answer.headers()["location"], text(&link["destination"]));
    }
}

/// Returns the database's URL and what is known of it.
async fn restore(backend: &Backend, folder: &TempDir) -> (String, &'static str) {
    let url = backend.new_database(folder.path());
    match backend {
        Backend::Sqlite => {
            fs::write(folder.path().join("tracking.sqlite"), SQLITE).unwrap();
            (url, SQLITE_KNOWN)
        }
        Backend::Postgres(_) => {
            let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(POSTGRES)
                .execute(&mut connection)
                .await
                .unwrap();
            connection.close().await.unwrap();
            (url, POSTGRES_KNOWN)
        }
    }
}

/// The path that asks for what this one did: opens through mail proxies count by default since.
fn as_then(path: &str) -> String {
    let counts = ["/stats", "/series", "/messages"]
        .iter()
        .any(|report| path.contains(report));
    if counts && !path.contains("machines=") {
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("{path}{sign}machines=exclude")
    } else {
        path.to_owned()
    }
}

/// Whether all that was said is still said; a later version may say more.
fn holds(now: &Value, before: &Value) -> Result<(), String> {
    match (now, before) {
        (Value::Object(now), Value::Object(before)) => before.iter().try_for_each(|(key, was)| {
            // DNS is asked again at the start.
            if key == "checked_at" {
                return Ok(());
            }
            let is = now.get(key).ok_or_else(|| format!("`{key}` is gone"))?;
            holds(is, was).map_err(|difference| format!("in `{key}`: {difference}"))
        }),
        (Value::Array(now), Value::Array(before)) if now.len() == before.len() => now
            .iter()
            .zip(before)
            .enumerate()
            .try_for_each(|(place, (is, was))| {
                holds(is, was).map_err(|difference| format!("at {place}: {difference}"))
            }),
        // What was a switch is a level.
        (Value::String(level), Value::Bool(was)) if *was && level == "identified" => Ok(()),
        (Value::String(level), Value::Bool(was)) if !*was && level == "off" => Ok(()),
        _ if now == before => Ok(()),
        _ => Err(format!("was {before}, is {now}")),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn all_figures_of_a_first_database_are_as_they_were() {
    for backend in Backend::all() {
        let mut kept = Kept::open(backend).await;
        kept.say_the_same().await;
        kept.server.terminate().await;
        kept.server.start_again().await;
        kept.say_the_same().await;
    }
}

#[tokio::test]
async fn all_links_of_a_first_database_redirect_and_count() {
    for backend in Backend::all() {
        let kept = Kept::open(backend).await;
        let tables = Tables::of(&kept.server).await;
        let before = tables.events().await.len();
        let links = kept.known["links"].as_object().unwrap();
        for link in links.keys() {
            kept.follow(link).await;
            let events = tables.events().await;
            let (domain, _) = link.split_once(',').unwrap();
            assert_eq!(events.last().unwrap().domain, domain, "{link}");
        }
        let stored = tables.events().await.len() - before;
        assert_eq!(stored, links.len(), "{:?}", kept.backend);
    }
}

#[tokio::test]
async fn senders_of_a_first_database_go_on_sending() {
    for backend in Backend::all() {
        let kept = Kept::open(backend).await;
        let server = &kept.server;
        for (domain, token) in kept.known["tokens"].as_object().unwrap() {
            for other in ["example.com", "example.net"] {
                let path = format!("/domains/{other}");
                let answer = bearer(server, text(&token["token"]), "GET", &path).send();
                let expected = if other == domain { 200 } else { 404 };
                assert_eq!(answer.await.unwrap().status(), expected, "{domain} {other}");
            }
        }
        let mail =
            json!({ "domain": "example.com", "html": "<a href=\"https://a.example/\">a</a>" });
        let mut mails = vec![rewrite(server, &mail).await];
        let order = json!({ "recipients": ["r-1"] });
        mails.extend(rendered(server, text(&kept.known["campaign"]), &order).await);
        for mail in mails {
            let html = text(&mail["html"]);
            let (_, rest) = html.split_once("https://link.example.com").expect(html);
            let path = rest.split('"').next().unwrap();
            let click = server.follow(Method::GET, path).send().await.unwrap();
            assert_eq!(click.status(), 302, "{:?}", kept.backend);
        }
    }
}

#[tokio::test]
async fn a_spool_of_the_first_version_is_drained() {
    for backend in Backend::all() {
        let mut kept = Kept::open(backend).await;
        let tables = Tables::of(&kept.server).await;
        let before = tables.events().await.len();
        kept.server.terminate().await;
        let segment = "01a2199b-0000-7000-8000-000000000000.ndjson";
        let spool = kept.server.folder.path().join("spool");
        fs::write(spool.join(segment), SPOOL).unwrap();
        kept.server.start_again().await;
        let events = eventually("the spool is in the database", async || {
            let events = tables.events().await;
            (events.len() == before + 2).then_some(events)
        })
        .await;
        let drained: Vec<_> = events[before..]
            .iter()
            .map(|event| (event.domain.as_str(), event.recipient.as_str()))
            .collect();
        assert_eq!(
            drained,
            [("example.com", "r-6"), ("removed.example", "r-1")]
        );
        eventually("the segment is deleted", async || {
            (!spool.join(segment).exists()).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_domain_that_the_first_version_removed_can_be_added_again() {
    for backend in Backend::all() {
        let kept = Kept::open(backend).await;
        let new = json!({ "domain": "removed.example" });
        let added = asked(&kept.server, "POST", "/domains", &new, 201).await;
        assert_eq!(added["status"], "pending");
        let record = &added["records"]["ownership"];
        kept.dns
            .set_txt(text(&record["name"]), text(&record["value"]));
        let path = "/domains/removed.example/validate";
        let validated = asked(&kept.server, "POST", path, &Value::Null, 200).await;
        assert_eq!(validated["status"], "validated", "{:?}", kept.backend);
        kept.follow("removed.example, its first key").await;
        kept.follow("removed.example, its last key").await;
        // Four clicks of its former owner, and none of the new one.
        for (domain, clicks) in [("removed.example", 0), ("removed.example%231", 4)] {
            let path = format!("/domains/{domain}/stats?from=0&to=4000000000000&machines=include");
            let stats = asked(&kept.server, "GET", &path, &Value::Null, 200).await;
            assert_eq!(
                stats["clicks"]["total"], clicks,
                "{:?} {domain}",
                kept.backend
            );
        }
    }
}
