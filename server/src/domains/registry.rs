//! All domains and keys in memory: the click path asks no database.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use linkseal::{DomainConfig, KeyId, SendingDomain, TrackingHost};
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::Status;
use super::configs::Hosts;
use super::keys_cache::KeysCache;
use super::misses::Misses;
use super::store::{self, Domain, DomainKey, Rows};
use crate::database::Database;
use crate::keyring::Keyring;

/// Hands out snapshots. Everybody who changes a domain calls `refresh` afterwards; other servers do so by the
/// clock, and ask for a key by its id when a token names one that they do not know.
pub(crate) struct Registry {
    cache: Option<KeysCache>,
    hosts: Hosts,
    /// What is in memory came from the cache.
    is_cached: AtomicBool,
    /// It came from the database.
    is_read: AtomicBool,
    keyring: Keyring,
    misses: Misses,
    /// Held while the tables are read, so that what was read earlier never replaces what was read later.
    reading: Mutex<()>,
    snapshot: ArcSwap<Snapshot>,
}

#[derive(Default)]
pub(crate) struct Snapshot {
    /// All ownerships, by their ids.
    ownerships: BTreeMap<String, Arc<Known>>,
    /// Those that last, by the domain's name.
    domains: BTreeMap<SendingDomain, Arc<Known>>,
    /// Key ids are the service's own: no two domains share one.
    by_key: HashMap<KeyId, Arc<Known>>,
    tracking_hosts: BTreeSet<String>,
}

/// An ownership of a domain, with the library's settings for it. As long as neither changes, snapshots share it.
pub(crate) struct Known {
    pub(crate) domain: Domain,
    /// For mail that goes out. `None`: there is no host that its links could use, so its mail goes out as it is.
    pub(crate) config: Option<DomainConfig>,
    /// For links that come back, whatever became of the domain and its keys since: genuine ones redirect for
    /// ever. Its tracking host is the default host, where links were before the domain had a host of its own.
    pub(crate) issued: Option<DomainConfig>,
    keys: Vec<DomainKey>,
}

impl Known {
    /// The domain's own tracking host, without a port; of a domain that was never validated, it proves
    /// nothing.
    fn tracking_host(&self) -> Option<String> {
        self.domain
            .tracking_host
            .as_deref()
            .filter(|_| matches!(self.domain.status, Status::Lapsed | Status::Validated))
            .and_then(|host| TrackingHost::custom(host).ok())
            .map(|host| host.host().to_owned())
    }

    /// The number of the key that signs, and since when.
    pub(crate) fn signing_key(&self) -> Option<(u32, i64)> {
        let key = self.keys.iter().rfind(|key| !key.retired)?;
        Some((key.key.id().0, key.created_at))
    }

    /// How many keys were made since a time.
    pub(super) fn keys_since(&self, time: i64) -> usize {
        let keys = self.keys.iter();
        keys.filter(|key| key.created_at > time).count()
    }

    /// How many keys sign no more, but still verify.
    pub(crate) fn older_keys(&self) -> usize {
        self.keys.len().saturating_sub(1)
    }
}

impl Snapshot {
    fn new(ownerships: BTreeMap<String, Arc<Known>>) -> Self {
        let all = ownerships.values();
        let tracking_hosts = all.clone().filter_map(|known| known.tracking_host());
        let by_key = all.clone().flat_map(|known| {
            let ids = known.keys.iter().map(|key| key.key.id());
            ids.map(|id| (id, Arc::clone(known)))
        });
        let domains = all
            .clone()
            .filter(|known| known.domain.removed_at.is_none())
            .map(|known| (known.domain.name.clone(), Arc::clone(known)));
        Self {
            tracking_hosts: tracking_hosts.collect(),
            domains: domains.collect(),
            by_key: by_key.collect(),
            ownerships,
        }
    }

    /// All domains but removed ones, by name.
    pub(crate) fn domains(&self) -> impl Iterator<Item = &Arc<Known>> {
        self.domains.values()
    }

    /// All former ownerships.
    pub(super) fn former(&self) -> impl Iterator<Item = &Arc<Known>> {
        self.ownerships
            .values()
            .filter(|known| known.domain.removed_at.is_some())
    }

    /// An ownership by its id, also a former one.
    pub(crate) fn ownership(&self, id: &str) -> Option<&Arc<Known>> {
        self.ownerships.get(id)
    }

    /// A domain by its name in lower case and punycode, unless it was removed.
    pub(crate) fn domain(&self, name: &str) -> Option<&Arc<Known>> {
        self.domains.get(name)
    }

    /// Whether a host, without a port, is some domain's own tracking host.
    pub(crate) fn is_tracking_host(&self, host: &str) -> bool {
        self.tracking_hosts.contains(host)
    }
}

impl Registry {
    pub(crate) fn new(
        default_host: Option<TrackingHost>,
        insecure_http: bool,
        keyring: Keyring,
        cache: Option<PathBuf>,
    ) -> Self {
        Self {
            cache: cache.map(KeysCache::new),
            hosts: Hosts {
                default_host,
                insecure_http,
            },
            is_cached: AtomicBool::new(false),
            is_read: AtomicBool::new(false),
            keyring,
            misses: Misses::default(),
            reading: Mutex::default(),
            snapshot: ArcSwap::default(),
        }
    }

    pub(crate) fn default_host(&self) -> Option<&TrackingHost> {
        self.hosts.default_host.as_ref()
    }

    /// What secrets of signing keys are stored under.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    pub(crate) fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// The domain that has a key, removed or not. Asks the database only for a key that is not in memory.
    pub(crate) async fn domain_of_key(&self, database: &Database, id: KeyId) -> Option<Arc<Known>> {
        if let Some(known) = self.known_by(id) {
            return Some(known);
        }
        if !self.is_read() {
            return None;
        }
        let ask = |ids: Vec<KeyId>| async move { self.learn(database, &ids).await };
        // Boxed, for it is seldom needed and large.
        Box::pin(self.misses.resolve(id, ask)).await;
        self.known_by(id)
    }

    fn known_by(&self, id: KeyId) -> Option<Arc<Known>> {
        self.snapshot().by_key.get(&id).map(Arc::clone)
    }

    /// Reads domains and keys anew. When the database is down, what was known stays.
    pub(crate) async fn refresh(&self, database: &Database) -> Result<(), sqlx::Error> {
        let _one_at_a_time = self.reading.lock().await;
        let all = Arc::new(store::all(database).await?);
        self.update(Rows::clone(&all).open(&self.keyring)?, BTreeMap::new());
        self.is_read.store(true, Ordering::Release);
        if let Some(cache) = &self.cache
            && let Err(error) = cache.keep(all, &self.keyring).await
        {
            warn!(%error, "domains and keys can't be kept in KEYS_CACHE");
        }
        Ok(())
    }

    /// For a start without a database: takes what the last run kept, if it did.
    pub(crate) fn read_cache(&self) {
        let Some(cache) = &self.cache else {
            return;
        };
        let read = cache.read(&self.keyring);
        match read.and_then(|rows| Ok(rows.open(&self.keyring)?)) {
            Ok(all) => {
                self.update(all, BTreeMap::new());
                self.is_cached.store(true, Ordering::Release);
                info!("clicks are answered by KEYS_CACHE until the database is there");
            }
            Err(error) => warn!(%error, "KEYS_CACHE can't be used"),
        }
    }

    /// Whether all keys are known, as far as this server can know.
    pub(crate) fn is_read(&self) -> bool {
        self.is_read.load(Ordering::Acquire)
    }

    /// Whether there is something to answer clicks by.
    pub(crate) fn is_filled(&self) -> bool {
        self.is_read() || self.is_cached.load(Ordering::Acquire)
    }

    /// Reads the domains that have one of these keys, if there are any.
    async fn learn(&self, database: &Database, ids: &[KeyId]) -> Result<(), sqlx::Error> {
        let _one_at_a_time = self.reading.lock().await;
        let found = store::with_keys(database, ids).await?;
        let found = found.open(&self.keyring)?;
        if !found.is_empty() {
            let others = self.snapshot().ownerships.clone();
            self.update(found, others);
        }
        Ok(())
    }

    fn update(
        &self,
        read: Vec<(Domain, Vec<DomainKey>)>,
        mut ownerships: BTreeMap<String, Arc<Known>>,
    ) {
        let old = self.snapshot.load();
        for (domain, keys) in read {
            let known = match old.ownerships.get(&domain.id) {
                Some(known) if known.domain == domain && known.keys == keys => Arc::clone(known),
                _ => Arc::new(self.know(domain, keys)),
            };
            ownerships.insert(known.domain.id.clone(), known);
        }
        let is_same = |(one, other): (&Arc<Known>, &Arc<Known>)| Arc::ptr_eq(one, other);
        let is_unchanged = old.ownerships.len() == ownerships.len()
            && old
                .ownerships
                .values()
                .zip(ownerships.values())
                .all(is_same);
        if !is_unchanged {
            self.snapshot.store(Arc::new(Snapshot::new(ownerships)));
        }
    }

    fn know(&self, domain: Domain, keys: Vec<DomainKey>) -> Known {
        let config = self.hosts.config(&domain, &keys).unwrap_or_else(|error| {
            warn!(domain = %domain.name, %error, "settings can't be used, mail goes out untracked");
            None
        });
        let issued = self.hosts.issued(&domain, &keys).unwrap_or_else(|error| {
            warn!(domain = %domain.name, %error, "keys can't be used, links lead nowhere");
            None
        });
        Known {
            domain,
            config,
            issued,
            keys,
        }
    }
}
