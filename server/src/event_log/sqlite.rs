//! Events into SQLite, by a connection and a thread of their own.
//!
//! sqlx copies every value twice and asks SQLite for the name of every parameter. For the 19 columns of an event
//! that is more than SQLite's own work: under `load/run` a click cost the server some 60 µs of processor time,
//! and with this and another allocator some 46 µs. Everything else is sqlx's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use linkseal::PixelPosition;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::agreed::{Agreed, DOMAIN_SQLITE, DomainRow, RECIPIENT_SQLITE};
use super::insert::InsertError;
use super::record::Group;
use super::rows::reasons;
use crate::database::{BUSY, CACHE_KIB, WAL_PAGES};
use crate::nul::without_nul;
use crate::recipients;

/// The `count` of gathered repeats is a running total, so the greatest is the latest, whatever comes first and
/// however often. One that may not be identified any more takes from the row what tells whose it is. At the same
/// level the row's texts stay: an erasure may have taken an id out of them.
const EVENT: &str = "INSERT INTO events (id, kind, domain, message, recipient, position, name, destination, \
     placement, at, sent_at_s, method, ip, user_agent, referer, accept_language, machine, reasons, count, level) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT (id) DO UPDATE SET count = excluded.count, level = excluded.level, recipient = excluded.recipient, \
     message = CASE WHEN excluded.level < events.level THEN excluded.message ELSE events.message END, \
     name = CASE WHEN excluded.level < events.level THEN excluded.name ELSE events.name END, \
     destination = CASE WHEN excluded.level < events.level THEN excluded.destination ELSE events.destination END, \
     sent_at_s = excluded.sent_at_s, ip = excluded.ip, user_agent = excluded.user_agent, \
     referer = excluded.referer, accept_language = excluded.accept_language \
     WHERE excluded.count > events.count AND excluded.level <= events.level";

const REWRITTEN: &str = "INSERT INTO rewritten (id, domain, message, at, mails) \
     VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";

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

fn insert(connection: &mut Connection, group: &Group) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let agreed = agreed(&transaction, group)?;
    let mut statement = transaction.prepare_cached(EVENT)?;
    for event in &group.events {
        let Some(event) = agreed.event(event) else {
            continue;
        };
        statement.execute(params![
            event.id.as_bytes(),
            event.kind.as_str(),
            without_nul(&event.domain),
            without_nul(&event.message),
            without_nul(&event.recipient),
            event.position,
            event.name.as_deref().map(without_nul),
            event.destination.as_deref().map(without_nul),
            event.placement.map(PixelPosition::as_str),
            event.at,
            event.sent_at,
            without_nul(&event.method),
            event.ip,
            event.user_agent.as_deref().map(without_nul),
            event.referer.as_deref().map(without_nul),
            event.accept_language.as_deref().map(without_nul),
            event.machine.as_str(),
            reasons(&event.reasons),
            event.count,
            event.level.as_str(),
        ])?;
    }
    drop(statement);
    let mut statement = transaction.prepare_cached(REWRITTEN)?;
    for row in &group.rewritten {
        statement.execute(params![
            row.id.as_bytes(),
            without_nul(&row.domain),
            without_nul(&row.message),
            row.at,
            row.mails,
        ])?;
    }
    drop(statement);
    transaction.commit()
}

fn agreed(connection: &Connection, group: &Group) -> rusqlite::Result<Agreed> {
    let mut agreed = Agreed::default();
    let mut statement = connection.prepare_cached(DOMAIN_SQLITE)?;
    for domain in Agreed::domains(group) {
        if let Some(row) = statement.query_row([domain], domain_row).optional()? {
            agreed.add_domain(row);
        }
    }
    let mut statement = connection.prepare_cached(RECIPIENT_SQLITE)?;
    for (domain, pseudonym) in agreed.pseudonyms(group) {
        let row = statement.query_row([domain, &pseudonym], recipient_row);
        if let Some(row) = row.optional()? {
            agreed.add_recipient(domain.to_owned(), row);
        }
    }
    Ok(agreed)
}

fn domain_row(row: &Row<'_>) -> rusqlite::Result<DomainRow> {
    Ok(DomainRow {
        id: row.get(0)?,
        click_tracking: row.get(1)?,
        click_level: row.get(2)?,
        open_tracking: row.get(3)?,
        open_level: row.get(4)?,
        secret: row.get(5)?,
    })
}

fn recipient_row(row: &Row<'_>) -> rusqlite::Result<recipients::Row> {
    Ok(recipients::Row {
        pseudonym: row.get(0)?,
        click_level: row.get(1)?,
        open_level: row.get(2)?,
        changed_at: row.get(3)?,
        earlier_click_level: row.get(4)?,
        earlier_open_level: row.get(5)?,
        raised_at: row.get(6)?,
        erased_at: row.get(7)?,
    })
}
