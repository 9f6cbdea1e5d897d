//! How closely clicks and opens are tracked.

use std::fmt;

use linkseal::TrackingLevel;
use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};

/// From the lowest to the highest: the lowest of all that were agreed applies.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// Nothing is stored.
    Off,
    /// Events are stored without anything that tells one person from another.
    Anonymous,
    #[default]
    Identified,
}

impl Level {
    pub(crate) const EACH: [Self; 3] = [Self::Off, Self::Anonymous, Self::Identified];

    pub(crate) fn as_str(self) -> &'static str {
        TrackingLevel::from(self).as_str()
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|level| level.as_str() == word)
    }

    /// As it stands in a table where statements compare levels.
    pub(crate) fn rank(self) -> i64 {
        match self {
            Self::Off => 0,
            Self::Anonymous => 1,
            Self::Identified => 2,
        }
    }

    /// A rank that this version does not know must not track more than agreed.
    pub(crate) fn of_rank(rank: i64) -> Self {
        let known = Self::EACH.into_iter().find(|level| level.rank() == rank);
        known.unwrap_or(Self::Off)
    }
}

impl From<Level> for TrackingLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Off => Self::Off,
            Level::Anonymous => Self::Anonymous,
            Level::Identified => Self::Identified,
        }
    }
}

/// A word, or `true` for identified and `false` for off.
impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrSwitch)
    }
}

struct WordOrSwitch;

impl Visitor<'_> for WordOrSwitch {
    type Value = Level;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"off\", \"anonymous\", \"identified\", true or false")
    }

    fn visit_bool<E: Error>(self, is_on: bool) -> Result<Level, E> {
        Ok(if is_on { Level::Identified } else { Level::Off })
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Level, E> {
        Level::parse(word).ok_or_else(|| E::invalid_value(Unexpected::Str(word), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn a_level_is_a_word_or_a_switch() {
        for (json, expected) in [
            ("\"off\"", Level::Off),
            ("\"anonymous\"", Level::Anonymous),
            ("\"identified\"", Level::Identified),
            ("true", Level::Identified),
            ("false", Level::Off),
        ] {
            assert_eq!(serde_json::from_str::<Level>(json).unwrap(), expected);
        }
        for (json, expected) in [
            ("\"Off\"", "invalid value: string \"Off\""),
            ("\"true\"", "invalid value: string \"true\""),
            ("1", "invalid type: integer `1`"),
            ("null", "invalid type: null"),
        ] {
            let error = serde_json::from_str::<Level>(json).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            let wanted = "expected \"off\", \"anonymous\", \"identified\", true or false";
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn words_ranks_and_order_agree() {
        let mut before = None;
        for level in Level::EACH {
            assert_eq!(Level::parse(level.as_str()), Some(level));
            assert_eq!(Level::of_rank(level.rank()), level);
            assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
            assert!(before < Some(level));
            before = Some(level);
        }
        assert_eq!(Level::of_rank(7), Level::Off);
    }
}
