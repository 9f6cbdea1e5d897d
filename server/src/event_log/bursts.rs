//! Finds bursts: clicks on many different links of one message by one recipient within a second. People
//! don't do that, scanners that follow all links do.
//!
//! A pass looks at what was stored since. Everything is seen by two passes, so that a burst which the first of
//! them saw the beginning of is whole for the second; only then it counts as settled.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use super::progress;
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
/// Their `machine` and `reasons` stay as they are. A click that waited in a spool is judged by what was stored
/// together with it. An event is settled a few seconds after it was stored.
pub(crate) async fn settled_seq(database: &Database) -> Result<i64, sqlx::Error> {
    progress::reached(database, JOB).await
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
        let clicks = suspicious(database, settled, last).await?;
        for clicks in clicks.chunk_by(Click::is_near) {
            for burst in bursts(clicks) {
                mark(database, clicks.get(burst).unwrap_or_default()).await?;
            }
        }
    }
    // Another server may have come further. Rows that were deleted by age leave `last` behind.
    if let Some(seen) = seen.filter(|seen| *seen > settled) {
        progress::advance(database, JOB, seen).await?;
    }
    Ok(last)
}

#[derive(Clone, Debug, sqlx::FromRow)]
struct Click {
    domain: String,
    message: String,
    recipient: String,
    position: i64,
    at: i64,
    seq: i64,
}

impl Click {
    /// Of the same recipient in the same message.
    fn is_near(&self, other: &Self) -> bool {
        self.recipient == other.recipient
            && self.message == other.message
            && self.domain == other.domain
    }
}

/// All clicks of those who clicked often enough on more than one link of a message, in the order of time.
async fn suspicious(database: &Database, after: i64, last: i64) -> Result<Vec<Click>, sqlx::Error> {
    // Mail without a recipient's id is clicked by everybody. What differs most comes first, and links are
    // not counted here: with both, this job takes half of the time, and is as exact in the end.
    reading!(database, pool => {
        sqlx::query_as(
            "SELECT events.domain, events.message, events.recipient, position, at, seq FROM events JOIN ( \
             SELECT recipient, message, domain FROM events \
             WHERE seq > $1 AND seq <= $2 AND kind = 'click' AND recipient <> '' \
             GROUP BY recipient, message, domain \
             HAVING COUNT(*) >= $3 AND MIN(position) < MAX(position)) AS suspects \
             ON events.recipient = suspects.recipient AND events.message = suspects.message \
             AND events.domain = suspects.domain \
             WHERE seq > $1 AND seq <= $2 AND kind = 'click' AND position IS NOT NULL \
             ORDER BY events.domain, events.message, events.recipient, at, seq",
        )
        .bind(after)
        .bind(last)
        .bind(i64::try_from(LINKS).unwrap_or(i64::MAX))
        .fetch_all(pool)
    })
}

/// Touches no row twice, so that servers may do it at the same time.
async fn mark(database: &Database, clicks: &[Click]) -> Result<(), sqlx::Error> {
    for click in clicks {
        executing!(
            database,
            sqlx::query(
                "UPDATE events SET \
                 machine = CASE machine WHEN 'none' THEN 'suspected' ELSE machine END, \
                 reasons = CASE reasons WHEN '' THEN 'burst' ELSE reasons || ',burst' END \
                 WHERE seq = $1 AND ',' || reasons || ',' NOT LIKE '%,burst,%'"
            )
            .bind(click.seq)
        )?;
    }
    Ok(())
}

/// The runs of clicks in which every one belongs to a burst.
fn bursts(clicks: &[Click]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut window: HashMap<i64, usize> = HashMap::new();
    let mut oldest = clicks.iter().enumerate().peekable();
    for (index, click) in clicks.iter().enumerate() {
        *window.entry(click.position).or_default() += 1;
        while let Some((_, old)) =
            oldest.next_if(|(_, old)| click.at - old.at > WINDOW_MILLISECONDS)
        {
            if let Some(clicked) = window.get_mut(&old.position) {
                *clicked -= 1;
                if *clicked == 0 {
                    window.remove(&old.position);
                }
            }
        }
        let Some(first) = oldest.peek().map(|(first, _)| *first) else {
            continue;
        };
        if window.len() < LINKS {
            continue;
        }
        match found.last_mut().filter(|burst| burst.end > first) {
            Some(burst) => burst.end = index + 1,
            None => found.push(first..index + 1),
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may fail")]
mod tests {
    use super::{Click, bursts};

    /// What it is, clicks as position and time, bursts as times of the first and the last click.
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
                .map(|&(position, at)| Click {
                    domain: String::new(),
                    message: String::new(),
                    recipient: String::new(),
                    position,
                    at,
                    seq: 0,
                })
                .collect();
            let found: Vec<_> = bursts(&clicks)
                .into_iter()
                .map(|burst| (clicks[burst.start].at, clicks[burst.end - 1].at))
                .collect();
            assert_eq!(found, expected, "{case}");
        }
    }
}
