//! Where a group goes: to the database, or, while that is down, to the spool.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::Notify;
use tracing::{error, info, warn};

use super::NotStored;
use super::fitness::Fitness;
use super::insert::{InsertError, Target};
use super::metrics::Metrics;
use super::record::Group;
use super::spool::Spool;
use crate::clock::Clock;
use crate::database::Database;

pub(super) struct Store {
    pub(super) metrics: Metrics,
    pub(super) spool: Spool,
    /// The spool has something new, which the drain waits for.
    pub(super) spooled: Notify,
    pub(super) target: Target,
    pub(super) fitness: Fitness,
    /// The database failed, and was not heard of since.
    down: AtomicBool,
}

impl Store {
    pub(super) fn new(
        database: &Database,
        clock: Clock,
        spool_dir: PathBuf,
        metrics: Metrics,
    ) -> Self {
        Self {
            target: Target::of(database),
            spool: Spool::new(spool_dir, clock),
            metrics,
            spooled: Notify::new(),
            fitness: Fitness::new(),
            down: AtomicBool::new(false),
        }
    }

    /// Returns when the group is durable, here or there.
    pub(super) async fn store(&self, group: &Arc<Group>) -> Result<(), NotStored> {
        if self.is_down() {
            return self.put_into_spool(group).await;
        }
        let started = Instant::now();
        match self.target.insert(group).await {
            Ok(()) => {
                self.fitness.committed();
                self.metrics
                    .commit_seconds
                    .observe(started.elapsed().as_secs_f64());
                self.metrics.stored.inc_by(count(group.events.len()));
                Ok(())
            }
            Err(error) => {
                self.fell(&error);
                self.put_into_spool(group).await
            }
        }
    }

    async fn put_into_spool(&self, group: &Group) -> Result<(), NotStored> {
        let written = match group.lines() {
            Ok(lines) => self.spool.append(lines).await,
            Err(error) => Err(error.into()),
        };
        self.fitness.spooled(written.is_ok());
        match written {
            Ok(bytes) => {
                self.metrics.spooled.inc_by(count(group.len()));
                self.metrics
                    .spool_bytes
                    .inc_by(i64::try_from(bytes).unwrap_or(i64::MAX));
                self.spooled.notify_one();
                Ok(())
            }
            Err(error) => {
                error!(%error, "the spool can't be written, and the database is down");
                self.metrics.not_stored.inc_by(count(group.events.len()));
                // Nothing new to drain, but the database must be looked after.
                self.spooled.notify_one();
                Err(NotStored)
            }
        }
    }

    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::Acquire)
    }

    /// Says nothing: at the start it has not been up.
    pub(super) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Release);
    }

    pub(super) fn fell(&self, error: &InsertError) {
        if !self.down.swap(true, Ordering::AcqRel) {
            warn!(%error, "the database is down, events go to the spool");
        }
    }

    pub(super) fn rose(&self) {
        if self.down.swap(false, Ordering::AcqRel) {
            info!("the database is back");
        }
    }

    pub(super) fn queued(&self, events: usize) {
        self.metrics
            .queued
            .set(i64::try_from(events).unwrap_or(i64::MAX));
    }

    pub(super) fn gathered(&self, repeats: usize) {
        self.metrics.gathered.inc_by(count(repeats));
    }

    /// Lets other processes drain what this one spooled.
    pub(super) fn close_spool(&self) {
        self.spool.close_live();
    }
}

pub(super) fn count(records: usize) -> u64 {
    u64::try_from(records).unwrap_or(u64::MAX)
}
