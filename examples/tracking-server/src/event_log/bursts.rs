//! Finds bursts: clicks on many different links of one message by one recipient within a second. People
//! don't do that, scanners that follow all links do.
//!
//! A pass looks at what came since, and together with it at what was there before and lies near. Everything
//! is seen by two passes, so that a burst which the first of them saw the beginning of is whole for the
//! second; only then it counts as settled.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::database::{Database, executing, reading};

/// Longer than [`WINDOW_MILLISECONDS`], with room for a commit that takes its time.
const EVERY: Duration = Duration::from_secs(2);
const WINDOW_MILLISECONDS: i64 = 1000;
/// Different links. Two within a second may be a double click that slipped.
const LINKS: usize = 3;
/// One pass looks no further: after a long outage millions may come out of the spool.
const MOST_EVENTS: i64 = 200_000;
const JOB: &str = "bursts";

/// Returns up to which `seq` events are classified for good.
///
/// All events up to it are there: none will come below it any more, since `seq` is the order of commits.
/// Their `machine` and `reasons` stay as they are, but for one case: a click that waited long, in a spool
/// or for a database that hung, gets its `seq` late, and may make a burst with clicks that were settled.
/// An event is settled a few seconds after it was stored.
pub(crate) async fn settled_seq(database: &Database) -> Result<i64, sqlx::Error> {
    let seq: Option<i64> = reading!(database, pool => {
        sqlx::query_scalar("SELECT seq FROM progress WHERE job = $1").bind(JOB).fetch_optional(pool)
    })?;
    Ok(seq.unwrap_or_default())
}

pub(super) async fn run(database: Database) {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    loop {
        every.tick().await;
        match pass(&database, seen).await {
            Ok(last) => seen = Some(last),
            Err(error) => warn!(%error, "can't look for bursts"),
        }
    }
}

/// Returns the last event it looked at, which settles with the next pass.
pub(super) async fn pass(database: &Database, seen: Option<i64>) -> Result<i64, sqlx::Error> {
    let settled = settled_seq(database).await?;
    let last: Option<i64> = reading!(database, pool => {
        sqlx::query_scalar("SELECT MAX(seq) FROM events").fetch_one(pool)
    })?;
    let last = last.unwrap_or_default().min(settled + MOST_EVENTS);
    if last > settled {
        for suspect in suspects(database, settled, last).await? {
            for burst in bursts(&suspect.clicks(database).await?) {
                suspect.mark(database, burst).await?;
            }
        }
    }
    // Another server may have come further. Rows that were deleted by age leave `last` behind.
    if let Some(seen) = seen.filter(|seen| *seen > settled) {
        settle(database, seen).await?;
    }
    Ok(last)
}

async fn settle(database: &Database, seq: i64) -> Result<(), sqlx::Error> {
    executing!(
        database,
        sqlx::query(
            "INSERT INTO progress (job, seq) VALUES ($1, $2) ON CONFLICT (job) DO UPDATE \
             SET seq = excluded.seq WHERE excluded.seq > progress.seq"
        )
        .bind(JOB)
        .bind(seq)
    )?;
    Ok(())
}

/// A recipient who clicked enough different links of a message near one another to be looked at closely.
#[derive(sqlx::FromRow)]
struct Suspect {
    domain: String,
    message: String,
    recipient: String,
    first_at: i64,
    last_at: i64,
}

/// One place in a message that was clicked.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
struct Click {
    position: i64,
    at: i64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Burst {
    first_at: i64,
    last_at: i64,
}

async fn suspects(database: &Database, after: i64, last: i64) -> Result<Vec<Suspect>, sqlx::Error> {
    // Mail without a recipient's id is clicked by everybody.
    reading!(database, pool => {
        sqlx::query_as(
            "SELECT domain, message, recipient, first_at, last_at FROM ( \
             SELECT domain, message, recipient, MIN(at) AS first_at, MAX(at) AS last_at FROM events \
             WHERE seq > $1 AND seq <= $2 AND kind = 'click' AND recipient <> '' \
             GROUP BY domain, message, recipient) AS news \
             WHERE (SELECT COUNT(DISTINCT position) FROM events \
             WHERE events.domain = news.domain AND events.recipient = news.recipient \
             AND events.at BETWEEN news.first_at - $3 AND news.last_at + $3 \
             AND events.message = news.message AND events.kind = 'click') >= $4",
        )
        .bind(after)
        .bind(last)
        .bind(WINDOW_MILLISECONDS)
        .bind(i64::try_from(LINKS).unwrap_or(i64::MAX))
        .fetch_all(pool)
    })
}

impl Suspect {
    async fn clicks(&self, database: &Database) -> Result<Vec<Click>, sqlx::Error> {
        reading!(database, pool => {
            sqlx::query_as(
                "SELECT DISTINCT position, at FROM events WHERE domain = $1 AND recipient = $2 \
                 AND at BETWEEN $3 AND $4 AND message = $5 AND kind = 'click' \
                 AND position IS NOT NULL ORDER BY at",
            )
            .bind(&self.domain)
            .bind(&self.recipient)
            .bind(self.first_at - WINDOW_MILLISECONDS)
            .bind(self.last_at + WINDOW_MILLISECONDS)
            .bind(&self.message)
            .fetch_all(pool)
        })
    }

    /// Touches no row twice, so that servers may do it at the same time.
    async fn mark(&self, database: &Database, burst: Burst) -> Result<(), sqlx::Error> {
        executing!(
            database,
            sqlx::query(
                "UPDATE events SET \
                 machine = CASE machine WHEN 'none' THEN 'suspected' ELSE machine END, \
                 reasons = CASE reasons WHEN '' THEN 'burst' ELSE reasons || ',burst' END \
                 WHERE domain = $1 AND recipient = $2 AND at BETWEEN $3 AND $4 AND message = $5 \
                 AND kind = 'click' AND ',' || reasons || ',' NOT LIKE '%,burst,%'"
            )
            .bind(&self.domain)
            .bind(&self.recipient)
            .bind(burst.first_at)
            .bind(burst.last_at)
            .bind(&self.message)
        )?;
        Ok(())
    }
}

/// The spans in which every click belongs to a burst. `clicks` are in the order of time.
fn bursts(clicks: &[Click]) -> Vec<Burst> {
    let mut found: Vec<Burst> = Vec::new();
    let mut window: HashMap<i64, usize> = HashMap::new();
    let mut oldest = clicks.iter().peekable();
    for click in clicks {
        *window.entry(click.position).or_default() += 1;
        while let Some(old) = oldest.next_if(|old| click.at - old.at > WINDOW_MILLISECONDS) {
            if let Some(clicked) = window.get_mut(&old.position) {
                *clicked -= 1;
                if *clicked == 0 {
                    window.remove(&old.position);
                }
            }
        }
        let Some(first_at) = oldest.peek().map(|old| old.at) else {
            continue;
        };
        if window.len() < LINKS {
            continue;
        }
        match found.last_mut().filter(|burst| burst.last_at >= first_at) {
            Some(burst) => burst.last_at = click.at,
            None => found.push(Burst {
                first_at,
                last_at: click.at,
            }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Burst, Click, bursts};

    /// What it is, clicks as position and time, bursts as first and last time.
    type Case<'a> = (&'a str, &'a [(i64, i64)], &'a [(i64, i64)]);

    #[test]
    fn many_links_within_a_second_are_a_burst() {
        let cases: [Case<'_>; 7] = [
            ("nothing", &[], &[]),
            ("one link often", &[(0, 0), (0, 10), (0, 20), (0, 30)], &[]),
            ("two links", &[(0, 0), (1, 10), (0, 20)], &[]),
            ("three links", &[(0, 0), (1, 500), (2, 1000)], &[(0, 1000)]),
            ("three links, too slow", &[(0, 0), (1, 500), (2, 1001)], &[]),
            (
                "a person before and after",
                &[(4, 0), (0, 5000), (1, 5100), (2, 5200), (4, 9000)],
                &[(5000, 5200)],
            ),
            (
                "windows that overlap, and one apart",
                &[
                    (0, 0),
                    (1, 400),
                    (2, 800),
                    (3, 1200),
                    (0, 9000),
                    (1, 9000),
                    (2, 9001),
                ],
                &[(0, 1200), (9000, 9001)],
            ),
        ];
        for (case, clicks, expected) in cases {
            let clicks: Vec<_> = clicks
                .iter()
                .map(|&(position, at)| Click { position, at })
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|&(first_at, last_at)| Burst { first_at, last_at })
                .collect();
            assert_eq!(bursts(&clicks), expected, "{case}");
        }
    }
}
