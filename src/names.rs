//! The names that values have in logs, databases and on command lines.

use std::fmt;

/// Why a text is not the name of a value.
///
/// ```
/// use linkseal::SkipReason;
///
/// let error = "tracked".parse::<linkseal::TrackingLevel>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "tracking level `tracked` is unknown, expected one of: off, anonymous, identified"
/// );
/// assert!("merge_tag".parse::<SkipReason>().is_ok());
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{what} `{name}` is unknown, expected one of: {}", List(expected))]
pub struct NameError {
    expected: Vec<&'static str>,
    name: String,
    what: &'static str,
}

impl NameError {
    pub(crate) fn new(what: &'static str, name: &str, expected: Vec<&'static str>) -> Self {
        Self {
            expected,
            name: name.to_owned(),
            what,
        }
    }
}

/// Names with commas between them.
struct List<'a>(&'a [&'static str]);

impl fmt::Display for List<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join(", "))
    }
}

/// Gives each value of an enum a name, by which it is printed and parsed.
macro_rules! names {
    ($type:ident, $what:literal, { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// All values, in the order of the documentation.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the value's name in logs and interfaces, which `FromStr` parses.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = $crate::names::NameError;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let mut values = Self::ALL.iter().copied();
                values.find(|value| value.as_str() == name).ok_or_else(|| {
                    let expected = Self::ALL.iter().map(|value| value.as_str());
                    $crate::names::NameError::new($what, name, expected.collect())
                })
            }
        }
    };
}

pub(crate) use names;
