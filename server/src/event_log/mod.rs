//! The event log: an answered click is a stored click.
//!
//! One writer takes what requests hand in, and commits it in groups; a request is answered after its group
//! was committed. While the database is down, groups go to an append-only spool instead, which is drained
//! when the database is back. Whatever is stored twice counts once, by its id.

mod agreed;
mod aside;
mod background;
mod bursts;
mod checkpoint;
mod counts;
mod drain;
mod erasing;
mod fitness;
mod insert;
mod metrics;
mod progress;
mod record;
mod repeat_key;
mod repeats;
mod retention;
mod rows;
mod segment;
mod settling;
mod spool;
mod sqlite;
mod sqlite_rows;
mod store;
#[cfg(test)]
mod tests;
mod timeline;
mod watch;
mod writer;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::registry::Registry;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::background::Background;
use self::counts::Counts;
use self::metrics::Metrics;
use self::repeat_key::Keys;
use self::repeats::StoredAs;
use self::store::Store;
use self::writer::{Waiting, Writer};
use crate::clock::Clock;
use crate::database::Database;
use crate::event::Event;
use crate::recipients::Erasure;
use crate::supervisor::Supervisor;

pub(crate) use self::checkpoint::empty_write_ahead_log;
pub(crate) use self::erasing::{erase_events, erase_from_timeline};
pub(crate) use self::settling::settled_seq;
pub(crate) use self::timeline::timeline_seq;

/// Requests that wait for the writer; more wait at the queue's door. This bounds memory.
const QUEUE: usize = 4096;

/// Neither the database nor the spool could take an event.
#[derive(Debug)]
pub(crate) struct NotStored;

/// What works, as far as is known: each was heard of within seconds. The spool is only tried while the database
/// is down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventLogFitness {
    pub(crate) database: bool,
    pub(crate) spool: bool,
    pub(crate) writer: bool,
}

pub(crate) struct EventLog {
    counts: Arc<Counts>,
    keys: Keys,
    metrics: Metrics,
    queue: mpsc::Sender<Waiting>,
    store: Arc<Store>,
    stopping: CancellationToken,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl EventLog {
    /// Starts the writer and the background jobs; one of them stores what an earlier process left in the
    /// spool. Until the database is `opened`, events go to the spool, and jobs wait.
    pub(crate) fn start(
        database: Database,
        clock: Clock,
        spool_dir: PathBuf,
        retention_days: Option<u32>,
        supervisor: &Supervisor,
        opened: &CancellationToken,
    ) -> Self {
        let metrics = Metrics::new();
        let counts = Arc::new(Counts::new(clock.clone()));
        let stopping = CancellationToken::new();
        let (queue, waiting) = mpsc::channel(QUEUE);
        let store = Arc::new(Store::new(
            &database,
            clock.clone(),
            spool_dir,
            metrics.clone(),
        ));
        if !opened.is_cancelled() {
            store.set_down(true);
        }
        let writer = Arc::new(Writer::new(
            waiting,
            Arc::clone(&counts),
            Arc::clone(&store),
        ));
        let mut background = Background {
            supervisor,
            stopping: &stopping,
            opened,
            tasks: Vec::new(),
        };
        background.writer(writer);
        background.jobs(&store, database, clock, retention_days);
        let tasks = Mutex::new(background.tasks);
        Self {
            counts,
            keys: Keys::default(),
            metrics,
            queue,
            store,
            stopping,
            tasks,
        }
    }

    /// Hands the event in at once. The future returns when it is stored, so that a request can be answered, and as
    /// what; it is small, for thousands of requests may wait.
    ///
    /// `address` is whose request it was, in full: it is neither stored nor kept.
    ///
    /// # Errors
    ///
    /// [`NotStored`] when neither the database nor the spool took it, and after [`stop`](Self::stop).
    pub(crate) fn record(
        &self,
        event: Event,
        address: Option<IpAddr>,
    ) -> impl Future<Output = Result<StoredAs, NotStored>> + use<'_> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            key: self.keys.key(&event, address),
            event: Box::new(event),
            answer,
        };
        let queued = self.queue.try_send(waiting);
        async move {
            match queued {
                Ok(()) => {}
                Err(TrySendError::Full(waiting)) => {
                    self.queue.send(waiting).await.map_err(|_| NotStored)?;
                }
                Err(TrySendError::Closed(_)) => return Err(NotStored),
            }
            answered.await.unwrap_or(Err(NotStored))
        }
    }

    /// The database is open: it takes events from now on.
    pub(crate) fn begin(&self) {
        self.store.set_down(false);
    }

    /// Counts mails that were rewritten. Does not wait: SIGKILL loses what the last moments counted.
    pub(crate) fn count_rewritten(&self, domain: &str, message: &str, mails: u32) {
        self.counts.add(domain, message, mails);
    }

    /// Whether an event that came now could be stored. Free: it asks nobody.
    pub(crate) fn fitness(&self) -> EventLogFitness {
        EventLogFitness {
            database: !self.store.is_down(),
            spool: self.store.fitness.does_spool_take(),
            writer: self.store.fitness.is_writer_alive(),
        }
    }

    /// Whether something waits in this server's spool that may be older than a time.
    pub(crate) fn has_spooled_before(&self, time: i64) -> bool {
        self.store.spool.has_begun_before(time)
    }

    /// Takes a recipient out of what the spool could not bring into the database, and set aside.
    pub(crate) async fn erase_set_aside(
        &self,
        erasure: Erasure,
        recipient: String,
    ) -> std::io::Result<()> {
        let folder = self.store.spool.folder.clone();
        let erased =
            tokio::task::spawn_blocking(move || aside::erase(&folder, &erasure, &recipient));
        erased.await.map_err(std::io::Error::other)?
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// Stores what is waiting, and takes no more.
    pub(crate) async fn stop(&self) {
        self.stopping.cancel();
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // A task that panicked has said so.
            let _ = task.await;
        }
    }
}
