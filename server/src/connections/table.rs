//! The connections that are open.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::connection::{Connection, milliseconds};
use super::limits::Limits;

const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Connections {
    limits: Limits,
    /// All connections come from these, whoever is behind.
    proxies: Vec<IpAddr>,
    started: Instant,
    open: Mutex<Open>,
    /// None is open any more.
    emptied: Notify,
}

/// A connection's place, until it is dropped.
pub(super) struct Admitted {
    connection: Arc<Connection>,
    connections: Arc<Connections>,
}

#[derive(Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Arc<Connection>>,
    by_address: HashMap<IpAddr, usize>,
}

impl Connections {
    pub(crate) fn new(limits: Limits, proxies: &[IpAddr]) -> Arc<Self> {
        Arc::new(Self {
            limits,
            proxies: proxies.iter().map(IpAddr::to_canonical).collect(),
            started: Instant::now(),
            open: Mutex::default(),
            emptied: Notify::new(),
        })
    }

    /// Closes what idles, dawdles or stands still, for ever.
    pub(crate) async fn watch(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = milliseconds(self.started);
            for connection in self.open().all.values() {
                if connection.is_overdue(now, &self.limits) {
                    connection.close();
                }
            }
        }
    }

    /// `None`: there are too many, and none of them idles.
    pub(super) fn admit(connections: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        Some(Admitted {
            connection: connections.add(address)?,
            connections: Arc::clone(connections),
        })
    }

    fn add(&self, address: IpAddr) -> Option<Arc<Connection>> {
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

    /// Ends each connection as soon as the requests under way on it are answered, and after some time anyway.
    pub(super) async fn end(&self, patience: Duration) {
        self.open().all.values().for_each(|open| open.end_soon());
        let emptied = async {
            while !self.open().all.is_empty() {
                self.emptied.notified().await;
            }
        };
        if tokio::time::timeout(patience, emptied).await.is_err() {
            self.open().all.values().for_each(|open| open.close());
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted {
    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.remove(self.connection.number);
        if open.all.is_empty() {
            self.connections.emptied.notify_one();
        }
    }
}

impl Open {
    fn add(&mut self, address: Option<IpAddr>, started: Instant) -> Arc<Connection> {
        self.next += 1;
        let connection = Arc::new(Connection::new(self.next, address, started));
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

/// One subscriber has a whole /64 (RFC 6177 §2).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
        four @ IpAddr::V4(_) => four,
    }
}
