//! Brings the secrets of signing keys under the current key: plain ones, and those of another key.
//!
//! Row by row, each by a statement that changes it only if nobody else has: so it may be stopped anywhere and
//! started again, by several servers at the same time.

use std::error::Error;

use tracing::{error, info, warn};
use zeroize::Zeroizing;

use crate::database::{Database, executing, reading};
use crate::keyring::{Keyring, KeyringError, Stored};

const BATCH: i64 = 500;

/// Which rows are encrypted anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Which {
    /// At the start: all that are not under the current key. Servers that go on with the key before it have both.
    Others,
    /// While running: those of a server that has no key yet.
    Plain,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    domain: String,
    secret: Vec<u8>,
    encrypted_by: Option<String>,
}

/// Adds a signing key within a transaction. What it is stored as depends on its id, so it first has none.
macro_rules! insert_key {
    ($transaction:expr, $keyring:expr, $domain:expr, $secret:expr, $now:expr) => {{
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO signing_keys (domain, secret, created_at) VALUES ($1, $2, $3) RETURNING id",
        )
        .bind($domain)
        .bind(Vec::<u8>::new())
        .bind($now)
        .fetch_one(&mut *$transaction)
        .await?;
        let stored = $keyring.seal($domain, id, $secret);
        sqlx::query("UPDATE signing_keys SET secret = $2, encrypted_by = $3 WHERE id = $1")
            .bind(id)
            .bind(stored.secret.as_slice())
            .bind(stored.encrypted_by.as_deref())
            .execute(&mut *$transaction)
            .await?;
    }};
}

pub(super) use insert_key;

/// Refuses a database with a signing key that can't be decrypted, before any is read.
pub(crate) async fn check(database: &Database, keyring: &Keyring) -> Result<(), Box<dyn Error>> {
    let keys: Vec<Option<String>> = reading!(database, pool => {
        sqlx::query_scalar("SELECT DISTINCT encrypted_by FROM signing_keys").fetch_all(pool)
    })?;
    for fingerprint in keys.iter().flatten() {
        keyring.key(fingerprint)?;
    }
    if keyring.current().is_none() {
        warn!(
            "signing keys are stored as they are: whoever reads the database or a backup of it can sign; \
             expected KEY_ENCRYPTION_KEY or KEY_ENCRYPTION_KEY_FILE"
        );
    }
    Ok(())
}

/// Does nothing without a key.
pub(crate) async fn encrypt(
    database: &Database,
    keyring: &Keyring,
    which: Which,
) -> Result<(), sqlx::Error> {
    let Some(current) = keyring.current() else {
        return Ok(());
    };
    let mut done = 0_u64;
    let mut last = 0;
    loop {
        let batch = read(database, current.fingerprint(), which, last).await?;
        let Some(end) = batch.last() else {
            break;
        };
        last = end.id;
        if done == 0 {
            overwrite_deleted(database, true).await?;
        }
        for row in batch {
            match anew(database, keyring, row).await? {
                Ok(changed) => done += changed,
                Err(error) => error!(%error, "a signing key can't be encrypted anew"),
            }
        }
    }
    if last > 0 {
        overwrite_deleted(database, false).await?;
        info!(
            keys = done,
            by = current.fingerprint(),
            "signing keys were encrypted"
        );
    }
    Ok(())
}

async fn read(
    database: &Database,
    current: &str,
    which: Which,
    after: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    reading!(database, pool => {
        sqlx::query_as(
            "SELECT id, domain, secret, encrypted_by FROM signing_keys WHERE id > $1 \
             AND (encrypted_by IS NULL OR ($2 AND encrypted_by <> $3)) ORDER BY id LIMIT $4",
        )
        .bind(after)
        .bind(which == Which::Others)
        .bind(current)
        .bind(BATCH)
        .fetch_all(pool)
    })
}

async fn anew(
    database: &Database,
    keyring: &Keyring,
    row: Row,
) -> Result<Result<u64, KeyringError>, sqlx::Error> {
    let before = Stored {
        secret: Zeroizing::new(row.secret),
        encrypted_by: row.encrypted_by,
    };
    let secret = match keyring.open(&row.domain, row.id, &before) {
        Ok(secret) => secret,
        Err(error) => return Ok(Err(error)),
    };
    let after = keyring.seal(&row.domain, row.id, &secret);
    let changed = executing!(
        database,
        sqlx::query(
            "UPDATE signing_keys SET secret = $3, encrypted_by = $4 WHERE id = $1 AND secret = $2"
        )
        .bind(row.id)
        .bind(before.secret.as_slice())
        .bind(after.secret.as_slice())
        .bind(after.encrypted_by.as_deref())
    )?;
    Ok(Ok(changed))
}

/// SQLite leaves what it deletes in its file until the place is used again: plain secrets must not stay there,
/// nor in the log beside it.
async fn overwrite_deleted(database: &Database, on: bool) -> Result<(), sqlx::Error> {
    if let Database::Sqlite { write, .. } = database {
        let statement = if on {
            "PRAGMA secure_delete = ON"
        } else {
            "PRAGMA secure_delete = OFF; PRAGMA wal_checkpoint(TRUNCATE)"
        };
        sqlx::raw_sql(statement).execute(write).await?;
    }
    Ok(())
}
