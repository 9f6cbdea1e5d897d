//! The sender's own words: merge tags and markers beside those that every domain understands.

use memchr::memmem;

use crate::attribute_name::AttributeName;
use crate::byte_count::ByteCount;

/// Every link is searched for each of them; longer ones are not delimiters.
const MAX_DELIMITER_BYTES: usize = 64;
const MAX_NAME_BYTES: usize = 64;
const MAX_VALUE_BYTES: usize = 256;

/// What one sender writes in templates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dialect {
    attributes: Vec<OptOutAttribute>,
    classes: Vec<String>,
    merge_tags: Vec<Delimiters>,
}

/// An attribute, and each of the ways in which it opts out.
#[derive(Clone, Debug)]
struct OptOutAttribute {
    by_presence: bool,
    known: Option<AttributeName>,
    name: String,
    values: Vec<String>,
}

#[derive(Clone, Debug)]
struct Delimiters {
    close: String,
    open: String,
}

impl Dialect {
    /// How many attributes of different names there may be: each has a bit in a set.
    pub(crate) const MAX_ATTRIBUTES: usize = 32;

    pub(crate) fn add_merge_tag(&mut self, open: &str, close: &str) -> Result<(), DialectError> {
        // A tracking URL holds none but these, whatever its host and path prefix. An opener of such
        // characters could turn up in a token, which nobody chooses.
        let is_of_tracking_url =
            |character: char| character.is_ascii_alphanumeric() || "-._~/:".contains(character);
        if !(is_delimiter(open) && is_delimiter(close)) || open.chars().all(is_of_tracking_url) {
            return Err(DialectError::MergeTag {
                open: open.to_owned(),
                close: close.to_owned(),
            });
        }
        self.merge_tags.push(Delimiters {
            close: close.to_owned(),
            open: open.to_owned(),
        });
        Ok(())
    }

    pub(crate) fn add_attribute(
        &mut self,
        name: &str,
        value: Option<&str>,
    ) -> Result<(), DialectError> {
        let known = AttributeName::of(name.as_bytes());
        if !is_attribute_name(name) || known.is_some_and(has_another_use) {
            return Err(DialectError::OptOutAttribute {
                name: name.to_owned(),
            });
        }
        if let Some(value) = value
            && value.len() > MAX_VALUE_BYTES
        {
            return Err(DialectError::OptOutValue { bytes: value.len() });
        }
        let is_name = |attribute: &OptOutAttribute| attribute.name.eq_ignore_ascii_case(name);
        if !self.attributes.iter().any(is_name) {
            if self.attributes.len() == Self::MAX_ATTRIBUTES {
                return Err(DialectError::TooManyOptOutAttributes);
            }
            self.attributes.push(OptOutAttribute {
                by_presence: false,
                known,
                name: name.to_owned(),
                values: Vec::new(),
            });
        }
        let attribute = self.attributes.iter_mut().find(|own| is_name(own));
        attribute.into_iter().for_each(|own| own.add(value));
        Ok(())
    }

    pub(crate) fn add_class(&mut self, name: &str) -> Result<(), DialectError> {
        if !(1..=MAX_NAME_BYTES).contains(&name.len()) || name.contains(is_blank_or_control) {
            return Err(DialectError::OptOutClass {
                name: name.to_owned(),
            });
        }
        self.classes.push(name.to_owned());
        Ok(())
    }

    /// The sender's own merge tags, opener and closer.
    pub(crate) fn merge_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.merge_tags.iter().map(|tag| (&*tag.open, &*tag.close))
    }

    /// The sender's own attributes that opt out, each with a value that does, or `None` for any.
    pub(crate) fn opt_out_attributes(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.attributes.iter().flat_map(|attribute| {
            let values = attribute.values.iter().map(|value| Some(&**value));
            let any = attribute.by_presence.then_some(None);
            values.chain(any).map(|value| (&*attribute.name, value))
        })
    }

    /// The sender's own classes that opt out.
    pub(crate) fn opt_out_classes(&self) -> impl Iterator<Item = &str> {
        self.classes.iter().map(String::as_str)
    }

    /// Whether `value` holds a merge tag of the sender's own. An opener is enough, unless it is one
    /// character: URLs hold such characters of themselves, so its closer must follow.
    pub(crate) fn has_merge_tag(&self, value: &str) -> bool {
        self.merge_tags.iter().any(|Delimiters { close, open }| {
            let opened = memmem::find(value.as_bytes(), open.as_bytes());
            opened
                .and_then(|at| value.get(at + open.len()..))
                .is_some_and(|rest| {
                    open.chars().nth(1).is_some()
                        || memmem::find(rest.as_bytes(), close.as_bytes()).is_some()
                })
        })
    }

    /// Looks up a raw attribute name that means something to this sender alone; returns a number below
    /// [`MAX_ATTRIBUTES`](Self::MAX_ATTRIBUTES).
    pub(crate) fn attribute(&self, name: &[u8]) -> Option<u8> {
        let is_name = |(_, own): &(u8, &OptOutAttribute)| {
            own.known.is_none() && own.name.as_bytes().eq_ignore_ascii_case(name)
        };
        let mut numbered = (0..).zip(&self.attributes);
        numbered.find(is_name).map(|(number, _)| number)
    }

    /// Whether an attribute of the sender's own, by its number, opts out with `value`.
    pub(crate) fn opts_out(&self, number: u8, value: &str) -> bool {
        self.attributes
            .get(usize::from(number))
            .is_some_and(|attribute| attribute.opts_out(value))
    }

    /// Whether an attribute that every domain understands opts out here with `value` too.
    pub(crate) fn opts_out_by(&self, name: AttributeName, value: &str) -> bool {
        self.attributes
            .iter()
            .any(|attribute| attribute.known == Some(name) && attribute.opts_out(value))
    }

    pub(crate) fn opts_out_by_class(&self, word: &str) -> bool {
        self.classes.iter().any(|class| class == word)
    }
}

impl OptOutAttribute {
    fn add(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.values.push(value.trim().to_owned()),
            None => self.by_presence = true,
        }
    }

    fn opts_out(&self, value: &str) -> bool {
        let is_value = |expected: &String| value.trim().eq_ignore_ascii_case(expected);
        self.by_presence || self.values.iter().any(is_value)
    }
}

/// Why a merge tag or an opt-out can't be added to a domain.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::error::{ConfigError, DialectError};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let error = domain.with_opt_out_class("two words").unwrap_err();
/// assert!(matches!(error, ConfigError::Dialect(DialectError::OptOutClass { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DialectError {
    /// The delimiters can't be told from the rest of a URL.
    #[error(
        "merge tag `{open}`, `{close}` is not usable, expected 1 to 64 bytes each without white space and \
         control characters, and in the opener a character other than ASCII letters, digits and `-._~/:`"
    )]
    MergeTag {
        /// The opener as it was given.
        open: String,
        /// The closer as it was given.
        close: String,
    },
    /// An opt-out attribute has no usable name.
    #[error(
        "opt-out attribute `{name}` is not usable, expected 1 to 64 visible ASCII characters without quotes, \
         `<`, `=`, `>` and `/`, and not `class`, `href` or `src`"
    )]
    OptOutAttribute {
        /// The name as it was given.
        name: String,
    },
    /// An opt-out class is not a word.
    #[error(
        "opt-out class `{name}` is not usable, expected 1 to 64 bytes without white space and control characters"
    )]
    OptOutClass {
        /// The name as it was given.
        name: String,
    },
    /// The value of an opt-out attribute is too long.
    #[error("value of an opt-out attribute is {}, expected at most {MAX_VALUE_BYTES}", ByteCount(*bytes))]
    OptOutValue {
        /// How long it was.
        bytes: usize,
    },
    /// One attribute name more than there may be.
    #[error("opt-out attributes have 33 names, expected at most 32")]
    TooManyOptOutAttributes,
}

/// Links and pixels need these whole, and a class has a setting of its own.
fn has_another_use(name: AttributeName) -> bool {
    matches!(
        name,
        AttributeName::Class | AttributeName::Href | AttributeName::Src
    )
}

fn is_delimiter(text: &str) -> bool {
    (1..=MAX_DELIMITER_BYTES).contains(&text.len()) && !text.contains(is_blank_or_control)
}

/// Whether a tag can have an attribute of that name in any charset (HTML §13.1.2.3).
fn is_attribute_name(name: &str) -> bool {
    let is_name_byte = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>/=".contains(&byte);
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_name_byte)
}

fn is_blank_or_control(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn an_opener_of_two_characters_is_enough_and_one_needs_its_closer() {
        let mut dialect = Dialect::default();
        assert!(!dialect.has_merge_tag("[[name]]"));
        dialect.add_merge_tag("[[", "]]").unwrap();
        dialect.add_merge_tag("#", "#").unwrap();
        dialect.add_merge_tag("«", "»").unwrap();
        for (value, expected) in [
            ("https://x.test/[[name]]", true),
            ("https://x.test/[[", true),
            ("[[", true),
            ("https://x.test/[name]", false),
            ("https://x.test/]]", false),
            ("https://x.test/#name", false),
            ("https://x.test/#name#", true),
            ("https://x.test/«name", false),
            ("https://x.test/»«", false),
            ("https://x.test/«name»", true),
        ] {
            assert_eq!(dialect.has_merge_tag(value), expected, "{value}");
        }
    }

    #[test]
    fn one_attribute_opts_out_in_several_ways_under_one_number() {
        let mut dialect = Dialect::default();
        dialect.add_attribute("Data-Own", " No ".into()).unwrap();
        dialect.add_attribute("data-other", None).unwrap();
        dialect.add_attribute("data-OWN", "never".into()).unwrap();
        let own = dialect.attribute(b"DATA-own").unwrap();
        for (value, expected) in [
            ("no", true),
            ("\nNEVER ", true),
            ("yes", false),
            ("", false),
        ] {
            assert_eq!(dialect.opts_out(own, value), expected, "{value:?}");
        }
        let other = dialect.attribute(b"data-other").unwrap();
        assert_ne!(own, other);
        assert!(dialect.opts_out(other, "") && !dialect.opts_out(2, ""));
        assert_eq!(dialect.attribute(b"data-track"), None);
    }
}
