//! One connection: what it waits for, and since when.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::Version;
use futures_util::task::AtomicWaker;

use super::limits::Limits;

const NOT_WAITING: u64 = u64::MAX;
/// For a client to say what it wants, and before that for the TLS handshake.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct Connection {
    pub(super) number: u64,
    /// `None`: a proxy's, which count in all only.
    pub(super) address: Option<IpAddr>,
    started: Instant,
    requests: AtomicUsize,
    idle_since: AtomicU64,
    /// Between requests HTTP/2 has frames of other kinds, HTTP/1 has nothing but the next header.
    is_http1: AtomicBool,
    /// Since when the header of a request comes in.
    header_since: AtomicU64,
    /// Since when each answer waits for its reader.
    answers: Mutex<Vec<Arc<AtomicU64>>>,
    is_ending: AtomicBool,
    is_closed: AtomicBool,
    task: AtomicWaker,
}

impl Connection {
    pub(super) fn new(number: u64, address: Option<IpAddr>, started: Instant) -> Self {
        let now = milliseconds(started);
        Self {
            number,
            address,
            started,
            requests: AtomicUsize::new(0),
            idle_since: AtomicU64::new(now),
            is_http1: AtomicBool::new(false),
            header_since: AtomicU64::new(now),
            answers: Mutex::default(),
            is_ending: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            task: AtomicWaker::new(),
        }
    }

    /// The time for the header of the first request begins once more.
    pub(super) fn end_handshake(&self) {
        let now = milliseconds(self.started);
        self.header_since.store(now, Ordering::Relaxed);
    }

    pub(super) fn begin(&self, version: Version) {
        let is_http1 = version < Version::HTTP_2;
        self.is_http1.store(is_http1, Ordering::Relaxed);
        self.header_since.store(NOT_WAITING, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Something came in. Where no request is under way, it begins the header of one.
    pub(super) fn hear(&self) {
        let is_header = self.is_http1.load(Ordering::Relaxed)
            && self.requests.load(Ordering::Relaxed) == 0
            && self.header_since.load(Ordering::Relaxed) == NOT_WAITING;
        if is_header {
            let now = milliseconds(self.started);
            self.header_since.store(now, Ordering::Relaxed);
        }
    }

    pub(super) fn end(&self) {
        self.idle_since
            .store(milliseconds(self.started), Ordering::Relaxed);
        self.requests.fetch_sub(1, Ordering::Release);
    }

    /// For an answer to say that it waits for its reader.
    pub(super) fn watch_answer(&self) -> Arc<AtomicU64> {
        let waiting = Arc::new(AtomicU64::new(NOT_WAITING));
        self.answers().push(Arc::clone(&waiting));
        waiting
    }

    pub(super) fn forget_answer(&self, waiting: &Arc<AtomicU64>) {
        self.answers().retain(|other| !Arc::ptr_eq(other, waiting));
    }

    pub(super) fn wait_for_reader(&self, waiting: &AtomicU64) {
        waiting.store(milliseconds(self.started), Ordering::Relaxed);
    }

    /// Whether it ends once the requests under way are answered.
    pub(super) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Has the task of the connection told when it is to end.
    pub(super) fn tell(&self, task: &std::task::Waker) {
        self.task.register(task);
    }

    pub(super) fn end_soon(&self) {
        self.is_ending.store(true, Ordering::Release);
        self.task.wake();
    }

    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.task.wake();
    }

    /// Whether it idles, dawdles or stands still for longer than it may.
    pub(super) fn is_overdue(&self, now: u64, limits: &Limits) -> bool {
        let idle = whole(limits.idle);
        self.idle_for(now).is_some_and(|time| time > idle)
            || self.header_for(now) > whole(HEADER_TIMEOUT)
            || self.stalled_for(now) > whole(limits.stalled)
    }

    /// `None`: it does not idle.
    pub(super) fn idle_for(&self, now: u64) -> Option<u64> {
        let idles = self.requests.load(Ordering::Acquire) == 0;
        idles.then(|| now.saturating_sub(self.idle_since.load(Ordering::Relaxed)))
    }

    fn header_for(&self, now: u64) -> u64 {
        now.saturating_sub(self.header_since.load(Ordering::Relaxed))
    }

    fn stalled_for(&self, now: u64) -> u64 {
        if self.requests.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        let answers = self.answers();
        let since = answers.iter().map(|since| since.load(Ordering::Relaxed));
        now.saturating_sub(since.min().unwrap_or(NOT_WAITING))
    }

    fn answers(&self) -> MutexGuard<'_, Vec<Arc<AtomicU64>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn reader_took(waiting: &AtomicU64) {
    waiting.store(NOT_WAITING, Ordering::Relaxed);
}

pub(super) fn milliseconds(since: Instant) -> u64 {
    whole(since.elapsed())
}

fn whole(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
