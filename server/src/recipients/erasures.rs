//! The table of erasures: of whom is everything to be taken out, how far that has come, and since when it is done.

use super::pseudonym::RecipientKey;
use super::stored::{find_pseudonym, make_pseudonym};
use crate::database::{Database, executing, reading, writing};

/// A process that carries an erasure out says so again before this is over, or another one takes over.
const LEASE_MS: i64 = 5000;

/// What was asked of a recipient last.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Erasure {
    /// The id of the ownership.
    pub(crate) domain: String,
    pub(crate) pseudonym: String,
    /// `None`: it is taken out everywhere.
    pub(crate) recipient: Option<String>,
    /// Unix milliseconds. It holds for what happened up to then.
    pub(crate) asked_at: i64,
    /// All events up to this one were looked at.
    pub(crate) seq: i64,
    /// How many were made anonymous in all.
    pub(crate) events: i64,
    pub(crate) done_at: Option<i64>,
}

macro_rules! erasures {
    ($condition:literal) => {
        concat!(
            "SELECT domain, pseudonym, recipient, asked_at, seq, events, done_at FROM erasures WHERE ",
            $condition
        )
    };
}

const ERASED: &str = "INSERT INTO recipients (domain, pseudonym, erased_at) VALUES ($1, $2, $3) \
     ON CONFLICT (domain, pseudonym) DO UPDATE SET erased_at = excluded.erased_at \
     WHERE recipients.erased_at IS NULL OR recipients.erased_at < excluded.erased_at";
/// Asked again, it begins again.
const ASK: &str = "INSERT INTO erasures (domain, pseudonym, recipient, asked_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (domain, pseudonym) DO UPDATE SET recipient = excluded.recipient, \
     asked_at = excluded.asked_at, seq = 0, done_at = NULL";

const RUNNING: &str = "SELECT domain, pseudonym, recipient, asked_at, seq, events, done_at FROM (SELECT erasures.*, \
     ROW_NUMBER() OVER (PARTITION BY domain ORDER BY asked_at) AS turn FROM erasures WHERE done_at IS NULL) AS running \
     ORDER BY turn, asked_at LIMIT 32";

/// From now on, what is stored of the recipient's past is anonymous. What is stored already is for the background.
pub(crate) async fn ask(
    database: &Database,
    domain: &str,
    recipient: &str,
    now: i64,
) -> Result<(), sqlx::Error> {
    let new_key = RecipientKey::random();
    let begin = database.begin_in_turn();
    writing!(database, pool => async {
        // Groups of events before this one are in the log, and those behind it find the time of the erasure.
        let mut transaction = pool.begin_with(begin).await?;
        let pseudonym = make_pseudonym!(transaction, domain, recipient, new_key);
        sqlx::query(ERASED)
            .bind(domain)
            .bind(&pseudonym)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(ASK)
            .bind(domain)
            .bind(&pseudonym)
            .bind(recipient)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    })
}

/// `None`: nobody ever asked for it.
pub(crate) async fn erasure_of(
    database: &Database,
    domain: &str,
    recipient: &str,
) -> Result<Option<Erasure>, sqlx::Error> {
    let Some(pseudonym) = find_pseudonym(database, domain, recipient).await? else {
        return Ok(None);
    };
    reading!(database, pool => {
        sqlx::query_as(erasures!("domain = $1 AND pseudonym = $2"))
            .bind(domain)
            .bind(&pseudonym)
            .fetch_optional(pool)
    })
}

/// Some of those that are not done, of each domain in turn: thousands of one must not keep others waiting.
pub(crate) async fn running(database: &Database) -> Result<Vec<Erasure>, sqlx::Error> {
    reading!(database, pool => {
        sqlx::query_as(RUNNING).fetch_all(pool)
    })
}

impl Erasure {
    /// Whether this process is the one that carries it out, for some seconds from now.
    pub(crate) async fn claim(
        &self,
        database: &Database,
        process: &str,
        now: i64,
    ) -> Result<bool, sqlx::Error> {
        let claimed = executing!(
            database,
            sqlx::query(
                "UPDATE erasures SET carried_by = $1, carried_until = $2 WHERE domain = $3 AND pseudonym = $4 \
                 AND asked_at = $5 AND done_at IS NULL AND (carried_by = $1 OR carried_until < $6)",
            )
            .bind(process)
            .bind(now + LEASE_MS)
            .bind(&self.domain)
            .bind(&self.pseudonym)
            .bind(self.asked_at)
            .bind(now)
        )?;
        Ok(claimed > 0)
    }

    /// Forgets the id, which is needed no more.
    pub(crate) async fn forget_recipient(&self, database: &Database) -> Result<(), sqlx::Error> {
        executing!(
            database,
            sqlx::query(
                "UPDATE erasures SET recipient = NULL WHERE domain = $1 AND pseudonym = $2 AND asked_at = $3",
            )
            .bind(&self.domain)
            .bind(&self.pseudonym)
            .bind(self.asked_at)
        )?;
        Ok(())
    }

    pub(crate) async fn finish(&self, database: &Database, now: i64) -> Result<(), sqlx::Error> {
        executing!(
            database,
            sqlx::query(
                "UPDATE erasures SET done_at = $4 WHERE domain = $1 AND pseudonym = $2 AND asked_at = $3 \
                 AND recipient IS NULL",
            )
            .bind(&self.domain)
            .bind(&self.pseudonym)
            .bind(self.asked_at)
            .bind(now)
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ask, running};
    use crate::database::Database;

    #[tokio::test]
    async fn thousands_of_one_domain_keep_no_other_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("turns.sqlite").display());
        let database = Database::open(&url).await.unwrap();
        for number in 0..40 {
            let recipient = format!("r{number}");
            ask(&database, "a.example", &recipient, number)
                .await
                .unwrap();
        }
        ask(&database, "b.example", "r", 1000).await.unwrap();
        let erasures = running(&database).await.unwrap();
        let domains: Vec<_> = erasures.iter().map(|erasure| &*erasure.domain).collect();
        assert_eq!(domains[..3], ["a.example", "b.example", "a.example"]);
        assert_eq!(erasures.len(), 32);
    }
}
