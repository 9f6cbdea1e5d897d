//! All domains and keys in memory: the click path asks no database.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::sync::Arc;

use arc_swap::ArcSwap;
use linkseal::error::{ConfigError, HostError};
use linkseal::{DomainConfig, DomainStatus, KeyId, SendingDomain, TrackingHost};
use tokio::sync::Mutex;
use tracing::warn;

use super::misses::Misses;
use super::store::{self, Domain, DomainKey};
use super::{CnameState, Status};
use crate::database::Database;
use crate::keyring::Keyring;

/// Hands out snapshots. Everybody who changes a domain calls `refresh` afterwards; other servers do so by the
/// clock, and ask for a key by its id when a token names one that they do not know.
pub(crate) struct Registry {
    default_host: Option<TrackingHost>,
    insecure_http: bool,
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
    ) -> Self {
        Self {
            default_host,
            insecure_http,
            keyring,
            misses: Misses::default(),
            reading: Mutex::default(),
            snapshot: ArcSwap::default(),
        }
    }

    pub(crate) fn default_host(&self) -> Option<&TrackingHost> {
        self.default_host.as_ref()
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
        let ask = |ids: Vec<KeyId>| async move { self.learn(database, &ids).await };
        // Boxed, for it is seldom needed and large.
        Box::pin(self.misses.resolve(id, ask)).await;
        self.known_by(id)
    }

    fn known_by(&self, id: KeyId) -> Option<Arc<Known>> {
        self.snapshot().by_key.get(&id).map(Arc::clone)
    }

    /// Parses a domain's own tracking host as its links will use it.
    pub(crate) fn own_host(&self, host: &str) -> Result<TrackingHost, HostError> {
        let host = TrackingHost::custom(host)?;
        Ok(if self.insecure_http {
            host.with_insecure_http()
        } else {
            host
        })
    }

    /// Reads domains and keys anew. When the database is down, what was known stays.
    pub(crate) async fn refresh(&self, database: &Database) -> Result<(), sqlx::Error> {
        let _one_at_a_time = self.reading.lock().await;
        let all = store::all(database, &self.keyring).await?;
        self.update(all, BTreeMap::new());
        Ok(())
    }

    /// Reads the domains that have one of these keys, if there are any.
    async fn learn(&self, database: &Database, ids: &[KeyId]) -> Result<(), sqlx::Error> {
        let _one_at_a_time = self.reading.lock().await;
        let found = store::with_keys(database, ids, &self.keyring).await?;
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
        let config = self.config(&domain, &keys).unwrap_or_else(|error| {
            warn!(domain = %domain.name, %error, "settings can't be used, mail goes out untracked");
            None
        });
        let issued = self.issued(&domain, &keys).unwrap_or_else(|error| {
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

    fn config(
        &self,
        domain: &Domain,
        keys: &[DomainKey],
    ) -> Result<Option<DomainConfig>, Box<dyn Error>> {
        // The library knows no such status; whoever asks for the mail is told the right one.
        if domain.status == Status::Lapsed {
            return Ok(None);
        }
        let own_host = domain
            .tracking_host
            .as_deref()
            .filter(|_| domain.cname_state == CnameState::Found)
            .map(|host| self.own_host(host))
            .transpose()?;
        let Some(host) = own_host.or_else(|| self.default_host.clone()) else {
            return Ok(None);
        };
        let Some(signing) = keys.iter().rfind(|key| !key.retired) else {
            return Ok(None);
        };
        let config = config(domain, host, keys, signing)?
            .with_status(match domain.status {
                Status::External => DomainStatus::External,
                Status::Lapsed | Status::Pending => DomainStatus::Pending,
                Status::Validated => DomainStatus::Validated,
            })
            .with_click_tracking(domain.click_tracking.into())
            .with_open_tracking(domain.open_tracking.into())
            .with_sealed_tokens(domain.links.sealed_tokens);
        Ok(Some(match &domain.links.parameters {
            Some(parameters) => config.with_link_parameters(parameters.clone()),
            None => config,
        }))
    }

    fn issued(
        &self,
        domain: &Domain,
        keys: &[DomainKey],
    ) -> Result<Option<DomainConfig>, Box<dyn Error>> {
        let Some(newest) = keys.last() else {
            return Ok(None);
        };
        let host = match &self.default_host {
            Some(host) => host.clone(),
            // Which may present its links anyway.
            None => TrackingHost::shared(domain.name.as_str())?,
        };
        Ok(Some(config(domain, host, keys, newest)?))
    }
}

fn config(
    domain: &Domain,
    host: TrackingHost,
    keys: &[DomainKey],
    signing: &DomainKey,
) -> Result<DomainConfig, ConfigError> {
    let signing = &signing.key;
    let config = DomainConfig::new(domain.name.clone(), host, signing.clone())?;
    keys.iter()
        .map(|key| &key.key)
        .filter(|key| key.id() != signing.id())
        .try_fold(config, |config, key| config.with_retired_key(key.clone()))
}
