//! The time of day, as one value that everything asks: so that a demonstration can tell a story of days.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{NoContext, Timestamp, Uuid};

/// Follows the system's clock; `set` makes it stand still at a time of one's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    /// Unix milliseconds, zero while the system's clock is followed.
    set: Arc<AtomicI64>,
}

impl Clock {
    /// Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        match self.set.load(Ordering::Relaxed) {
            0 => system_now(),
            set => set,
        }
    }

    /// An identifier that nobody else makes, ordered by time (RFC 9562 §5.7).
    pub(crate) fn new_id(&self) -> Uuid {
        let now = u64::try_from(self.now()).unwrap_or_default();
        let nanoseconds = u32::try_from(now % 1000 * 1_000_000).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(NoContext, now / 1000, nanoseconds))
    }

    pub(crate) fn set(&self, milliseconds: i64) {
        self.set.store(milliseconds, Ordering::Relaxed);
    }

    pub(crate) fn follow_system(&self) {
        self.set.store(0, Ordering::Relaxed);
    }
}

fn system_now() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
