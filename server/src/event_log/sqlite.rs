//! Events into SQLite, by a connection and a thread of their own.
//!
//! sqlx copies every value twice and asks SQLite for the name of every parameter. For the 19 columns of an event
//! that is more than SQLite's own work: under `load/run` a click cost the server some 60 µs of processor time,
//! and with this and another allocator some 46 µs. Everything else is sqlx's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::insert::InsertError;
use super::record::Group;
use super::sqlite_rows::insert;
use crate::database::{BUSY, CACHE_KIB, WAL_PAGES};

/// Hands groups to the thread, which ends with this. One that ended before is followed by another.
pub(super) struct Inserter {
    file: PathBuf,
    queue: Mutex<mpsc::UnboundedSender<Job>>,
}

struct Job {
    group: Arc<Group>,
    done: oneshot::Sender<Result<(), InsertError>>,
}

impl Inserter {
    pub(super) fn start(file: PathBuf) -> Self {
        let queue = Mutex::new(start_thread(file.clone()));
        Self { file, queue }
    }

    /// Returns when the group is committed.
    ///
    /// The caller sees to it that nobody else of this process writes meanwhile: SQLite would let one of the two
    /// poll for the lock.
    pub(super) async fn insert(&self, group: &Arc<Group>) -> Result<(), InsertError> {
        let (done, result) = oneshot::channel();
        let group = Arc::clone(group);
        self.send(Job { group, done });
        result.await.unwrap_or(Err(InsertError::NoThread))
    }

    /// As if the thread had ended.
    #[cfg(test)]
    pub(super) fn end_thread(&self) {
        *self.queue.lock().unwrap() = mpsc::unbounded_channel().0;
    }

    fn send(&self, job: Job) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(mpsc::error::SendError(job)) = queue.send(job) {
            *queue = start_thread(self.file.clone());
            let _ = queue.send(job);
        }
    }
}

fn start_thread(file: PathBuf) -> mpsc::UnboundedSender<Job> {
    let (queue, jobs) = mpsc::unbounded_channel();
    let thread = thread::Builder::new().name("sqlite-events".into());
    if let Err(error) = thread.spawn(move || work(&file, jobs)) {
        error!(%error, "there is no thread to write events to SQLite");
    }
    queue
}

fn work(file: &Path, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut connection = None;
    while let Some(Job { group, done }) = jobs.blocking_recv() {
        if done.is_closed() {
            // Given up: the spool has it.
            continue;
        }
        let open = connection.take();
        let inserted = catch_unwind(AssertUnwindSafe(|| insert_by(open, file, &group)));
        // After an error a new connection is opened: the file may be another one now.
        let result = match inserted {
            Ok(Ok(open)) => {
                connection = Some(open);
                Ok(())
            }
            Ok(Err(error)) => Err(InsertError::Sqlite(error)),
            Err(_) => Err(InsertError::Panicked),
        };
        let _ = done.send(result);
    }
}

fn insert_by(
    connection: Option<Connection>,
    file: &Path,
    group: &Group,
) -> rusqlite::Result<Connection> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => open(file)?,
    };
    #[cfg(test)]
    super::tests::panic_for(group, "thread");
    insert(&mut connection, group)?;
    Ok(connection)
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    Ok(connection)
}
