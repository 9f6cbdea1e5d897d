//! The event log: an answered click is a stored click.
//!
//! One writer takes what requests hand in, and commits it in groups; a request is answered after its group
//! was committed. While the database is down, groups go to an append-only spool instead, which is drained
//! when the database is back. Whatever is stored twice counts once, by its id.

mod agreed;
mod bursts;
mod checkpoint;
mod counts;
mod drain;
mod fitness;
mod insert;
mod metrics;
mod progress;
mod record;
mod repeats;
mod retention;
mod rows;
mod segment;
mod settling;
mod spool;
mod sqlite;
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
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::counts::Counts;
use self::metrics::Metrics;
use self::repeats::{Keys, StoredAs};
use self::store::Store;
use self::writer::{Waiting, Writer};
use crate::clock::Clock;
use crate::database::Database;
use crate::event::Event;
use crate::supervisor::Supervisor;

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
    /// spool.
    pub(crate) fn start(
        database: Database,
        clock: Clock,
        spool_dir: PathBuf,
        retention_days: Option<u32>,
        supervisor: &Supervisor,
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
        let writer = Arc::new(Writer::new(
            waiting,
            Arc::clone(&counts),
            Arc::clone(&store),
        ));
        let stops = stopping.clone();
        let write = move || {
            let (writer, stopping) = (Arc::clone(&writer), stops.clone());
            async move { writer.run(stopping).await }
        };
        let mut tasks = vec![supervisor.run("event_log_writer", write)];
        let mut background = |name: &'static str, job: Box<dyn Fn() -> Job + Send>| {
            let stopping = stopping.clone();
            tasks.push(supervisor.run(name, move || until(stopping.clone(), job())));
        };
        let stored = Arc::clone(&store);
        background(
            "drain",
            Box::new(move || Box::pin(drain::run(Arc::clone(&stored)))),
        );
        let stored = Arc::clone(&store);
        background(
            "watch",
            Box::new(move || Box::pin(watch::run(Arc::clone(&stored)))),
        );
        let (on, by) = (database.clone(), clock.clone());
        background(
            "settling",
            Box::new(move || Box::pin(settling::run(on.clone(), by.clone()))),
        );
        let on = database.clone();
        background(
            "checkpoint",
            Box::new(move || Box::pin(checkpoint::run(on.clone()))),
        );
        let on = database.clone();
        background(
            "timeline",
            Box::new(move || Box::pin(timeline::run(on.clone()))),
        );
        if let Some(days) = retention_days {
            let run =
                move || -> Job { Box::pin(retention::run(database.clone(), clock.clone(), days)) };
            background("retention", Box::new(run));
        }
        Self {
            counts,
            keys: Keys::default(),
            metrics,
            queue,
            store,
            stopping,
            tasks: Mutex::new(tasks),
        }
    }

    /// Returns when the event is stored, so that a request can be answered, and as what.
    ///
    /// `address` is whose request it was, in full: it is neither stored nor kept.
    ///
    /// # Errors
    ///
    /// [`NotStored`] when neither the database nor the spool took it, and after [`stop`](Self::stop).
    pub(crate) async fn record(
        &self,
        event: Event,
        address: Option<IpAddr>,
    ) -> Result<StoredAs, NotStored> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            key: self.keys.key(&event, address),
            event,
            answer,
        };
        self.queue.send(waiting).await.map_err(|_| NotStored)?;
        answered.await.unwrap_or(Err(NotStored))
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

type Job = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// A job may be dropped anywhere: each of its steps is a transaction, and may be done again.
async fn until(stopping: CancellationToken, job: Job) {
    stopping.run_until_cancelled(job).await;
}
