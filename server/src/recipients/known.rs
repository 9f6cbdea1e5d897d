//! What was agreed with the recipients of mail that is about to go out.
//!
//! Mail goes out while the database is down, and then it is not known: such mail is tracked as if nothing had
//! been agreed to.

use std::collections::HashMap;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::timeout;
use tracing::warn;

use super::agreement::{Agreement, Row, columns};
use super::pseudonym::RecipientKey;
use crate::database::{Database, reading};

/// Mail waits no longer for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The keys of domains with whose recipients anything was agreed. Mail of the others needs no look-up.
#[derive(Default)]
pub(crate) struct KnownRecipients(ArcSwap<HashMap<String, RecipientKey>>);

impl KnownRecipients {
    pub(crate) async fn refresh(&self, database: &Database) -> Result<(), sqlx::Error> {
        let rows: Vec<(String, Vec<u8>)> = reading!(database, pool => {
            sqlx::query_as("SELECT domain, secret FROM recipient_keys").fetch_all(pool)
        })?;
        let keys: HashMap<_, _> = rows
            .into_iter()
            .map(|(domain, secret)| (domain, RecipientKey::new(secret)))
            .collect();
        if **self.0.load() != keys {
            self.0.store(keys.into());
        }
        Ok(())
    }

    /// What was agreed with those of some recipients with whom anything was.
    pub(crate) async fn agreements<'a>(
        &self,
        database: &Database,
        domain: &str,
        recipients: impl Iterator<Item = &'a str>,
    ) -> HashMap<String, Agreement> {
        let Some(key) = self.0.load().get(domain).cloned() else {
            return HashMap::new();
        };
        let recipients: HashMap<_, _> = recipients
            .map(|recipient| (key.pseudonym(recipient), recipient))
            .collect();
        let pseudonyms: Vec<_> = recipients.keys().map(String::as_str).collect();
        let found = timeout(PATIENCE, stored(database, domain, &pseudonyms)).await;
        let failure = match found {
            Ok(Ok(rows)) => {
                let agreement = |row: Row| {
                    let recipient = recipients.get(&row.pseudonym)?;
                    Some(((*recipient).to_owned(), row.into()))
                };
                return rows.into_iter().filter_map(agreement).collect();
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        warn!(%failure, "what was agreed with recipients is not known, their mail goes out untracked");
        let unknown = |recipient: &str| (recipient.to_owned(), Agreement::off());
        recipients.into_values().map(unknown).collect()
    }
}

async fn stored(
    database: &Database,
    domain: &str,
    pseudonyms: &[&str],
) -> Result<Vec<Row>, sqlx::Error> {
    match database {
        Database::Sqlite { read, .. } => {
            let pseudonyms = serde_json::Value::from(pseudonyms).to_string();
            let sql = concat!(
                "SELECT ",
                columns!(),
                " FROM recipients WHERE domain = $1 \
                 AND pseudonym IN (SELECT value FROM json_each($2))"
            );
            let query = sqlx::query_as(sql).bind(domain).bind(pseudonyms);
            query.fetch_all(read).await
        }
        Database::Postgres(pool) => {
            let sql = concat!(
                "SELECT ",
                columns!(),
                " FROM recipients WHERE domain = $1 AND pseudonym = ANY($2)"
            );
            let query = sqlx::query_as(sql).bind(domain).bind(pseudonyms);
            query.fetch_all(pool).await
        }
    }
}
