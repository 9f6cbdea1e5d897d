//! The recipients of one request: bounded while they are read, and each one wrong or right by itself.

use std::{fmt, vec};

use serde::Deserialize;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::Value;

use crate::failure::Failure;
use crate::json::complaint;
use crate::level::Level;

/// A request takes seconds then; more recipients take more requests, which can run side by side.
const MAX_RECIPIENTS: usize = 10_000;

/// As they were sent: one that can't be used must not keep the others from their mail.
pub(super) struct Recipients(Vec<Value>);

impl Recipients {
    /// The ids of those that have one.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|recipient| match recipient {
            Value::Object(fields) => fields.get("recipient")?.as_str(),
            id => id.as_str(),
        })
    }

    /// What they take in memory, about.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(bytes).sum()
    }
}

fn bytes(value: &Value) -> usize {
    let inside = match value {
        Value::Array(values) => values.iter().map(bytes).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| name.len() + 64 + bytes(value))
            .sum(),
        Value::String(text) => text.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    inside + size_of::<Value>()
}

impl IntoIterator for Recipients {
    type Item = Value;
    type IntoIter = vec::IntoIter<Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de> Deserialize<'de> for Recipients {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Bounded)
    }
}

struct Bounded;

impl<'de> Visitor<'de> for Bounded {
    type Value = Recipients;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of recipients")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Recipients, A::Error> {
        let mut recipients = Vec::new();
        while let Some(recipient) = items.next_element()? {
            if recipients.len() == MAX_RECIPIENTS {
                return Err(A::Error::custom(format!(
                    "more than {MAX_RECIPIENTS} recipients, send the rest in requests of their own"
                )));
            }
            recipients.push(recipient);
        }
        Ok(Recipients(recipients))
    }
}

/// A recipient, and what may not be tracked of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipient {
    pub(super) recipient: String,
    pub(super) list_unsubscribe: Option<String>,
    #[serde(default)]
    pub(super) click_tracking: Level,
    #[serde(default)]
    pub(super) open_tracking: Level,
}

impl Recipient {
    /// Takes an id alone, or an object with the id in it.
    pub(super) fn parse(value: &Value) -> Result<Self, Failure> {
        match value {
            Value::String(id) => Ok(Self {
                recipient: id.clone(),
                list_unsubscribe: None,
                click_tracking: Level::Identified,
                open_tracking: Level::Identified,
            }),
            Value::Object(_) => {
                Self::deserialize(value).map_err(|error| Failure::Invalid(complaint(&error)))
            }
            _ => Err(Failure::Invalid(
                "recipient is neither an id nor an object, expected one of them".to_owned(),
            )),
        }
    }
}
