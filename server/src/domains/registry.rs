//! All domains and keys in memory: the click path asks no database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use linkseal::{DomainConfig, DomainStatus, KeyId, SigningKey, TrackingHost, Verifier};
use tokio::sync::Mutex;
use tracing::warn;

use super::store::{self, Domain, DomainKey};
use super::{CnameState, Status};
use crate::database::Database;

/// Hands out snapshots. Everybody who changes a domain calls `refresh` afterwards; other instances do so by
/// the clock, and when a token names a key that they do not know.
pub(crate) struct Registry {
    default_host: Option<TrackingHost>,
    insecure_http: bool,
    refreshing: Mutex<()>,
    snapshot: ArcSwap<Snapshot>,
}

pub(crate) struct Snapshot {
    domains: BTreeMap<String, Arc<Known>>,
    tracking_hosts: BTreeSet<String>,
    verifier: Verifier,
}

/// A domain with the library's settings for it. As long as neither changes, snapshots share it.
pub(crate) struct Known {
    pub(crate) domain: Domain,
    /// `None`: there is no host that its links could use, so its mail goes out as it is.
    pub(crate) config: Option<DomainConfig>,
    keys: Vec<DomainKey>,
}

impl Known {
    /// The domain's own tracking host, without a port; of a domain that was never validated, it proves
    /// nothing.
    fn tracking_host(&self) -> Option<String> {
        self.domain
            .tracking_host
            .as_deref()
            .filter(|_| self.domain.status == Status::Validated)
            .and_then(|host| TrackingHost::custom(host).ok())
            .map(|host| host.host().to_owned())
    }

    /// The number of the key that signs, and since when.
    pub(crate) fn signing_key(&self) -> Option<(u32, i64)> {
        let key = self.keys.iter().rfind(|key| !key.retired)?;
        Some((key.id, key.created_at))
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
    fn empty() -> Self {
        Self {
            domains: BTreeMap::new(),
            tracking_hosts: BTreeSet::new(),
            verifier: Verifier::from_lookup(|_| None),
        }
    }

    /// All domains but removed ones, by name.
    pub(crate) fn domains(&self) -> impl Iterator<Item = &Arc<Known>> {
        self.domains
            .values()
            .filter(|known| known.domain.removed_at.is_none())
    }

    /// A domain by its name in lower case and punycode, unless it was removed.
    pub(crate) fn domain(&self, name: &str) -> Option<&Arc<Known>> {
        self.with_removed(name)
            .filter(|known| known.domain.removed_at.is_none())
    }

    /// A domain, removed or not: its old links still redirect.
    pub(crate) fn with_removed(&self, name: &str) -> Option<&Arc<Known>> {
        self.domains.get(name)
    }

    /// Whether a host, without a port, is some domain's own tracking host.
    pub(crate) fn is_tracking_host(&self, host: &str) -> bool {
        self.tracking_hosts.contains(host)
    }

    /// Reads tokens of all domains, whatever their status: genuine old ones still redirect.
    pub(crate) fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl Registry {
    pub(crate) fn new(default_host: Option<TrackingHost>, insecure_http: bool) -> Self {
        Self {
            default_host,
            insecure_http,
            refreshing: Mutex::new(()),
            snapshot: ArcSwap::from_pointee(Snapshot::empty()),
        }
    }

    pub(crate) fn default_host(&self) -> Option<&TrackingHost> {
        self.default_host.as_ref()
    }

    pub(crate) fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Parses a domain's own tracking host as its links will use it.
    pub(crate) fn own_host(&self, host: &str) -> Result<TrackingHost, linkseal::HostError> {
        let host = TrackingHost::custom(host)?;
        Ok(if self.insecure_http {
            host.with_insecure_http()
        } else {
            host
        })
    }

    /// Reads domains and keys anew. When the database is down, what was known stays.
    pub(crate) async fn refresh(&self, database: &Database) -> Result<(), sqlx::Error> {
        let _one_at_a_time = self.refreshing.lock().await;
        let (rows, keys) =
            tokio::try_join!(store::all_domains(database), store::all_keys(database))?;
        let old = self.snapshot.load_full();
        let mut domains = BTreeMap::new();
        for domain in rows {
            let keys: Vec<_> = keys
                .iter()
                .filter(|key| key.domain == domain.name)
                .cloned()
                .collect();
            let known = match old.domains.get(&domain.name) {
                Some(known) if known.domain == domain && known.keys == keys => Arc::clone(known),
                _ => Arc::new(self.know(domain, keys)),
            };
            domains.insert(known.domain.name.clone(), known);
        }
        let tracking_hosts = domains
            .values()
            .filter_map(|known| known.tracking_host())
            .collect();
        let verifier = match verifier(&keys) {
            Ok(verifier) => verifier,
            Err(error) => {
                warn!(%error, "signing keys can't be used, those known before stay");
                return Ok(());
            }
        };
        self.snapshot.store(Arc::new(Snapshot {
            domains,
            tracking_hosts,
            verifier,
        }));
        Ok(())
    }

    fn know(&self, domain: Domain, keys: Vec<DomainKey>) -> Known {
        let config = self.config(&domain, &keys).unwrap_or_else(|error| {
            warn!(domain = domain.name, %error, "settings can't be used, mail goes out untracked");
            None
        });
        Known {
            domain,
            config,
            keys,
        }
    }

    fn config(
        &self,
        domain: &Domain,
        keys: &[DomainKey],
    ) -> Result<Option<DomainConfig>, Box<dyn std::error::Error>> {
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
        let mut config =
            DomainConfig::new(&domain.name, host, signing_key(signing)?)?.with_status(match domain
                .status
            {
                Status::External => DomainStatus::External,
                Status::Pending => DomainStatus::Pending,
                Status::Validated => DomainStatus::Validated,
            });
        if !domain.click_tracking {
            config = config.without_click_tracking();
        }
        if !domain.open_tracking {
            config = config.without_open_tracking();
        }
        for key in keys.iter().filter(|key| key.id != signing.id) {
            config = config.with_retired_key(signing_key(key)?)?;
        }
        Ok(Some(config))
    }
}

fn signing_key(key: &DomainKey) -> Result<SigningKey, linkseal::KeyError> {
    SigningKey::new(KeyId(key.id), &key.secret)
}

fn verifier(keys: &[DomainKey]) -> Result<Verifier, Box<dyn std::error::Error>> {
    let keys = keys
        .iter()
        .map(|key| Ok((key.domain.as_str(), signing_key(key)?)))
        .collect::<Result<Vec<_>, linkseal::KeyError>>()?;
    Ok(Verifier::from_keys(
        keys.iter().map(|(domain, key)| (*domain, key)),
    )?)
}
