//! Lowers events to what was agreed: by their domain's settings, and with their recipient.
//!
//! It is read in the transaction that stores them. So a level counts from the moment it is set, also for mail
//! that was sent before and for what waited in a spool, and a request is not kept waiting for a look-up of
//! its own.

use std::borrow::Cow;
use std::collections::HashMap;

use super::record::Group;
use crate::domains::stored_level;
use crate::event::{Event, Kind};
use crate::level::Level;
use crate::recipients::{Agreement, RecipientKey, Row, columns};

/// Parameter: the domain, in SQLite; a list of domains, in PostgreSQL.
macro_rules! of_domains {
    ($condition:literal) => {
        concat!(
            "SELECT domains.id, click_tracking, click_level, open_tracking, open_level, secret FROM domains \
             LEFT JOIN recipient_keys ON recipient_keys.domain = domains.id WHERE domains.id ",
            $condition
        )
    };
}

pub(super) const DOMAIN_SQLITE: &str = of_domains!("= ?");
pub(super) const DOMAINS_POSTGRES: &str = of_domains!("= ANY($1)");

pub(super) const RECIPIENT_SQLITE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM recipients WHERE domain = ? AND pseudonym = ?"
);
pub(super) const RECIPIENTS_POSTGRES: &str = concat!(
    "SELECT domain, ",
    columns!(),
    " FROM recipients WHERE (domain, pseudonym) IN (SELECT * FROM UNNEST($1, $2))"
);

#[derive(sqlx::FromRow)]
pub(super) struct DomainRow {
    pub(super) id: String,
    pub(super) click_tracking: bool,
    pub(super) click_level: String,
    pub(super) open_tracking: bool,
    pub(super) open_level: String,
    pub(super) secret: Option<Vec<u8>>,
}

struct DomainLevels {
    clicks: Level,
    opens: Level,
    /// `None`: nothing was agreed with any of its recipients.
    key: Option<RecipientKey>,
}

/// What applies to the events of one group.
#[derive(Default)]
pub(super) struct Agreed {
    domains: HashMap<String, DomainLevels>,
    recipients: HashMap<(String, String), Agreement>,
}

impl Agreed {
    /// The domains of a group's events.
    pub(super) fn domains(group: &Group) -> Vec<&str> {
        let mut domains: Vec<&str> = Vec::new();
        for event in &group.events {
            if !domains.contains(&event.domain.as_str()) {
                domains.push(&event.domain);
            }
        }
        domains
    }

    pub(super) fn add_domain(&mut self, row: DomainRow) {
        let levels = DomainLevels {
            clicks: stored_level(row.click_tracking, &row.click_level),
            opens: stored_level(row.open_tracking, &row.open_level),
            key: row.secret.map(RecipientKey::new),
        };
        self.domains.insert(row.id, levels);
    }

    /// Domains and pseudonyms of those recipients of a group with whom something may have been agreed.
    pub(super) fn pseudonyms<'a>(&self, group: &'a Group) -> Vec<(&'a str, String)> {
        let pseudonym = |event: &'a Event| Some((&*event.domain, self.pseudonym(event)?));
        let mut pseudonyms: Vec<_> = group.events.iter().filter_map(pseudonym).collect();
        pseudonyms.sort_unstable();
        pseudonyms.dedup();
        pseudonyms
    }

    pub(super) fn add_recipient(&mut self, domain: String, row: Row) {
        let recipient = (domain, row.pseudonym.clone());
        self.recipients.insert(recipient, row.into());
    }

    /// The event as it may be stored, if it may be.
    pub(super) fn event<'a>(&self, event: &'a Event) -> Option<Cow<'a, Event>> {
        match self.level(event) {
            Level::Off => None,
            Level::Identified => Some(Cow::Borrowed(event)),
            Level::Anonymous => {
                let mut event = event.clone();
                event.make_anonymous();
                Some(Cow::Owned(event))
            }
        }
    }

    fn level(&self, event: &Event) -> Level {
        let mut level = event.level;
        if let Some(domain) = self.domains.get(&event.domain) {
            level = level.min(match event.kind {
                Kind::Click => domain.clicks,
                Kind::Open => domain.opens,
            });
        }
        // Nobody is identified by it, so nothing else in it may tell who it was.
        if event.recipient.is_empty() {
            return level.min(Level::Anonymous);
        }
        if self.recipients.is_empty() {
            return level;
        }
        let agreement = self.pseudonym(event).and_then(|pseudonym| {
            let recipient = (event.domain.clone(), pseudonym);
            self.recipients.get(&recipient)
        });
        agreement.map_or(level, |agreement| {
            level.min(agreement.level(event.kind, event.at))
        })
    }

    fn pseudonym(&self, event: &Event) -> Option<String> {
        let key = self.domains.get(&event.domain)?.key.as_ref()?;
        (!event.recipient.is_empty()).then(|| key.pseudonym(&event.recipient))
    }
}
