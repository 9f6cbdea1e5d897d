//! How many connections there may be, and for how long.

use std::time::Duration;

use tracing::warn;

use super::files;
use crate::options::Settings;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) total: usize,
    pub(crate) by_address: usize,
    /// Without a request.
    pub(crate) idle: Duration,
    /// For a reader to take the next part of an answer.
    pub(crate) stalled: Duration,
}

impl Limits {
    /// As they were set, within what the system lets the process open.
    pub(crate) fn of(settings: &Settings) -> Self {
        let total = settings.max_connections;
        let possible = files::room_for_connections();
        if possible < total {
            warn!(
                possible,
                wanted = total,
                "the limit on open files allows fewer connections"
            );
        }
        let total = total.min(possible);
        Self {
            total,
            by_address: settings
                .max_connections_per_address
                .unwrap_or(total.div_ceil(4)),
            idle: Duration::from_secs(settings.idle_seconds),
            stalled: Duration::from_secs(settings.stall_seconds),
        }
    }
}
