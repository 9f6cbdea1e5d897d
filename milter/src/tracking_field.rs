//! The header field in which a sender lowers the tracking of one message, such as `clicks=anonymous, opens=off`.
//!
//! It never raises a level: what the domain's settings say is the highest. What can't be read, or is said twice, means
//! the lowest that may be meant. Nothing of the field is kept but the levels.

use linkseal::{Message, TrackingLevel};

/// The levels that a message's fields ask for, of all of them the lowest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Levels {
    clicks: TrackingLevel,
    is_unclear: bool,
    opens: TrackingLevel,
}

impl Default for Levels {
    /// Lowers nothing.
    fn default() -> Self {
        Self {
            clicks: TrackingLevel::Identified,
            is_unclear: false,
            opens: TrackingLevel::Identified,
        }
    }
}

impl Levels {
    /// Takes in the value of one more field. It may be folded.
    pub fn add(&mut self, value: &[u8]) {
        let value = String::from_utf8_lossy(value);
        for statement in value.split(',') {
            self.add_statement(statement.trim_ascii());
        }
    }

    fn add_statement(&mut self, statement: &str) {
        let (what, level) = statement.split_once('=').unwrap_or(("", ""));
        let level = level.trim_ascii().to_ascii_lowercase().parse();
        let what = what.trim_ascii().to_ascii_lowercase();
        match (&*what, level) {
            ("clicks", Ok(level)) => self.clicks = self.clicks.min(level),
            ("opens", Ok(level)) => self.opens = self.opens.min(level),
            _ => {
                self.clicks = TrackingLevel::Off;
                self.opens = TrackingLevel::Off;
                self.is_unclear = true;
            }
        }
    }

    /// Whether some of it could not be read.
    pub(crate) fn is_unclear(self) -> bool {
        self.is_unclear
    }

    /// The message with these levels, or with another if that is lower.
    pub(crate) fn scope(self, message: Message, highest: TrackingLevel) -> Message {
        message
            .with_click_tracking(self.clicks.min(highest))
            .with_open_tracking(self.opens.min(highest))
    }
}

#[cfg(test)]
mod tests {
    use TrackingLevel::{Anonymous, Identified, Off};

    use super::*;

    fn levels(values: &[&str]) -> (TrackingLevel, TrackingLevel, bool) {
        let mut levels = Levels::default();
        for value in values {
            levels.add(value.as_bytes());
        }
        (levels.clicks, levels.opens, levels.is_unclear)
    }

    #[test]
    fn what_is_said_is_the_level() {
        for (values, expected) in [
            (&[][..], (Identified, Identified, false)),
            (&[" clicks=anonymous, opens=off"], (Anonymous, Off, false)),
            (&["CLICKS = Off"], (Off, Identified, false)),
            (
                &["opens=anonymous,\r\n\tclicks\n =\n off"],
                (Off, Anonymous, false),
            ),
            (&["opens=identified"], (Identified, Identified, false)),
        ] {
            assert_eq!(levels(values), expected, "{values:?}");
        }
    }

    #[test]
    fn of_several_the_lowest_counts() {
        for values in [
            &["clicks=off, clicks=identified"][..],
            &["clicks=identified", "clicks=off"],
            &["clicks=off", "clicks=anonymous", "clicks=identified"],
        ] {
            assert_eq!(levels(values), (Off, Identified, false), "{values:?}");
        }
    }

    #[test]
    fn what_can_not_be_read_is_the_lowest_of_both() {
        for value in [
            "",
            "off",
            "clicks",
            "clicks=",
            "=off",
            "clicks=none",
            "links=off",
            "clicks=anonymous;opens=off",
            "clicks=anonymous,",
            "clicks=anonymous (a comment)",
            "clicks==off",
            "cl\u{456}cks=off",
            "clicks=o\nff",
            "\u{fffd}",
        ] {
            assert_eq!(levels(&[value]), (Off, Off, true), "{value:?}");
            assert_eq!(
                levels(&["clicks=identified, opens=identified", value]),
                (Off, Off, true)
            );
        }
        let mut levels = Levels::default();
        levels.add(b"clicks=\xff");
        assert!(levels.is_unclear());
    }
}
