//! Counts of rewritten mails, in memory until the writer comes by.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::record::Rewritten;
use crate::clock::Clock;

pub(super) struct Counts {
    clock: Clock,
    /// Mails by the id of the ownership, and message.
    mails: Mutex<HashMap<(String, String), i64>>,
}

impl Counts {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            mails: Mutex::default(),
        }
    }

    pub(super) fn add(&self, domain: &str, message: &str, mails: u32) {
        let mut counted = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        *counted
            .entry((domain.to_owned(), message.to_owned()))
            .or_default() += i64::from(mails);
    }

    /// Takes out what was counted, as rows with ids of their own.
    pub(super) fn take(&self) -> Vec<Rewritten> {
        let counted =
            std::mem::take(&mut *self.mails.lock().unwrap_or_else(PoisonError::into_inner));
        let row = |((domain, message), mails)| Rewritten {
            id: self.clock.new_id(),
            domain,
            message,
            at: self.clock.now(),
            mails,
        };
        counted.into_iter().map(row).collect()
    }

    /// Counts again what could not be stored.
    pub(super) fn put_back(&self, rewritten: Vec<Rewritten>) {
        let mut counted = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        for row in rewritten {
            *counted.entry((row.domain, row.message)).or_default() += row.mails;
        }
    }
}
