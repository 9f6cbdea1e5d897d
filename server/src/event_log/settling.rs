//! Settles events: classifies them for good, by domain, so that what happens to one domain holds up no other.
//!
//! A pass looks at what is not settled, and settles what is so old that its burst is whole. Between two passes it is
//! noted where the log ends, for the next one to know. Domains with few new events are looked at together, and first.
//! One with many is looked at alone, a part of them at a time. Where a pass does not come to the end of them, it settles
//! what the pass before saw.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::warn;

use super::bursts::{Look, judge};
use super::progress;
use super::repeats::WINDOW_MS;
use crate::clock::Clock;
use crate::database::{Database, executing, reading};

/// Longer than a burst, with room for a commit that takes its time. What is so old, a pass settles.
const OLD: Duration = Duration::from_secs(2);
/// The longer, the less is looked at twice: with this it is a half.
const EVERY: Duration = Duration::from_secs(4);
/// How much a pass takes on.
pub(super) struct Pace {
    /// Events of all domains that are looked at together: what 30,000 clicks a second leave for a pass. After a long
    /// outage millions may come out of the spool.
    pub(super) together: i64,
    /// Events of one domain that are looked at alone, at once.
    pub(super) alone: i64,
    /// For those that are looked at alone. The others have another look then.
    pub(super) time: Duration,
}

const PACE: Pace = Pace {
    together: 200_000,
    alone: 150_000,
    time: OLD,
};

/// What is looked at alone is so in parts, and each looks as far back: further than a burst lasts.
const OVERLAP: i64 = 50_000;
/// Until then a gathered event may grow: while its window lasts, and a commit after it.
const GROWING_MS: i64 = WINDOW_MS + 5000;
const JOB: &str = "bursts";

/// Returns up to which `seq` a domain's events are classified for good.
///
/// All its events up to it are there: none will come below it any more, since `seq` is the order of commits.
/// Their `machine` and `reasons` stay as they are. A click that waited in a spool is judged by what was stored
/// together with it. An event is settled a few seconds after it was stored.
pub(crate) async fn settled_seq(database: &Database, domain: &str) -> Result<i64, sqlx::Error> {
    let own: Option<i64> = reading!(database, pool => {
        sqlx::query_scalar("SELECT seq FROM settled WHERE domain = $1").bind(domain).fetch_optional(pool)
    })?;
    let all = progress::reached(database, JOB).await?;
    Ok(own.unwrap_or_default().max(all))
}

pub(super) async fn run(database: Database, clock: Clock) {
    let mut settling = Settling::new(database, clock, PACE);
    loop {
        sleep(EVERY - OLD).await;
        let noted = settling.note_end().await;
        sleep(OLD).await;
        let settled = settling.pass().await;
        if let Err(error) = noted.and(settled) {
            warn!(%error, "can't look for bursts");
        }
    }
}

/// A domain's events that are not settled.
#[derive(Clone, Debug, sqlx::FromRow)]
struct News {
    domain: String,
    events: i64,
    settled: i64,
    first: i64,
    last: i64,
    /// The first that may yet grow.
    growing: Option<i64>,
}

/// How far a pass looked in a domain, and how far it could have.
#[derive(Clone, Copy)]
struct Looked {
    to: i64,
    last: i64,
}

impl Looked {
    fn new(to: i64, last: i64) -> Self {
        Self { to, last }
    }
}

pub(super) struct Settling {
    clock: Clock,
    database: Database,
    pace: Pace,
    /// What the pass before this looked at.
    seen: HashMap<String, Looked>,
    /// The last event of all when it did.
    seen_last: Option<i64>,
    /// The last event of all some time before this pass: all up to it are old.
    old: Option<i64>,
}

impl Settling {
    pub(super) fn new(database: Database, clock: Clock, pace: Pace) -> Self {
        Self {
            clock,
            database,
            pace,
            seen: HashMap::new(),
            seen_last: None,
            old: None,
        }
    }

    pub(super) async fn note_end(&mut self) -> Result<(), sqlx::Error> {
        self.old = Some(self.last().await?);
        Ok(())
    }

    async fn last(&self) -> Result<i64, sqlx::Error> {
        let last: Option<i64> = reading!(&self.database, pool => {
            sqlx::query_scalar("SELECT MAX(seq) FROM events").fetch_one(pool)
        })?;
        Ok(last.unwrap_or_default())
    }

    pub(super) async fn pass(&mut self) -> Result<(), sqlx::Error> {
        let started = Instant::now();
        let old = self.old.take();
        let last = self.last().await?;
        let floor = progress::reached(&self.database, JOB).await?;
        let mut news = self.news(floor, last).await?;
        news.sort_by_key(|news| news.events);
        let mut together = 0;
        let few = news
            .iter()
            .take_while(|news| {
                together += news.events;
                together <= self.pace.together
            })
            .count();
        let (few, many) = news.split_at(few);
        let mut seen = HashMap::new();
        let mut unsettled = Vec::new();
        self.judge_together(few, many, last).await?;
        // Of whom all is looked at, all that is old is settled.
        let settled = |news: &News| old.map(|to| Looked::new(to, news.last.min(to)));
        for news in few {
            unsettled.extend(self.settle(news, settled(news)).await?);
            seen.insert(news.domain.clone(), Looked::new(last, news.last));
        }
        let mut floor = old.or(self.seen_last);
        for (place, news) in many.iter().enumerate() {
            if place > 0 && started.elapsed() > self.pace.time {
                // What was seen of this one stays.
                let looked = self.seen.remove(&news.domain);
                unsettled.push(news.first - 1);
                seen.extend(looked.map(|looked| (news.domain.clone(), looked)));
                continue;
            }
            let to = self.judge_alone(news, started).await?;
            let is_all = to >= news.last;
            if !is_all {
                floor = self.seen_last;
            }
            unsettled.extend(self.settle(news, settled(news).filter(|_| is_all)).await?);
            seen.insert(news.domain.clone(), Looked::new(to, news.last));
        }
        self.raise_floor(floor, &unsettled).await?;
        self.seen = seen;
        self.seen_last = Some(last);
        Ok(())
    }

    async fn news(&self, floor: i64, last: i64) -> Result<Vec<News>, sqlx::Error> {
        reading!(&self.database, pool => {
            sqlx::query_as(
                "SELECT events.domain, COUNT(*) AS events, MIN(events.seq) AS first, MAX(events.seq) AS last, \
                 COALESCE(MAX(settled.seq), $1) AS settled, \
                 MIN(CASE WHEN reasons <> '' AND at > $3 AND ',' || reasons || ',' LIKE '%,repeated,%' THEN events.seq END) AS growing \
                 FROM events LEFT JOIN settled ON settled.domain = events.domain AND settled.seq > $1 \
                 WHERE events.seq > $1 AND events.seq <= $2 \
                 AND (settled.seq IS NULL OR events.seq > settled.seq) GROUP BY events.domain",
            )
            .bind(floor)
            .bind(last)
            .bind(self.clock.now() - GROWING_MS)
            .fetch_all(pool)
        })
    }

    async fn judge_together(
        &self,
        few: &[News],
        many: &[News],
        last: i64,
    ) -> Result<(), sqlx::Error> {
        let Some(after) = few.iter().map(|news| news.first - 1).min() else {
            return Ok(());
        };
        let names: String = many
            .iter()
            .map(|news| format!("|{}|", news.domain))
            .collect();
        let look = Look {
            names: &names,
            of_these: false,
            after,
            last,
        };
        let settled: HashMap<_, _> = few
            .iter()
            .map(|news| (news.domain.as_str(), news.settled))
            .collect();
        // Of whom there is nothing new, all is settled.
        let settled = |domain: &str| settled.get(domain).copied().unwrap_or(i64::MAX);
        judge(&self.database, &look, settled).await
    }

    /// Looks at the end of what was seen before once more, and at some more. Returns how far it looked.
    async fn judge_alone(&self, news: &News, started: Instant) -> Result<i64, sqlx::Error> {
        let seen = self.seen.get(&news.domain).map_or(0, |looked| looked.to);
        let names = format!("|{}|", news.domain);
        let mut to = seen.max(news.settled);
        loop {
            let look = Look {
                names: &names,
                of_these: true,
                after: news.settled.max(to - OVERLAP),
                last: self.part(news, to).await?,
            };
            judge(&self.database, &look, |_| news.settled).await?;
            to = look.last;
            if to >= news.last || started.elapsed() > self.pace.time {
                return Ok(to);
            }
        }
    }

    /// Where the next part of a domain's events ends.
    async fn part(&self, news: &News, after: i64) -> Result<i64, sqlx::Error> {
        let end: Option<i64> = reading!(&self.database, pool => {
            sqlx::query_scalar(
                "SELECT MAX(seq) FROM (SELECT seq FROM events WHERE domain || '' = $1 AND seq > $2 AND seq <= $3 \
                 ORDER BY seq LIMIT $4) AS next",
            )
            .bind(&news.domain)
            .bind(after)
            .bind(news.last)
            .bind(self.pace.alone)
            .fetch_one(pool)
        })?;
        Ok(end.unwrap_or(news.last))
    }

    /// Settles what is old, or what the pass before saw and this one looked at again. Returns how far, where that is not
    /// all of it.
    async fn settle(&self, news: &News, old: Option<Looked>) -> Result<Option<i64>, sqlx::Error> {
        let Some(whole) = old.or_else(|| self.seen.get(&news.domain).copied()) else {
            return Ok(Some(news.first - 1));
        };
        let grown = news
            .growing
            .map_or(whole.to, |growing| whole.to.min(growing - 1));
        if grown > news.settled {
            executing!(
                &self.database,
                sqlx::query(
                    "INSERT INTO settled (domain, seq) VALUES ($1, $2) ON CONFLICT (domain) DO UPDATE \
                     SET seq = excluded.seq WHERE excluded.seq > settled.seq"
                )
                .bind(&news.domain)
                .bind(grown)
            )?;
        }
        let settled = grown.max(news.settled);
        Ok((settled < whole.last).then_some(settled))
    }

    /// What is settled in all domains is settled for those, too, of which there is nothing new.
    async fn raise_floor(&self, whole: Option<i64>, unsettled: &[i64]) -> Result<(), sqlx::Error> {
        let Some(whole) = whole else {
            return Ok(());
        };
        let floor = unsettled.iter().copied().min().unwrap_or(whole).min(whole);
        progress::advance(&self.database, JOB, floor).await
    }
}
