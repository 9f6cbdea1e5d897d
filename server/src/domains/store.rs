//! The tables of domains and signing keys.

use std::collections::HashMap;

use linkseal::error::HostError;
use linkseal::{KeyId, SendingDomain, SigningKey};
use serde::{Deserialize, Serialize};
use tracing::warn;
use zeroize::{Zeroize as _, Zeroizing};

use super::links::{LinkRow, LinkSettings};
use super::proof::Proof;
use super::{CnameState, IpStorage, Status};
use crate::database::{Database, reading};
use crate::keyring::{Keyring, KeyringError, Stored};
use crate::level::Level;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Domain {
    /// Of this ownership: what the columns named `domain` hold.
    pub(crate) id: String,
    pub(crate) name: SendingDomain,
    pub(crate) status: Status,
    /// The value of the TXT record that proves who owns the domain.
    pub(crate) verification: String,
    pub(crate) click_tracking: Level,
    pub(crate) open_tracking: Level,
    /// The domain's own tracking host, such as `link.example.com`.
    pub(crate) tracking_host: Option<String>,
    pub(crate) cname_state: CnameState,
    /// Where the record pointed at the last check.
    pub(crate) cname_seen: Option<String>,
    pub(crate) cname_checked_at: Option<i64>,
    pub(crate) ip_storage: IpStorage,
    /// Whether mail that is rewritten by itself is kept for the click map.
    pub(crate) keep_mail: bool,
    pub(crate) links: LinkSettings,
    pub(crate) created_at: i64,
    pub(crate) validated_at: Option<i64>,
    pub(crate) proof: Proof,
    pub(crate) removed_at: Option<i64>,
    /// Since when its data are to be deleted, and since when they are.
    pub(crate) deletion_asked_at: Option<i64>,
    pub(crate) deleted_at: Option<i64>,
}

impl Domain {
    /// Whether what is clicked is stored no more: what was stored is deleted.
    pub(crate) fn forgets(&self) -> bool {
        self.deletion_asked_at.is_some()
    }
}

/// A signing key. The newest that is not retired signs.
#[derive(Clone, Debug)]
pub(crate) struct DomainKey {
    pub(crate) key: SigningKey,
    pub(crate) retired: bool,
    pub(crate) created_at: i64,
}

/// A secret never changes.
impl PartialEq for DomainKey {
    fn eq(&self, other: &Self) -> bool {
        let parts = |key: &Self| (key.key.id(), key.retired, key.created_at);
        parts(self) == parts(other)
    }
}

#[derive(Clone, Deserialize, PartialEq, Serialize, sqlx::FromRow)]
struct DomainRow {
    id: String,
    name: String,
    status: String,
    verification: String,
    click_tracking: bool,
    open_tracking: bool,
    click_level: String,
    open_level: String,
    tracking_host: Option<String>,
    cname_state: String,
    cname_seen: Option<String>,
    cname_checked_at: Option<i64>,
    ip_storage: String,
    keep_mail: bool,
    #[sqlx(flatten)]
    links: LinkRow,
    created_at: i64,
    validated_at: Option<i64>,
    #[sqlx(flatten)]
    proof: Proof,
    removed_at: Option<i64>,
    deletion_asked_at: Option<i64>,
    deleted_at: Option<i64>,
}

impl TryFrom<DomainRow> for Domain {
    type Error = HostError;

    fn try_from(row: DomainRow) -> Result<Self, HostError> {
        Ok(Self {
            links: row.links.settings(&row.id),
            id: row.id,
            name: row.name.parse()?,
            // A word that this version does not know must not start tracking, nor store more than asked.
            status: match Status::parse(&row.status).unwrap_or(Status::External) {
                Status::Validated if row.proof.lapsed_at.is_some() => Status::Lapsed,
                other => other,
            },
            verification: row.verification,
            click_tracking: stored_level(row.click_tracking, &row.click_level),
            open_tracking: stored_level(row.open_tracking, &row.open_level),
            tracking_host: row.tracking_host,
            cname_state: CnameState::parse(&row.cname_state).unwrap_or(CnameState::Unchecked),
            cname_seen: row.cname_seen,
            cname_checked_at: row.cname_checked_at,
            ip_storage: IpStorage::parse(&row.ip_storage).unwrap_or(IpStorage::None),
            keep_mail: row.keep_mail,
            created_at: row.created_at,
            validated_at: row.validated_at,
            proof: row.proof,
            removed_at: row.removed_at,
            deletion_asked_at: row.deletion_asked_at,
            deleted_at: row.deleted_at,
        })
    }
}

/// The level that the columns of the table say: a switch that older versions know, and the word.
pub(crate) fn stored_level(is_on: bool, word: &str) -> Level {
    let level = Level::parse(word).filter(|_| is_on);
    level.unwrap_or(Level::Off)
}

/// What the tables have, as it is stored.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
pub(super) struct Rows {
    domains: Vec<DomainRow>,
    /// Ordered by id.
    keys: Vec<KeyRow>,
}

pub(super) async fn all(database: &Database) -> Result<Rows, sqlx::Error> {
    let (domains, keys) = reading!(database, pool => async {
        tokio::try_join!(
            sqlx::query_as("SELECT * FROM domains ORDER BY id").fetch_all(pool),
            sqlx::query_as(
                "SELECT id, domain, secret, created_at, retired_at, encrypted_by FROM signing_keys ORDER BY id",
            )
            .fetch_all(pool),
        )
    })?;
    Ok(Rows { domains, keys })
}

/// The same of those domains only that have one of these keys. Asks for nothing more where there is none.
pub(super) async fn with_keys(database: &Database, ids: &[KeyId]) -> Result<Rows, sqlx::Error> {
    let owners = match database {
        Database::Sqlite { read, .. } => {
            let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
            let ids = serde_json::Value::from(ids).to_string();
            let sql = "SELECT DISTINCT domain FROM signing_keys \
                       WHERE id IN (SELECT value FROM json_each($1))";
            sqlx::query_scalar(sql).bind(ids).fetch_all(read).await?
        }
        Database::Postgres(pool) => {
            let ids: Vec<_> = ids.iter().map(|id| i64::from(id.0)).collect();
            let sql = "SELECT DISTINCT domain FROM signing_keys WHERE id = ANY($1)";
            sqlx::query_scalar(sql).bind(ids).fetch_all(pool).await?
        }
    };
    let (mut domains, mut keys) = (Vec::new(), Vec::new());
    let owners: Vec<String> = owners;
    for owner in &owners {
        let (rows, more) = reading!(database, pool => async {
            tokio::try_join!(
                sqlx::query_as("SELECT * FROM domains WHERE id = $1").bind(owner).fetch_all(pool),
                sqlx::query_as(
                    "SELECT id, domain, secret, created_at, retired_at, encrypted_by FROM signing_keys \
                     WHERE domain = $1 ORDER BY id",
                )
                .bind(owner)
                .fetch_all(pool),
            )
        })?;
        domains.extend::<Vec<DomainRow>>(rows);
        keys.extend::<Vec<KeyRow>>(more);
    }
    Ok(Rows { domains, keys })
}

/// The secret as it is stored.
#[derive(Clone, Deserialize, PartialEq, Serialize, sqlx::FromRow)]
struct KeyRow {
    id: i64,
    domain: String,
    secret: Vec<u8>,
    created_at: i64,
    retired_at: Option<i64>,
    encrypted_by: Option<String>,
}

impl Drop for KeyRow {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Rows {
    /// Domains with their keys. Fails when another server has changed to a key that is not at hand: what was known
    /// then stays.
    pub(super) fn open(
        self,
        keyring: &Keyring,
    ) -> Result<Vec<(Domain, Vec<DomainKey>)>, sqlx::Error> {
        let mut keys_of: HashMap<String, Vec<DomainKey>> = HashMap::new();
        for mut row in self.keys {
            match row.open(keyring) {
                Ok(key) => keys_of
                    .entry(std::mem::take(&mut row.domain))
                    .or_default()
                    .extend(key),
                Err(error @ KeyringError::UnknownKey { .. }) => {
                    return Err(sqlx::Error::Decode(error.into()));
                }
                Err(error) => warn!(%error, "a key can't be used"),
            }
        }
        let with_keys = |row: DomainRow| {
            let keys = keys_of.remove(&row.id).unwrap_or_default();
            match Domain::try_from(row) {
                Ok(domain) => Some((domain, keys)),
                Err(error) => {
                    warn!(%error, "a domain can't be used");
                    None
                }
            }
        };
        Ok(self.domains.into_iter().filter_map(with_keys).collect())
    }
}

impl KeyRow {
    /// Returns `None` for a key that no token can have.
    fn open(&mut self, keyring: &Keyring) -> Result<Option<DomainKey>, KeyringError> {
        // Tokens have no room for a greater id.
        let Ok(id) = u32::try_from(self.id) else {
            return Ok(None);
        };
        let stored = Stored {
            secret: Zeroizing::new(std::mem::take(&mut self.secret)),
            encrypted_by: self.encrypted_by.take(),
        };
        let secret = keyring.open(&self.domain, self.id, &stored)?;
        match SigningKey::new(KeyId(id), &secret) {
            Ok(key) => Ok(Some(DomainKey {
                key,
                retired: self.retired_at.is_some(),
                created_at: self.created_at,
            })),
            Err(error) => {
                warn!(domain = self.domain, key = id, %error, "a key can't be used");
                Ok(None)
            }
        }
    }
}
