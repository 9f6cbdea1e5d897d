//! What was agreed with one recipient, as it applies to an event.

use crate::event::Kind;
use crate::level::Level;

/// The columns of table `recipients` as [`Row`] has them, in that order.
macro_rules! columns {
    () => {
        "pseudonym, click_level, open_level, changed_at, earlier_click_level, earlier_open_level, raised_at, erased_at"
    };
}

pub(crate) use columns;

#[derive(Debug, Default, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) pseudonym: String,
    pub(crate) click_level: i64,
    pub(crate) open_level: i64,
    pub(crate) changed_at: Option<i64>,
    pub(crate) earlier_click_level: i64,
    pub(crate) earlier_open_level: i64,
    pub(crate) raised_at: Option<i64>,
    pub(crate) erased_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Agreement {
    pub(crate) click_tracking: Level,
    pub(crate) open_tracking: Level,
    /// Unix milliseconds. `None`: nobody ever set a level.
    pub(crate) changed_at: Option<i64>,
    earlier_click_tracking: Level,
    earlier_open_tracking: Level,
    raised_at: Option<i64>,
    erased_at: Option<i64>,
}

impl From<Row> for Agreement {
    fn from(row: Row) -> Self {
        Self {
            click_tracking: Level::of_rank(row.click_level),
            open_tracking: Level::of_rank(row.open_level),
            changed_at: row.changed_at,
            earlier_click_tracking: Level::of_rank(row.earlier_click_level),
            earlier_open_tracking: Level::of_rank(row.earlier_open_level),
            raised_at: row.raised_at,
            erased_at: row.erased_at,
        }
    }
}

impl Agreement {
    /// For mail alone: nothing may be tracked.
    pub(super) fn off() -> Self {
        Self {
            click_tracking: Level::Off,
            open_tracking: Level::Off,
            ..Self::default()
        }
    }

    pub(crate) fn lowest(&self) -> Level {
        self.click_tracking.min(self.open_tracking)
    }

    /// The level for an event of some kind at a time: what applies now, and what applied then.
    pub(crate) fn level(&self, kind: Kind, at: i64) -> Level {
        let (now, earlier) = match kind {
            Kind::Click => (self.click_tracking, self.earlier_click_tracking),
            Kind::Open => (self.open_tracking, self.earlier_open_tracking),
        };
        let was_before = |time: Option<i64>| time.is_some_and(|time| at <= time);
        let mut level = now;
        if was_before(self.raised_at) {
            level = level.min(earlier);
        }
        if was_before(self.erased_at) {
            level = level.min(Level::Anonymous);
        }
        level
    }
}

#[cfg(test)]
mod tests {
    use super::Agreement;
    use crate::event::Kind;
    use crate::level::Level::{Anonymous, Identified, Off};

    #[test]
    fn what_applied_then_and_what_applies_now() {
        let raised = Agreement {
            open_tracking: Anonymous,
            earlier_click_tracking: Off,
            raised_at: Some(100),
            ..Agreement::default()
        };
        let erased = Agreement {
            open_tracking: Off,
            erased_at: Some(50),
            ..Agreement::default()
        };
        for (agreement, kind, at, expected) in [
            (Agreement::default(), Kind::Click, 1, Identified),
            (raised, Kind::Click, 99, Off),
            (raised, Kind::Click, 100, Off),
            (raised, Kind::Click, 101, Identified),
            (raised, Kind::Open, 101, Anonymous),
            (erased, Kind::Click, 50, Anonymous),
            (erased, Kind::Click, 51, Identified),
            (erased, Kind::Open, 50, Off),
        ] {
            assert_eq!(agreement.level(kind, at), expected, "{agreement:?} {at}");
        }
    }
}
