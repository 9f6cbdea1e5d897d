//! Whether an event that came now could be stored: kept up to date by those who store, so that asking is free.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The writer beats four times a second, and between two beats commits a group, which has time limits.
const STUCK: Duration = Duration::from_secs(10);

pub(super) struct Fitness {
    started: Instant,
    /// Milliseconds since the start.
    last_beat: AtomicU64,
    last_commit: AtomicU64,
    spool_refused: AtomicBool,
}

impl Fitness {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            last_beat: AtomicU64::new(0),
            last_commit: AtomicU64::new(0),
            spool_refused: AtomicBool::new(false),
        }
    }

    /// The writer is alive.
    pub(super) fn beat(&self) {
        self.last_beat.store(self.now(), Ordering::Relaxed);
    }

    pub(super) fn committed(&self) {
        self.last_commit.store(self.now(), Ordering::Relaxed);
    }

    pub(super) fn spooled(&self, taken: bool) {
        self.spool_refused.store(!taken, Ordering::Relaxed);
    }

    pub(super) fn is_writer_alive(&self) -> bool {
        self.since(&self.last_beat) < STUCK
    }

    pub(super) fn since_commit(&self) -> Duration {
        self.since(&self.last_commit)
    }

    pub(super) fn does_spool_take(&self) -> bool {
        !self.spool_refused.load(Ordering::Relaxed)
    }

    fn since(&self, then: &AtomicU64) -> Duration {
        Duration::from_millis(self.now().saturating_sub(then.load(Ordering::Relaxed)))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
