//! One link asked for again and again: few events, and none of the requests lost or counted twice.

use std::fs;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, redirect};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::database::{Backend, Postgres};
use crate::links::{Mail, Scene};
use crate::loss::lock;
use crate::sender::eventually;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Logged, Tables, on};

const CLICKERS: usize = 6;
/// Clicks that get through between two mishaps.
const SOME: i64 = 200;
const PATIENCE: Duration = Duration::from_secs(15);
const LINK: [&str; 1] = ["https://example.com/"];

/// Some who click one link, as fast as they are answered.
struct Replay {
    answered: Arc<AtomicI64>,
    clickers: Vec<JoinHandle<()>>,
    ended: Arc<AtomicBool>,
    /// The connection broke, so the click may be stored or not.
    unanswered: Arc<AtomicI64>,
}

impl Replay {
    fn start(servers: &[&Server], path: &str) -> Self {
        let mut replay = Self {
            answered: Arc::default(),
            clickers: Vec::new(),
            ended: Arc::default(),
            unanswered: Arc::default(),
        };
        for server in servers.iter().cycle().take(CLICKERS) {
            let url = server.url(path);
            let answered = Arc::clone(&replay.answered);
            let ended = Arc::clone(&replay.ended);
            let unanswered = Arc::clone(&replay.unanswered);
            replay.clickers.push(tokio::spawn(async move {
                let client = Client::builder()
                    .redirect(redirect::Policy::none())
                    .timeout(PATIENCE)
                    .build()
                    .unwrap();
                while !ended.load(Ordering::Relaxed) {
                    match client.get(&url).header("Host", DEFAULT_HOST).send().await {
                        Ok(answer) => {
                            assert_eq!(answer.status(), 302, "all answers redirect");
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(_) => {
                            unanswered.fetch_add(1, Ordering::Relaxed);
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    }
                }
            }));
        }
        replay
    }

    async fn some_more(&self) {
        let enough = self.answered.load(Ordering::Relaxed) + SOME;
        let deadline = Instant::now() + PATIENCE;
        while self.answered.load(Ordering::Relaxed) < enough {
            assert!(
                Instant::now() < deadline,
                "clicks are not answered any more"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many were answered, and how many may be stored beyond those.
    async fn end(self) -> (i64, i64) {
        self.ended.store(true, Ordering::Relaxed);
        for clicker in self.clickers {
            clicker.await.unwrap();
        }
        (
            self.answered.load(Ordering::Relaxed),
            self.unanswered.load(Ordering::Relaxed),
        )
    }
}

async fn server(backend: &Backend) -> (Server, String) {
    let server = Server::start_with(backend, &[("DEFAULT_HOST", DEFAULT_HOST)]).await;
    let domain = Tables::of(&server).await.add_domain("example.com").await;
    let mail = Mail::new(&domain, "r", &LINK);
    // A pixel, so that the server knows the key, also if the database is down next.
    let open = server.follow(reqwest::Method::GET, &mail.open).send();
    assert_eq!(open.await.unwrap().status(), 200);
    (server, mail.clicks[0].clone())
}

fn clicks(events: Vec<Logged>) -> Vec<Logged> {
    events
        .into_iter()
        .filter(|event| event.kind == "click")
        .collect()
}

fn sum(events: &[Logged]) -> i64 {
    events.iter().map(|event| event.count).sum()
}

/// Waits until as many are counted as were answered, and the spool is empty; then the sum stays.
async fn check(server: &Server, (answered, unanswered): (i64, i64), context: &str) -> Vec<Logged> {
    let tables = Tables::of(server).await;
    let spool = server.folder.path().join("spool");
    eventually("the spool is emptied", async || {
        let empty = fs::read_dir(&spool).map_or(true, |mut left| left.next().is_none());
        let counted = sum(&clicks(tables.events().await));
        (empty && counted >= answered).then_some(())
    })
    .await;
    let events = clicks(tables.events().await);
    let counted = sum(&events);
    assert!(
        (answered..=answered + unanswered).contains(&counted),
        "{context}: {answered} were answered, {unanswered} perhaps stored, {counted} are counted"
    );
    for event in &events {
        let repeated = event.reasons.contains("repeated");
        assert!(repeated || event.count == 1, "{context}: {event:?}");
    }
    events
}

/// Runs `mishaps` under a replay, and checks the counts after all of it.
async fn under_replay<F: Future<Output = Server>>(
    backend: &Backend,
    mishaps: impl FnOnce(Server, Arc<Replay>) -> F,
) {
    let (server, path) = server(backend).await;
    let replay = Arc::new(Replay::start(&[&server], &path));
    replay.some_more().await;
    let server = mishaps(server, Arc::clone(&replay)).await;
    replay.some_more().await;
    let counted = Arc::into_inner(replay).unwrap().end().await;
    let events = check(&server, counted, &format!("{backend:?}")).await;
    assert!(
        events.len() < 200 && events.iter().any(|event| event.count > 1),
        "{backend:?}: {} events",
        events.len()
    );
}

async fn store_addresses(server: &Server, storage: &str) {
    eventually("the server knows the domain", async || {
        let patch = server.api("PATCH", "/domains/example.com");
        let answer = patch.json(&json!({ "ip_storage": storage })).send().await;
        (answer.unwrap().status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_replayed_link_is_a_few_clicks_and_an_event_with_a_count() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[("TRUSTED_PROXIES", "127.0.0.1")]).await;
        for storage in ["truncated", "full", "none"] {
            scene.tables.execute("DELETE FROM events").await;
            store_addresses(&scene.server, storage).await;
            let mail = Mail::new(&scene.domain, storage, &LINK);
            for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
                for _ in 0..40 {
                    let click = scene
                        .server
                        .follow(reqwest::Method::GET, &mail.clicks[0])
                        .header("X-Forwarded-For", address)
                        .header(
                            "User-Agent",
                            "Mozilla/5.0 (X11; Linux x86_64) Firefox/127.0",
                        );
                    assert_eq!(click.send().await.unwrap().status(), 302);
                }
            }
            let events = scene.tables.events().await;
            let context = format!("{backend:?} {storage} {events:?}");
            assert_eq!(sum(&events), 3 * 40, "{context}");
            let (repeated, single): (Vec<_>, Vec<_>) = events
                .iter()
                .partition(|event| event.reasons.contains("repeated"));
            // Ten of each address; a slow machine may need more than a window for them.
            assert!((30..=60).contains(&single.len()), "{context}");
            assert!((3..=9).contains(&repeated.len()), "{context}");
            for event in single {
                assert_eq!(
                    (event.machine.as_str(), event.count),
                    ("none", 1),
                    "{context}"
                );
            }
            for event in repeated {
                assert_eq!(event.machine, "suspected", "{context}");
                assert_eq!(event.ip.is_none(), storage == "none", "{context}");
                assert_eq!(event.destination.as_deref(), Some(LINK[0]), "{context}");
            }
        }
    }
}

#[tokio::test]
async fn opens_are_gathered_as_clicks_are() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        for _ in 0..40 {
            let open = scene.server.follow(reqwest::Method::GET, &scene.mail.open);
            assert_eq!(open.send().await.unwrap().status(), 200);
        }
        let events = scene.tables.events().await;
        assert_eq!(sum(&events), 40, "{backend:?}");
        assert!(events.len() <= 24, "{backend:?} {events:?}");
    }
}

#[tokio::test]
async fn metrics_count_every_repeat_as_a_machines() {
    for backend in Backend::all() {
        let scene = Scene::new(&backend, &[]).await;
        let agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/127.0";
        for _ in 0..30 {
            let click = scene
                .server
                .follow(reqwest::Method::GET, &scene.mail.clicks[0]);
            click.header("User-Agent", agent).send().await.unwrap();
        }
        let url = scene.server.url("/metrics");
        let request = scene.server.client.get(url);
        let request = request.bearer_auth(crate::server::ADMIN_TOKEN);
        let metrics = request.send().await.unwrap().text().await.unwrap();
        let value = |name: &str| -> i64 {
            let line = metrics.lines().find(|line| line.starts_with(name));
            let (_, value) = line.unwrap().rsplit_once(' ').unwrap();
            value.parse().unwrap()
        };
        let gathered = value("tracking_event_log_repeats_gathered_total");
        assert!((1..=20).contains(&gathered), "{backend:?} {metrics}");
        let suspected = "tracking_events_total{kind=\"click\",machine=\"suspected\"}";
        assert_eq!(value(suspected), gathered, "{backend:?} {metrics}");
    }
}

#[tokio::test]
async fn repeats_count_exactly_when_the_server_is_killed() {
    for backend in Backend::all() {
        under_replay(&backend, |mut server, replay| async move {
            for _ in 0..5 {
                server.kill().await;
                server.start_again().await;
                replay.some_more().await;
            }
            server
        })
        .await;
    }
}

#[tokio::test]
async fn repeats_count_exactly_while_sqlite_is_locked() {
    under_replay(&Backend::Sqlite, |mut server, replay| async move {
        for _ in 0..2 {
            let lock = lock(&server).await;
            replay.some_more().await;
            sqlx::Connection::close(lock).await.unwrap();
            replay.some_more().await;
        }
        let lock = lock(&server).await;
        replay.some_more().await;
        server.kill().await;
        sqlx::Connection::close(lock).await.unwrap();
        server.start_again().await;
        server
    })
    .await;
}

#[tokio::test]
async fn repeats_count_exactly_while_postgres_is_stopped() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let postgres = Arc::new(postgres);
    let backend = Backend::Postgres(Arc::clone(&postgres));
    under_replay(&backend, |server, replay| async move {
        for mode in ["fast", "immediate"] {
            postgres.stop(mode);
            replay.some_more().await;
            postgres.start_again();
            replay.some_more().await;
        }
        server
    })
    .await;
}

#[tokio::test]
async fn repeats_count_exactly_on_several_servers() {
    for backend in Backend::all() {
        let (first, path) = server(&backend).await;
        let settings = [("DEFAULT_HOST", DEFAULT_HOST)];
        let folder = tempfile::tempdir().unwrap();
        let second = Server::start_on(folder, first.database_url.clone(), &settings).await;
        let replay = Replay::start(&[&first, &second], &path);
        for _ in 0..3 {
            replay.some_more().await;
        }
        let counted = replay.end().await;
        assert_eq!(counted.1, 0, "nothing breaks");
        check(&second, counted, &format!("{backend:?}")).await;
    }
}

fn line(id: &str, count: Option<i64>) -> String {
    let mut event = json!({
        "id": id, "kind": "click", "domain": "example.com", "message": "m", "recipient": "r", "position": 0,
        "name": null, "destination": "https://example.com/", "placement": null, "at": 1_700_000_000_000_i64,
        "sent_at": null, "method": "GET", "ip": null, "user_agent": null, "referer": null,
        "accept_language": null, "machine": "suspected", "reasons": ["repeated"],
    });
    if let Some(count) = count {
        event["count"] = Value::from(count);
    }
    json!({ "event": event }).to_string() + "\n"
}

#[tokio::test]
async fn what_is_gathered_is_drained_once_in_whatever_order() {
    const GATHERED: &str = "01900000-0000-7000-8000-000000000001";
    const OLDER: &str = "01900000-0000-7000-8000-000000000002";
    for backend in Backend::all() {
        let mut server = Server::start(&backend).await;
        let tables = Tables::of(&server).await;
        server.terminate().await;
        let spool = server.folder.path().join("spool");
        let growing = [
            line(GATHERED, Some(3)),
            line(GATHERED, Some(8)),
            line(GATHERED, Some(5)),
        ];
        // An earlier version wrote no counts.
        let lines = growing.concat() + &line(OLDER, None);
        for (round, lines) in [&lines, &lines, &line(GATHERED, Some(2))]
            .iter()
            .enumerate()
        {
            fs::create_dir_all(&spool).unwrap();
            fs::write(spool.join(format!("{round}.ndjson")), lines).unwrap();
            server.start_again().await;
            eventually("the spool is emptied", async || {
                let left = fs::read_dir(&spool).unwrap().next();
                left.is_none().then_some(())
            })
            .await;
            server.terminate().await;
            let counts: Vec<i64> = on!(&tables, pool =>
                sqlx::query_scalar("SELECT count FROM events ORDER BY id").fetch_all(pool));
            assert_eq!(counts, [8, 1], "{backend:?} {round}");
        }
    }
}
