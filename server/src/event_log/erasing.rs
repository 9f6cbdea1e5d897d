//! Takes a recipient out of events that are stored: of theirs everything that tells whose they are, and of those
//! that are nobody's the id, wherever it stands.

use super::timeline::timeline_seq;
use crate::database::{Database, reading, writing};
use crate::recipients::Erasure;
use crate::traces::Traces;

/// Events that are looked at for each step, and those that one transaction changes: clicks wait some milliseconds
/// for it.
const LOOKED_AT: i64 = 2000;
const CHANGED: usize = 100;

const END: &str =
    "SELECT MAX(seq) FROM (SELECT seq FROM events WHERE seq > $1 ORDER BY seq LIMIT $2) AS news";
const THEIRS_OR_NOBODYS: &str = "SELECT seq, message, recipient, name, destination FROM events \
     WHERE seq > $1 AND seq <= $2 AND domain || '' = $3 AND at <= $4 AND (recipient = $5 OR recipient = '') \
     ORDER BY seq";
const MAKE_ANONYMOUS: &str = "UPDATE events SET level = 'anonymous', recipient = '', message = $1, name = $2, \
     destination = $3, sent_at_s = NULL, ip = NULL, user_agent = NULL, referer = NULL, accept_language = NULL \
     WHERE seq = $4";
const NOT_IN_TIMELINE: &str =
    "DELETE FROM timeline WHERE domain = $1 AND recipient = $2 AND seq = $3";
const REACHED: &str = "UPDATE erasures SET seq = $1, events = events + $2 \
     WHERE domain = $3 AND pseudonym = $4 AND asked_at = $5 AND seq < $1";
const REST_OF_TIMELINE: &str = "DELETE FROM timeline WHERE domain = $1 AND recipient = $2 AND NOT EXISTS \
     (SELECT 1 FROM events WHERE events.seq = timeline.seq AND events.recipient = timeline.recipient)";

#[derive(sqlx::FromRow)]
struct Texts {
    seq: i64,
    message: String,
    recipient: String,
    name: Option<String>,
    destination: Option<String>,
}

impl Texts {
    /// Returns whether it has to be stored anew.
    fn take_out(&mut self, traces: &Traces) -> bool {
        let before = (
            self.message.clone(),
            self.name.clone(),
            self.destination.clone(),
        );
        // Somebody else's link may hold a short id by chance.
        if !self.recipient.is_empty() || traces.are_distinct() {
            traces.remove_from(&mut self.message);
            self.name = self.name.take().and_then(|name| traces.without(name));
            self.destination = self.destination.take().and_then(|url| traces.without(url));
        }
        !self.recipient.is_empty()
            || before
                != (
                    self.message.clone(),
                    self.name.clone(),
                    self.destination.clone(),
                )
    }
}

/// Goes on behind a `seq`. Returns up to which one all events are done now; `None`: there are no more.
pub(crate) async fn erase_events(
    database: &Database,
    erasure: &Erasure,
    recipient: &str,
    after: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let end: Option<i64> = reading!(database, pool => {
        sqlx::query_scalar(END).bind(after).bind(LOOKED_AT).fetch_one(pool)
    })?;
    let Some(end) = end else {
        return Ok(None);
    };
    let mut events: Vec<Texts> = reading!(database, pool => {
        sqlx::query_as(THEIRS_OR_NOBODYS)
            .bind(after)
            .bind(end)
            .bind(&erasure.domain)
            .bind(erasure.asked_at)
            .bind(recipient)
            .fetch_all(pool)
    })?;
    let traces = Traces::of(recipient);
    events.retain_mut(|event| event.take_out(&traces));
    // What is left of these is for the next step.
    let end = match events.get(CHANGED) {
        Some(first_left) => first_left.seq - 1,
        None => end,
    };
    events.truncate(CHANGED);
    store(database, erasure, recipient, (&events, end)).await?;
    Ok(Some(end))
}

async fn store(
    database: &Database,
    erasure: &Erasure,
    recipient: &str,
    (events, end): (&[Texts], i64),
) -> Result<(), sqlx::Error> {
    let theirs = events.iter().filter(|event| !event.recipient.is_empty());
    let theirs = i64::try_from(theirs.count()).unwrap_or(i64::MAX);
    let begin = database.begin_in_turn();
    writing!(database, pool => async {
        // In turn with groups of events: a gathered one may be counted up in the same row.
        let mut transaction = pool.begin_with(begin).await?;
        for event in events {
            sqlx::query(MAKE_ANONYMOUS)
                .bind(&event.message)
                .bind(&event.name)
                .bind(&event.destination)
                .bind(event.seq)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(NOT_IN_TIMELINE)
                .bind(&erasure.domain)
                .bind(recipient)
                .bind(event.seq)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query(REACHED)
            .bind(end)
            .bind(theirs)
            .bind(&erasure.domain)
            .bind(&erasure.pseudonym)
            .bind(erasure.asked_at)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    })
}

/// Deletes what the background put into table `timeline` meanwhile. `false`: it has not come so far yet.
pub(crate) async fn erase_from_timeline(
    database: &Database,
    erasure: &Erasure,
    recipient: &str,
    last: i64,
) -> Result<bool, sqlx::Error> {
    if timeline_seq(database).await? < last {
        return Ok(false);
    }
    writing!(database, pool => async {
        let mut transaction = pool.begin().await?;
        if matches!(database, Database::Postgres(_)) {
            // Another server may be in the middle of putting in what it read before.
            sqlx::query("LOCK TABLE timeline IN SHARE ROW EXCLUSIVE MODE")
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query(REST_OF_TIMELINE)
            .bind(&erasure.domain)
            .bind(recipient)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    })?;
    Ok(true)
}
