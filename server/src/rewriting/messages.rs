//! The table of messages: which ones there are, and for the click map the mail of those that may be kept.
//!
//! Nobody waits for it. A mail that is rewritten tells it in passing; one task writes, many rows at a time.
//! While the database is down, rows wait in a queue that is bounded in number and in bytes; what does not fit
//! is told again by the next mail of the same message.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::warn;

use super::quota::{MAIL_OVER, Quota};
use crate::database::{Database, writing};
use crate::nul::without_nul;
use crate::supervisor::Supervisor;

/// Ids that are remembered as stored, at about 100 bytes each.
const MAX_KNOWN: usize = 100_000;
const MAX_WAITING: usize = 16_384;
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;
const ROWS_AT_ONCE: usize = 256;
const RETRY: Duration = Duration::from_secs(1);
const STOP: Duration = Duration::from_secs(5);

pub(super) struct Messages {
    known: Cache<String, Known>,
    queue: Mutex<Option<mpsc::Sender<Row>>>,
    /// Rows that came into the queue, and those that were stored or given up.
    told: AtomicU64,
    ended: Arc<AtomicU64>,
    waiting_bytes: Arc<AtomicUsize>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// How much of a message is stored, or about to be.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Known {
    Id,
    Mail,
}

pub(super) struct Row {
    pub(super) domain: String,
    pub(super) message: String,
    pub(super) html: Option<String>,
    pub(super) at: i64,
}

impl Messages {
    pub(super) fn start(database: Database, quota: Quota, supervisor: &Supervisor) -> Self {
        let (queue, rows) = mpsc::channel(MAX_WAITING);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let ended = Arc::new(AtomicU64::new(0));
        let writer = Arc::new(Writer {
            backlog: tokio::sync::Mutex::new(Backlog {
                batch: Vec::new(),
                rows,
            }),
            database,
            ended: Arc::clone(&ended),
            quota,
            waiting_bytes: Arc::clone(&waiting_bytes),
        });
        let writer = supervisor.run("messages_writer", move || {
            let writer = Arc::clone(&writer);
            async move { writer.run().await }
        });
        Self {
            known: Cache::new(MAX_KNOWN),
            queue: Mutex::new(Some(queue)),
            told: AtomicU64::new(0),
            ended,
            waiting_bytes,
            writer: Mutex::new(Some(writer)),
        }
    }

    /// Notes a message of an ownership, and its mail if there is one to keep. An anonymous one has nothing to be found by.
    pub(super) fn see(&self, domain: &str, message: &str, at: i64, html: Option<&str>) {
        if message.is_empty() {
            return;
        }
        // No domain has a NUL.
        let key = format!("{domain}\0{message}");
        let wanted = html.map_or(Known::Id, |_| Known::Mail);
        if self.known.get(&key).is_some_and(|known| known >= wanted) {
            return;
        }
        let html = html.filter(|html| self.has_room(html.len()));
        let bytes = html.map_or(0, str::len);
        let row = Row {
            domain: domain.to_owned(),
            message: message.to_owned(),
            html: html.map(str::to_owned),
            at,
        };
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = queue
            .as_ref()
            .is_some_and(|queue| queue.try_send(row).is_ok());
        // Under the lock, so that whoever reads it counts all that are in the queue.
        self.told.fetch_add(u64::from(sent), Ordering::Relaxed);
        drop(queue);
        if sent {
            let known = html.map_or(Known::Id, |_| Known::Mail);
            self.known.insert(key, known);
        } else {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// How many rows have come, for [`has_ended`](Self::has_ended).
    pub(super) fn told(&self) -> u64 {
        let _queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        self.told.load(Ordering::Relaxed)
    }

    /// Whether so many rows wait no longer.
    pub(super) fn has_ended(&self, told: u64) -> bool {
        self.ended.load(Ordering::Acquire) >= told
    }

    /// Its mail was deleted, and the next one is kept.
    pub(super) fn forget(&self, domain: &str, message: &str) {
        self.known.remove(&format!("{domain}\0{message}"));
    }

    /// Reserves room in the queue.
    fn has_room(&self, bytes: usize) -> bool {
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let fits = before.saturating_add(bytes) <= MAX_WAITING_BYTES;
        if !fits {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    pub(super) async fn stop(&self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer
            && tokio::time::timeout(STOP, writer).await.is_err()
        {
            warn!("the database is too slow, some messages go without a row");
        }
    }
}

struct Writer {
    /// Whoever writes holds it; a writer that panicked leaves it to the next.
    backlog: tokio::sync::Mutex<Backlog>,
    database: Database,
    ended: Arc<AtomicU64>,
    quota: Quota,
    waiting_bytes: Arc<AtomicUsize>,
}

struct Backlog {
    batch: Vec<Row>,
    rows: mpsc::Receiver<Row>,
}

impl Writer {
    async fn run(&self) {
        let Backlog { batch, rows } = &mut *self.backlog.lock().await;
        // There is one after a panic, and it may be what made it.
        self.end(batch);
        while rows.recv_many(batch, ROWS_AT_ONCE).await > 0 {
            while let Err(error) = store(&self.database, self.quota, batch).await {
                warn!(%error, rows = batch.len(), "messages can't be stored");
                // A row of a domain that is gone would be refused for ever, and hold up all others.
                if !is_outage(&error) || rows.is_closed() {
                    break;
                }
                tokio::time::sleep(RETRY).await;
            }
            self.end(batch);
        }
    }

    fn end(&self, batch: &mut Vec<Row>) {
        let bytes = batch
            .iter()
            .filter_map(|row| row.html.as_ref())
            .map(String::len)
            .sum();
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        let rows = u64::try_from(batch.len()).unwrap_or_default();
        self.ended.fetch_add(rows, Ordering::Release);
        batch.clear();
    }
}

fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(refusal) => !refusal.is_foreign_key_violation(),
        sqlx::Error::PoolClosed => false,
        _ => true,
    }
}

/// Stores rows in one transaction. The first mail of a message stays its mail.
async fn store(database: &Database, quota: Quota, rows: &[Row]) -> Result<(), sqlx::Error> {
    writing!(database, pool => async {
        let mut transaction = pool.begin().await?;
        for row in rows {
            sqlx::query(
                "INSERT INTO messages (domain, message, html, first_at, kept_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (domain, message) DO UPDATE SET html = COALESCE(messages.html, excluded.html), \
                 kept_at = COALESCE(messages.kept_at, excluded.kept_at)",
            )
            .bind(&row.domain)
            .bind(&row.message)
            // Browsers show U+FFFD for a NUL or nothing, so the click map does not change.
            .bind(row.html.as_deref().map(without_nul))
            .bind(row.at)
            .bind(row.html.as_ref().map(|_| row.at))
            .execute(&mut *transaction)
            .await?;
        }
        let kept = rows.iter().filter(|row| row.html.is_some());
        let domains: BTreeSet<_> = kept.map(|row| &row.domain).collect();
        for domain in domains {
            sqlx::query(MAIL_OVER)
                .bind(domain)
                .bind(quota.number)
                .bind(quota.bytes)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    })
}
