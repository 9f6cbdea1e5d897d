//! Finds bursts: clicks on many different links of one message by one recipient within a second. People
//! don't do that, scanners that follow all links do.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use tokio::time::sleep;

use crate::database::{Database, executing, reading};

const WINDOW_MILLISECONDS: i64 = 1000;
/// Different links. Two within a second may be a double click that slipped.
const LINKS: usize = 3;
/// Events that are marked at once, and a pause after it: clicks wait a few milliseconds at most.
const BATCH: usize = 1000;
const PAUSE: Duration = Duration::from_millis(10);

/// Which domains' events are looked at, and from which `seq` to which. The first is not among them.
pub(super) struct Look<'a> {
    /// Names, each between two `|`: no domain has one in its name. Where it is empty, all domains are meant.
    pub(super) names: &'a str,
    /// Those of these names, or all others.
    pub(super) of_these: bool,
    pub(super) after: i64,
    pub(super) last: i64,
}

/// Marks the clicks of bursts that are not settled: `settled` says up to where a domain's events are.
pub(super) async fn judge(
    database: &Database,
    look: &Look<'_>,
    settled: impl Fn(&str) -> i64,
) -> Result<(), sqlx::Error> {
    let clicks = suspicious(database, look).await?;
    let found = clicks
        .chunk_by(Click::is_near)
        .flat_map(|near| bursts(near).into_iter().filter_map(|burst| near.get(burst)))
        .flatten()
        .filter(|click| click.marked == 0 && click.seq > settled(&click.domain))
        .map(|click| click.seq);
    let found: Vec<_> = found.collect();
    for batch in found.chunks(BATCH) {
        mark(database, batch).await?;
        sleep(PAUSE).await;
    }
    Ok(())
}

#[derive(Clone, Debug, sqlx::FromRow)]
struct Click {
    domain: String,
    message: String,
    recipient: String,
    position: i64,
    at: i64,
    seq: i64,
    /// Not 0: an earlier look has found it.
    marked: i32,
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
async fn suspicious(database: &Database, look: &Look<'_>) -> Result<Vec<Click>, sqlx::Error> {
    // Mail without a recipient's id is clicked by everybody. What differs most comes first, and links are
    // not counted here: with both, this job takes half of the time, and is as exact in the end.
    reading!(database, pool => {
        sqlx::query_as(
            "SELECT events.domain, events.message, events.recipient, position, at, seq, \
             CASE WHEN ',' || reasons || ',' LIKE '%,burst,%' THEN 1 ELSE 0 END AS marked FROM events JOIN ( \
             SELECT recipient, message, domain FROM events \
             WHERE seq > $1 AND seq <= $2 AND kind = 'click' AND recipient <> '' \
             AND ($4 = '' OR (REPLACE($4, '|' || domain || '|', '') <> $4) = $5) \
             GROUP BY recipient, message, domain \
             HAVING COUNT(*) >= $3 AND MIN(position) < MAX(position)) AS suspects \
             ON events.recipient = suspects.recipient AND events.message = suspects.message \
             AND events.domain = suspects.domain \
             WHERE seq > $1 AND seq <= $2 AND kind = 'click' AND position IS NOT NULL \
             ORDER BY events.domain, events.message, events.recipient, at, seq",
        )
        .bind(look.after)
        .bind(look.last)
        .bind(i64::try_from(LINKS).unwrap_or(i64::MAX))
        .bind(look.names)
        .bind(look.of_these)
        .fetch_all(pool)
    })
}

/// Touches no row twice, so that servers may do it at the same time.
async fn mark(database: &Database, seqs: &[i64]) -> Result<(), sqlx::Error> {
    macro_rules! marking {
        ($seqs:literal) => {
            concat!(
                "UPDATE events SET machine = CASE machine WHEN 'none' THEN 'suspected' ELSE machine END, \
                 reasons = CASE reasons WHEN '' THEN 'burst' ELSE reasons || ',burst' END \
                 WHERE seq IN (",
                $seqs,
                ") AND ',' || reasons || ',' NOT LIKE '%,burst,%'"
            )
        };
    }
    // A list as one parameter is what the two databases have no common words for.
    let sql = match database {
        Database::Sqlite { .. } => marking!("SELECT value FROM json_each($1)"),
        Database::Postgres(_) => {
            marking!(
                "SELECT CAST(value AS BIGINT) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS list (value)"
            )
        }
    };
    let list: Vec<_> = seqs.iter().map(i64::to_string).collect();
    executing!(
        database,
        sqlx::query(sql).bind(format!("[{}]", list.join(",")))
    )?;
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
                    marked: 0,
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
