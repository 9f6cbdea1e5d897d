//! The tables of domains and signing keys.

use std::fmt;

use zeroize::Zeroizing;

use super::{CnameState, IpStorage, Status};
use crate::database::{Database, reading};

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Domain {
    /// Lower case and punycode.
    pub(crate) name: String,
    pub(crate) status: Status,
    /// The value of the TXT record that proves who owns the domain.
    pub(crate) verification: String,
    pub(crate) click_tracking: bool,
    pub(crate) open_tracking: bool,
    /// The domain's own tracking host, such as `link.example.com`.
    pub(crate) tracking_host: Option<String>,
    pub(crate) cname_state: CnameState,
    /// Where the record pointed at the last check.
    pub(crate) cname_seen: Option<String>,
    pub(crate) cname_checked_at: Option<i64>,
    pub(crate) ip_storage: IpStorage,
    /// Whether mail that is rewritten by itself is kept for the click map.
    pub(crate) keep_mail: bool,
    pub(crate) created_at: i64,
    pub(crate) validated_at: Option<i64>,
    pub(crate) removed_at: Option<i64>,
}

/// A signing key as it is stored. The newest that is not retired signs.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct DomainKey {
    pub(crate) id: u32,
    pub(crate) domain: String,
    pub(crate) secret: Zeroizing<Vec<u8>>,
    pub(crate) retired: bool,
    pub(crate) created_at: i64,
}

impl fmt::Debug for DomainKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DomainKey")
            .field("id", &self.id)
            .field("domain", &self.domain)
            .field("retired", &self.retired)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct DomainRow {
    name: String,
    status: String,
    verification: String,
    click_tracking: bool,
    open_tracking: bool,
    tracking_host: Option<String>,
    cname_state: String,
    cname_seen: Option<String>,
    cname_checked_at: Option<i64>,
    ip_storage: String,
    keep_mail: bool,
    created_at: i64,
    validated_at: Option<i64>,
    removed_at: Option<i64>,
}

impl From<DomainRow> for Domain {
    fn from(row: DomainRow) -> Self {
        Self {
            name: row.name,
            // A word that this version does not know must not start tracking, nor store more than asked.
            status: Status::parse(&row.status).unwrap_or(Status::External),
            verification: row.verification,
            click_tracking: row.click_tracking,
            open_tracking: row.open_tracking,
            tracking_host: row.tracking_host,
            cname_state: CnameState::parse(&row.cname_state).unwrap_or(CnameState::Unchecked),
            cname_seen: row.cname_seen,
            cname_checked_at: row.cname_checked_at,
            ip_storage: IpStorage::parse(&row.ip_storage).unwrap_or(IpStorage::None),
            keep_mail: row.keep_mail,
            created_at: row.created_at,
            validated_at: row.validated_at,
            removed_at: row.removed_at,
        }
    }
}

pub(super) async fn all_domains(database: &Database) -> Result<Vec<Domain>, sqlx::Error> {
    let rows: Vec<DomainRow> = reading!(database, pool => {
        sqlx::query_as("SELECT * FROM domains ORDER BY name").fetch_all(pool)
    })?;
    Ok(rows.into_iter().map(Domain::from).collect())
}

type KeyRow = (i64, String, Vec<u8>, Option<i64>, i64);

pub(super) async fn all_keys(database: &Database) -> Result<Vec<DomainKey>, sqlx::Error> {
    let rows: Vec<KeyRow> = reading!(database, pool => {
        sqlx::query_as("SELECT id, domain, secret, retired_at, created_at FROM signing_keys ORDER BY id").fetch_all(pool)
    })?;
    let key = |(id, domain, secret, retired_at, created_at): KeyRow| {
        Some(DomainKey {
            id: u32::try_from(id).ok()?,
            domain,
            secret: Zeroizing::new(secret),
            retired: retired_at.is_some(),
            created_at,
        })
    };
    Ok(rows.into_iter().filter_map(key).collect())
}
