//! What the log stores. As JSON, one line of the spool.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::Event;

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all records are events, a box would be one allocation for each"
)]
pub(super) enum Record {
    Event(Event),
    Rewritten(Rewritten),
}

/// Mails of one message that were rewritten and counted together.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Rewritten {
    pub(super) id: Uuid,
    pub(super) domain: String,
    pub(super) message: String,
    /// Unix milliseconds.
    pub(super) at: i64,
    pub(super) mails: i64,
}

/// What is stored together.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) events: Vec<Event>,
    pub(super) rewritten: Vec<Rewritten>,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.events.len() + self.rewritten.len()
    }

    pub(super) fn push(&mut self, record: Record) {
        match record {
            Record::Event(event) => self.events.push(event),
            Record::Rewritten(rewritten) => self.rewritten.push(rewritten),
        }
    }

    /// Each record alone.
    pub(super) fn singly(self) -> impl Iterator<Item = Self> {
        let events = self.events.into_iter().map(|event| Self {
            events: vec![event],
            rewritten: Vec::new(),
        });
        let rewritten = self.rewritten.into_iter().map(|rewritten| Self {
            events: Vec::new(),
            rewritten: vec![rewritten],
        });
        events.chain(rewritten)
    }

    /// As lines of the spool.
    pub(super) fn lines(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut lines = Vec::with_capacity(self.len() * 512);
        for event in &self.events {
            line(&mut lines, &Line::Event(event))?;
        }
        for rewritten in &self.rewritten {
            line(&mut lines, &Line::Rewritten(rewritten))?;
        }
        Ok(lines)
    }
}

/// [`Record`], borrowed.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Event(&'a Event),
    Rewritten(&'a Rewritten),
}

fn line(lines: &mut Vec<u8>, record: &Line<'_>) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *lines, record)?;
    lines.push(b'\n');
    Ok(())
}
