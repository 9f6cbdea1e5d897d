//! Nothing that was answered is lost, nor stored twice: while the server is killed and its database goes
//! away.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use linkseal::DomainConfig;
use reqwest::{Client, Method, redirect};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::task::JoinHandle;

use crate::database::{Backend, Postgres};
use crate::links::Mail;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Logged, Tables};

const CLICKERS: usize = 6;
/// Clicks that get through between two mishaps.
const SOME: usize = 60;
const PATIENCE: Duration = Duration::from_secs(15);

/// The server with a domain whose key it knows.
async fn known(server: Server) -> (Server, DomainConfig) {
    let domain = Tables::of(&server).await.add_domain("example.com").await;
    let mail = Mail::new(&domain, "first", &["https://example.com/"]);
    let click = server.follow(Method::GET, &mail.clicks[0]).send();
    // So that the server knows the key, also if the database is down next.
    assert_eq!(click.await.unwrap().status(), 302);
    (server, domain)
}

/// Recipients who click, each once, as fast as they are answered.
pub(crate) struct Load {
    answered: Arc<Mutex<Vec<String>>>,
    clickers: Vec<JoinHandle<()>>,
    ended: Arc<AtomicBool>,
    not_stored: Arc<AtomicUsize>,
}

impl Load {
    fn start(server: &Server, domain: &DomainConfig) -> Self {
        let mut load = Self {
            answered: Arc::default(),
            clickers: Vec::new(),
            ended: Arc::default(),
            not_stored: Arc::default(),
        };
        for clicker in 0..CLICKERS {
            let answered = Arc::clone(&load.answered);
            let ended = Arc::clone(&load.ended);
            let not_stored = Arc::clone(&load.not_stored);
            let domain = domain.clone();
            let server = server.url("");
            load.clickers.push(tokio::spawn(async move {
                let client = client();
                let mut number = 0;
                while !ended.load(Ordering::Relaxed) {
                    let recipient = format!("{clicker}-{number}");
                    number += 1;
                    let mail = Mail::new(&domain, &recipient, &["https://example.com/"]);
                    let click = client
                        .get(format!("{server}{}", mail.clicks[0]))
                        .header("Host", DEFAULT_HOST);
                    match click.send().await {
                        Ok(answer) if answer.status() == 302 => {
                            answered.lock().unwrap().push(recipient);
                        }
                        Ok(_) => _ = not_stored.fetch_add(1, Ordering::Relaxed),
                        // The server is being started again: no need to hurry.
                        Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                    }
                }
            }));
        }
        load
    }

    /// Waits until some more clicks were answered.
    pub(crate) async fn some_more(&self) {
        let enough = self.answered.lock().unwrap().len() + SOME;
        let deadline = Instant::now() + PATIENCE;
        while self.answered.lock().unwrap().len() < enough {
            assert!(
                Instant::now() < deadline,
                "clicks are not answered any more"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn end(self) -> Vec<String> {
        self.ended.store(true, Ordering::Relaxed);
        for clicker in self.clickers {
            clicker.await.unwrap();
        }
        assert_eq!(
            self.not_stored.load(Ordering::Relaxed),
            0,
            "all answers redirect"
        );
        Arc::into_inner(self.answered)
            .unwrap()
            .into_inner()
            .unwrap()
    }
}

fn client() -> Client {
    Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

/// Every answered click is in the log, every click at most once.
pub(crate) async fn check(server: &Server, answered: &[String], context: &str) {
    let tables = Tables::of(server).await;
    let deadline = Instant::now() + PATIENCE;
    let lost = loop {
        let counts = count(tables.events().await);
        if let Some((recipient, times)) = counts.iter().find(|(_, times)| **times > 1) {
            panic!("{context}: {recipient} is in the log {times} times");
        }
        let lost: Vec<_> = answered
            .iter()
            .filter(|recipient| !counts.contains_key(*recipient))
            .cloned()
            .collect();
        if lost.is_empty() || Instant::now() > deadline {
            break lost;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(
        lost.is_empty(),
        "{context}: {} of {} answered clicks are lost: {lost:?}",
        lost.len(),
        answered.len()
    );
    let spool = server.folder.path().join("spool");
    let deadline = Instant::now() + PATIENCE;
    while std::fs::read_dir(&spool).is_ok_and(|mut left| left.next().is_some()) {
        assert!(
            Instant::now() < deadline,
            "{context}: the spool is not emptied"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn count(events: Vec<Logged>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for event in events {
        *counts.entry(event.recipient).or_default() += 1;
    }
    counts
}

/// Runs `mishaps` under load, and checks what is in the log after all of it.
async fn under_load<F: Future<Output = Server>>(
    backend: &Backend,
    mishaps: impl FnOnce(Server, Arc<Load>) -> F,
) {
    let server = Server::start_with(backend, &[("DEFAULT_HOST", DEFAULT_HOST)]).await;
    on_under_load(server, &format!("{backend:?}"), mishaps).await;
}

/// The same on a server that was started already.
pub(crate) async fn on_under_load<F: Future<Output = Server>>(
    server: Server,
    context: &str,
    mishaps: impl FnOnce(Server, Arc<Load>) -> F,
) {
    let (server, domain) = known(server).await;
    let load = Arc::new(Load::start(&server, &domain));
    load.some_more().await;
    let server = mishaps(server, Arc::clone(&load)).await;
    load.some_more().await;
    let answered = Arc::into_inner(load).unwrap().end().await;
    check(&server, &answered, context).await;
}

#[tokio::test]
async fn no_click_is_lost_when_the_server_is_killed() {
    for backend in Backend::all() {
        under_load(&backend, |mut server, load| async move {
            for _ in 0..10 {
                server.kill().await;
                server.start_again().await;
                load.some_more().await;
            }
            server
        })
        .await;
    }
}

#[tokio::test]
async fn no_click_is_lost_when_the_server_is_told_to_end() {
    for backend in Backend::all() {
        under_load(&backend, |mut server, load| async move {
            for _ in 0..3 {
                server.terminate().await;
                server.start_again().await;
                load.some_more().await;
            }
            server
        })
        .await;
    }
}

#[tokio::test]
async fn no_click_is_lost_while_postgres_is_stopped() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let postgres = Arc::new(postgres);
    let backend = Backend::Postgres(Arc::clone(&postgres));
    under_load(&backend, |mut server, load| async move {
        for mode in ["fast", "immediate", "fast", "immediate"] {
            postgres.stop(mode);
            load.some_more().await;
            postgres.start_again();
            load.some_more().await;
        }
        postgres.stop("immediate");
        load.some_more().await;
        server.kill().await;
        postgres.start_again();
        server.start_again().await;
        server
    })
    .await;
}

#[tokio::test]
async fn no_click_is_lost_while_sqlite_is_locked() {
    under_load(&Backend::Sqlite, |mut server, load| async move {
        for _ in 0..2 {
            let lock = lock(&server).await;
            load.some_more().await;
            lock.close().await.unwrap();
            load.some_more().await;
        }
        let lock = lock(&server).await;
        load.some_more().await;
        server.terminate().await;
        lock.close().await.unwrap();
        server.start_again().await;
        load.some_more().await;
        let lock = self::lock(&server).await;
        load.some_more().await;
        server.kill().await;
        lock.close().await.unwrap();
        server.start_again().await;
        server
    })
    .await;
}

/// Keeps the server from writing, as a backup or a curious administrator may do.
pub(crate) async fn lock(server: &Server) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(server.folder.path().join("tracking.sqlite"))
        .busy_timeout(PATIENCE);
    let mut lock = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut lock)
        .await
        .unwrap();
    lock
}
