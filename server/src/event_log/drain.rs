//! Brings what waits in the spool into the database.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::insert::InsertError;
use super::record::Group;
use super::segment::{Batch, Segment};
use super::store::{Store, count};

const BATCH: usize = 512;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);
/// Another process may leave segments at any time, by being killed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn run(store: Arc<Store>) {
    let mut backoff = FIRST_BACKOFF;
    loop {
        match pass(&store).await {
            Ok(()) => {
                backoff = FIRST_BACKOFF;
                // A timeout is as good as a call.
                let _ = timeout(LOOK_EVERY, store.spooled.notified()).await;
            }
            Err(error) => {
                store.fell(&error);
                sleep(backoff).await;
                backoff = LONGEST_BACKOFF.min(backoff * 2);
            }
        }
        store
            .metrics
            .spool_bytes
            .set(i64::try_from(store.spool.bytes()).unwrap_or(i64::MAX));
    }
}

/// Drains all there is. Groups go to the database again once it has taken something.
pub(super) async fn pass(store: &Store) -> Result<(), InsertError> {
    if store.is_down() {
        store.target.probe().await?;
    }
    store.spool.close_live();
    let segments = store.spool.segments().unwrap_or_else(|error| {
        error!(%error, "the spool can't be listed");
        Vec::new()
    });
    for path in segments {
        segment(store, path).await?;
        store.rose();
    }
    // What was spooled meanwhile has called for another pass.
    store.rose();
    Ok(())
}

/// Stores a segment's records, and then deletes it. A segment that can't be read does not stop the others.
async fn segment(store: &Store, path: PathBuf) -> Result<(), InsertError> {
    let shown = path.display().to_string();
    let opened = spawn_blocking(move || Segment::open(path)).await;
    let mut segment = match opened.map_err(std::io::Error::other).flatten() {
        Ok(Some(segment)) => segment,
        Ok(None) => return Ok(()),
        Err(error) => {
            error!(%error, segment = shown, "a segment of the spool can't be opened");
            return Ok(());
        }
    };
    let mut bad = 0;
    loop {
        let read = spawn_blocking(move || segment.next(BATCH).map(|batch| (batch, segment))).await;
        let batch: Batch;
        (batch, segment) = match read.map_err(std::io::Error::other).flatten() {
            Ok(read) => read,
            Err(error) => {
                error!(%error, segment = shown, "a segment of the spool can't be read");
                return Ok(());
            }
        };
        if batch.torn {
            warn!(
                segment = shown,
                "the last line is torn, nobody got an answer for it"
            );
            store.metrics.unreadable.inc();
        }
        bad += batch.bad + store_batch(store, batch.group).await?;
        if batch.end {
            break;
        }
    }
    store.metrics.unreadable.inc_by(count(bad));
    finish(segment, bad, &shown).await;
    Ok(())
}

async fn finish(segment: Segment, bad: usize, shown: &str) {
    let finished = spawn_blocking(move || {
        if bad == 0 {
            return segment.delete();
        }
        let kept = segment.set_aside()?;
        error!(lines = bad, kept = %kept.display(), "lines of the spool can't be stored");
        Ok(())
    });
    match finished.await.map_err(std::io::Error::other).flatten() {
        Ok(()) => info!(segment = shown, "a segment of the spool was drained"),
        // It is drained again, which stores nothing twice.
        Err(error) => error!(%error, segment = shown, "a drained segment can't be put away"),
    }
}

/// Returns how many records the database will never take.
async fn store_batch(store: &Store, group: Group) -> Result<usize, InsertError> {
    if group.is_empty() {
        return Ok(0);
    }
    let records = group.len();
    let group = Arc::new(group);
    match store.target.insert(&group).await {
        Ok(()) => {
            store.metrics.drained.inc_by(count(records));
            return Ok(0);
        }
        Err(error) if error.is_about_records() => {}
        Err(error) => return Err(error),
    }
    let mut refused = 0;
    for single in Arc::unwrap_or_clone(group).singly() {
        match store.target.insert(&Arc::new(single)).await {
            Ok(()) => _ = store.metrics.drained.inc(),
            Err(error) if error.is_about_records() => {
                error!(%error, "the database refused a record of the spool");
                refused += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}
