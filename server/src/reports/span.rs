//! Spans of time, the buckets they fall into, and how times are written. All in UTC.

use jiff::Timestamp;
use serde::Serialize;

use crate::app::App;
use crate::failure::Failure;
use crate::report_pool::reporting;
use crate::words::words;

pub(crate) const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Sizes that people count time in. Longer spans double the last.
const BUCKETS_MS: [i64; 11] = [
    MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS,
    HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    DAY_MS,
    7 * DAY_MS,
    28 * DAY_MS,
];
/// As many as still make bars that can be told apart on a phone.
const MAX_BUCKETS: i64 = 62;

/// One event a moment ago is no reason for a chart of a minute.
const SHORTEST_MS: i64 = HOUR_MS;

words!(
    /// What the pages offer.
    Range {
        Day = "24h",
        Week = "7d",
        Month = "30d",
        All = "all",
    }
);

impl Range {
    pub(crate) const EACH: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::All];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::All => "All",
        }
    }

    pub(crate) fn span(self, now: i64) -> Span {
        let from = match self {
            Self::Day => now - DAY_MS,
            Self::Week => now - 7 * DAY_MS,
            Self::Month => now - 30 * DAY_MS,
            Self::All => 0,
        };
        Span { from, to: now + 1 }
    }
}

/// Unix milliseconds, without `to`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Span {
    pub(super) fn bucket_ms(self) -> i64 {
        let span = self.to.saturating_sub(self.from).max(1);
        let fits = |size: i64| span / size <= MAX_BUCKETS;
        BUCKETS_MS
            .into_iter()
            .find(|size| fits(*size))
            .unwrap_or_else(|| {
                let mut size = 28 * DAY_MS;
                while !fits(size) {
                    size = size.saturating_mul(2);
                }
                size
            })
    }

    /// Leaves out the time before the first event, which may be all the time since 1970, down to an hour.
    pub(super) async fn since_first(
        self,
        app: &App,
        domain: &str,
        message: Option<&str>,
    ) -> Result<Self, Failure> {
        let sql = match message {
            Some(_) => "SELECT MIN(at) FROM events WHERE domain = $1 AND message = $2 AND at >= $3",
            None => "SELECT MIN(at) FROM events WHERE domain = $1 AND $2 = '' AND at >= $3",
        };
        let first: Option<i64> = reporting!(app, domain, connection => {
            sqlx::query_scalar(sql)
                .bind(domain)
                .bind(message.unwrap_or_default())
                .bind(self.from)
                .fetch_one(connection)
        })?;
        let latest = self.to.saturating_sub(SHORTEST_MS).max(self.from);
        let from = first.unwrap_or(latest).clamp(self.from, latest);
        Ok(Self { from, ..self })
    }
}

/// Round times to write below a chart, at most `max` of them, with their texts.
pub(crate) fn ticks(span: Span, max: i64) -> Vec<(i64, String)> {
    const STEPS_MS: [i64; 14] = [
        MINUTE_MS,
        5 * MINUTE_MS,
        15 * MINUTE_MS,
        30 * MINUTE_MS,
        HOUR_MS,
        2 * HOUR_MS,
        6 * HOUR_MS,
        12 * HOUR_MS,
        DAY_MS,
        2 * DAY_MS,
        7 * DAY_MS,
        28 * DAY_MS,
        91 * DAY_MS,
        364 * DAY_MS,
    ];
    let length = span.to - span.from;
    let step = STEPS_MS
        .into_iter()
        .find(|step| length / step < max)
        .unwrap_or_else(|| (length / max).max(1));
    let first = (span.from + step - 1) / step * step;
    let format = if step >= 91 * DAY_MS {
        "%b %Y"
    } else if step >= DAY_MS {
        "%-d %b"
    } else if length > DAY_MS {
        "%-d %b %H:%M"
    } else {
        "%H:%M"
    };
    (0..max)
        .map(|number| first + number * step)
        .take_while(|at| *at < span.to)
        .map(|at| (at, written(at, format)))
        .collect()
}

pub(crate) fn minute(at: i64) -> String {
    written(at, "%Y-%m-%d %H:%M")
}

/// RFC 3339 with milliseconds.
pub(super) fn exact(at: i64) -> String {
    written(at, "%Y-%m-%dT%H:%M:%S.%3fZ")
}

fn written(at: i64, format: &str) -> String {
    match Timestamp::from_millisecond(at) {
        Ok(time) => time.strftime(format).to_string(),
        // Out of the calendar's years: nothing better to say.
        Err(_) => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_grow_with_the_span() {
        let bucket = |length| {
            let span = Span {
                from: 0,
                to: length,
            };
            span.bucket_ms()
        };
        assert_eq!(bucket(HOUR_MS), MINUTE_MS);
        assert_eq!(bucket(DAY_MS), 30 * MINUTE_MS);
        assert_eq!(bucket(7 * DAY_MS), 3 * HOUR_MS);
        assert_eq!(bucket(30 * DAY_MS), 12 * HOUR_MS);
        assert_eq!(bucket(365 * DAY_MS), 7 * DAY_MS);
        assert_eq!(bucket(20_000 * DAY_MS), 448 * DAY_MS);
        assert!(i64::MAX / bucket(i64::MAX) <= MAX_BUCKETS);
    }

    #[test]
    fn ticks_are_round_times() {
        let from = 1_790_000_000_000;
        let span = Span {
            from,
            to: from + 7 * DAY_MS,
        };
        let texts: Vec<_> = ticks(span, 4).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["22 Sep", "24 Sep", "26 Sep", "28 Sep"]);
        let span = Span {
            from,
            to: from + HOUR_MS,
        };
        let texts: Vec<_> = ticks(span, 5).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["14:15", "14:30", "14:45", "15:00"]);
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(exact(1_790_000_000_007), "2026-09-21T14:13:20.007Z");
        assert_eq!(minute(0), "1970-01-01 00:00");
        assert_eq!(minute(i64::MAX), i64::MAX.to_string());
    }
}
