//! The connections that are open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::Version;
use futures_util::task::AtomicWaker;
use tracing::warn;

use super::files;
use crate::options::Settings;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const NOT_WAITING: u64 = u64::MAX;
/// For a client to say what it wants.
pub(super) const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

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

pub(crate) struct Connections {
    limits: Limits,
    /// All connections come from these, whoever is behind.
    proxies: Vec<IpAddr>,
    started: Instant,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Arc<Connection>>,
    by_address: HashMap<IpAddr, usize>,
}

pub(super) struct Connection {
    number: u64,
    /// `None`: a proxy's, which count in all only.
    address: Option<IpAddr>,
    started: Instant,
    requests: AtomicUsize,
    idle_since: AtomicU64,
    /// Between requests HTTP/2 has frames of other kinds, HTTP/1 has nothing but the next header.
    is_http1: AtomicBool,
    /// Since when the header of a request comes in.
    header_since: AtomicU64,
    /// Since when each answer waits for its reader.
    answers: Mutex<Vec<Arc<AtomicU64>>>,
    is_closed: AtomicBool,
    task: AtomicWaker,
}

impl Connections {
    pub(crate) fn new(limits: Limits, proxies: &[IpAddr]) -> Arc<Self> {
        Arc::new(Self {
            limits,
            proxies: proxies.iter().map(IpAddr::to_canonical).collect(),
            started: Instant::now(),
            open: Mutex::default(),
        })
    }

    /// Closes what idles, dawdles or stands still, for ever.
    pub(crate) async fn watch(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = milliseconds(self.started);
            let idle = whole(self.limits.idle);
            let stalled = whole(self.limits.stalled);
            let open = self.open();
            for connection in open.all.values() {
                if connection.idle_for(now).is_some_and(|time| time > idle)
                    || connection.header_for(now) > whole(HEADER_TIMEOUT)
                    || connection.stalled_for(now) > stalled
                {
                    connection.close();
                }
            }
        }
    }

    /// `None`: there are too many, and none of them idles.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Arc<Connection>> {
        let address = address.to_canonical();
        let address = (!self.proxies.contains(&address)).then(|| network(address));
        let mut open = self.open();
        let of_address = address.map_or(0, |address| {
            open.by_address.get(&address).copied().unwrap_or_default()
        });
        if of_address >= self.limits.by_address {
            let now = milliseconds(self.started);
            open.close_idle(now, |connection| connection.address == address)?;
        } else if open.all.len() >= self.limits.total {
            open.close_idle(milliseconds(self.started), |_| true)?;
        }
        Some(open.add(address, self.started))
    }

    pub(super) fn remove(&self, connection: &Connection) {
        self.open().remove(connection.number);
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn add(&mut self, address: Option<IpAddr>, started: Instant) -> Arc<Connection> {
        self.next += 1;
        let connection = Arc::new(Connection {
            number: self.next,
            address,
            started,
            requests: AtomicUsize::new(0),
            idle_since: AtomicU64::new(milliseconds(started)),
            is_http1: AtomicBool::new(false),
            header_since: AtomicU64::new(NOT_WAITING),
            answers: Mutex::default(),
            is_closed: AtomicBool::new(false),
            task: AtomicWaker::new(),
        });
        self.all.insert(self.next, Arc::clone(&connection));
        if let Some(address) = address {
            *self.by_address.entry(address).or_default() += 1;
        }
        connection
    }

    /// Closes the one that was idle longest among some. Its room is free at once, its socket in a moment.
    fn close_idle(&mut self, now: u64, among: impl Fn(&Connection) -> bool) -> Option<()> {
        let oldest = self
            .all
            .values()
            .filter(|connection| among(connection))
            .filter_map(|connection| Some((connection.idle_for(now)?, connection.number)))
            .max_by_key(|(time, number)| (*time, u64::MAX - number))?;
        self.remove(oldest.1)?.close();
        Some(())
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Connection>> {
        let connection = self.all.remove(&number)?;
        if let Some(address) = connection.address {
            match self.by_address.get_mut(&address) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.by_address.remove(&address)),
            }
        }
        Some(connection)
    }
}

impl Connection {
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

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Has the task of the connection told when it is to be closed.
    pub(super) fn tell(&self, task: &std::task::Waker) {
        self.task.register(task);
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.task.wake();
    }

    /// `None`: it does not idle.
    fn idle_for(&self, now: u64) -> Option<u64> {
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

/// One subscriber has a whole /64 (RFC 6177 §2).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
        four @ IpAddr::V4(_) => four,
    }
}

fn milliseconds(since: Instant) -> u64 {
    whole(since.elapsed())
}

fn whole(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
