//! How many sockets the system lets the process have.

use rustix::process::{Resource, getrlimit, setrlimit};

/// For databases, the spool, DNS and whatever else is opened.
const OTHER_FILES: u64 = 128;
const FEWEST: u64 = 64;

/// Takes all that the process may have, and returns what is left for connections.
pub(super) fn room_for_connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let before = limit.current;
        limit.current = limit.maximum;
        if setrlimit(Resource::Nofile, limit).is_err() {
            limit.current = before;
        }
    }
    // `None` is no limit.
    let files = limit.current.unwrap_or(u64::MAX);
    let room = files.saturating_sub(OTHER_FILES).max(FEWEST);
    usize::try_from(room).unwrap_or(usize::MAX)
}
