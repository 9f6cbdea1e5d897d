//! Deletes what belongs to former ownerships, once the admin has asked for it.
//!
//! In small steps, each a transaction of its own, so that clicks wait for none of them. Whatever ends the process, the
//! next one goes on: that it was asked for is in the database. Done it is when nothing was left to delete. Events may
//! still come out of a spool days later, so it is looked at again every hour.

use std::time::Duration;

use tokio::time::sleep;
use tracing::{info, warn};

use super::changes;
use crate::app::App;
use crate::database::{Database, executing};

const EVERY: Duration = Duration::from_secs(5);
/// So often is looked for what came late, in terms of the above.
const LATE: u64 = 720;
/// Rows of one transaction, and a pause after it.
const BATCH: i64 = 500;
const PAUSE: Duration = Duration::from_millis(50);

/// Deletes some rows of an ownership from a table: those with the first keys of its index.
macro_rules! some_of {
    ($table:literal, $key:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE (",
            $key,
            ") IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE domain = $1 ORDER BY ",
            $key,
            " LIMIT $2)"
        )
    };
}

/// Everything that belongs to an ownership, but its keys. First the ways to events, so that none leads nowhere.
const ALL: [&str; 11] = [
    some_of!("timeline", "domain, recipient, seq"),
    "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE domain = $1 ORDER BY at LIMIT $2)",
    "DELETE FROM rewritten WHERE id IN (SELECT id FROM rewritten WHERE domain = $1 LIMIT $2)",
    some_of!("messages", "domain, message"),
    "DELETE FROM conversions WHERE seq IN (SELECT seq FROM conversions WHERE domain = $1 LIMIT $2)",
    some_of!("recipients", "domain, pseudonym"),
    some_of!("erasures", "domain, pseudonym"),
    some_of!("recipient_keys", "domain"),
    "DELETE FROM campaigns WHERE id IN (SELECT id FROM campaigns WHERE domain = $1 LIMIT $2)",
    "DELETE FROM access_tokens WHERE id IN (SELECT id FROM access_tokens WHERE domain = $1 LIMIT $2)",
    some_of!("settled", "domain"),
];

/// Never ends.
pub(crate) async fn delete_as_asked(app: App) {
    for pass in 0_u64.. {
        let with_late = pass.is_multiple_of(LATE);
        let ids: Vec<_> = app
            .registry
            .snapshot()
            .former()
            .map(|known| &known.domain)
            .filter(|domain| domain.deletion_asked_at.is_some())
            .filter(|domain| with_late || domain.deleted_at.is_none())
            .map(|domain| domain.id.clone())
            .collect();
        for id in ids {
            if let Err(error) = delete(&app, &id).await {
                warn!(domain = id, %error, "a former domain's data can't be deleted, soon again");
            }
        }
        sleep(EVERY).await;
    }
}

async fn delete(app: &App, id: &str) -> Result<(), sqlx::Error> {
    let mut rows = 0;
    for statement in ALL {
        rows += delete_all(&app.database, statement, id).await?;
    }
    if rows > 0 {
        // Some may have come behind: what other servers were busy with, and the index by recipient.
        info!(domain = id, rows, "a former domain's data were deleted");
        return Ok(());
    }
    changes::deleted(&app.database, id, app.clock.now()).await?;
    app.registry.refresh(&app.database).await
}

async fn delete_all(
    database: &Database,
    statement: &'static str,
    id: &str,
) -> Result<u64, sqlx::Error> {
    let mut total = 0;
    loop {
        let deleted = executing!(database, sqlx::query(statement).bind(id).bind(BATCH))?;
        if deleted == 0 {
            return Ok(total);
        }
        total += deleted;
        sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::database::{Database, reading};

    #[tokio::test]
    async fn every_table_of_domains_is_deleted_from() {
        const KEPT: [&str; 1] = ["signing_keys"];
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("tables.sqlite").display());
        let database = Database::open(&url).await.unwrap();
        let tables: Vec<String> = reading!(&database, pool => {
            sqlx::query_scalar(
                "SELECT tables.name FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns \
                 WHERE tables.type = 'table' AND columns.name = 'domain' ORDER BY tables.name",
            )
            .fetch_all(pool)
        })
        .unwrap();
        assert!(tables.len() > 5, "{tables:?}");
        for table in tables {
            let statement = format!("DELETE FROM {table} ");
            let is_deleted_from = ALL.iter().any(|each| each.starts_with(&statement));
            assert_ne!(
                is_deleted_from,
                KEPT.contains(&&*table),
                "{table}: add it to what is deleted of a former ownership, or to what is kept"
            );
        }
    }
}
