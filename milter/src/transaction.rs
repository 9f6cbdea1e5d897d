//! One message on its way in, and what is to be done with it.

use std::sync::Arc;

use linkseal::SendingDomain;

use crate::assembly::Assembly;
use crate::client::Client;
use crate::from_field::{FromField, bare, domain_of};
use crate::outcome::Outcome;
use crate::recipient::Recipients;
use crate::settings::{Domain, Settings};
use crate::tracking_field::Levels;

/// More of them make the sender's statement unclear anyway; the rest still gets removed.
const KEPT_VALUES: usize = 2;

pub(crate) struct Transaction {
    pub(crate) assembly: Assembly,
    client: Client,
    decision: Option<Decision>,
    envelope_sender: Option<SendingDomain>,
    from: FromField,
    login: Option<String>,
    recipient_fields: Vec<RecipientField>,
    pub(crate) recipients: Recipients,
    /// As they were when the message began: a reload changes nothing for it.
    pub(crate) settings: Arc<Settings>,
    tracking_fields: Vec<TrackingField>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Decision {
    Pass(Outcome),
    Rewrite(SendingDomain),
}

/// A header field that names the recipient of some domain's mail.
#[derive(Debug, Default)]
pub(crate) struct RecipientField {
    pub(crate) count: u32,
    /// In lower case.
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

/// The header fields of one name that lower the tracking of some domain's mail.
#[derive(Debug, Default)]
pub(crate) struct TrackingField {
    pub(crate) count: u32,
    pub(crate) levels: Levels,
    /// In lower case.
    pub(crate) name: String,
}

impl Transaction {
    pub(crate) fn new(settings: Arc<Settings>, client: Client, login: Option<String>) -> Self {
        Self {
            assembly: Assembly::new(settings.limits.message_bytes),
            client,
            decision: None,
            envelope_sender: None,
            from: FromField::Missing,
            login,
            recipient_fields: Vec::new(),
            recipients: Recipients::None,
            settings,
            tracking_fields: Vec::new(),
        }
    }

    pub(crate) fn set_envelope_sender(&mut self, sender: &str) {
        self.envelope_sender = domain_of(bare(sender));
    }

    pub(crate) fn add_field(&mut self, name: &[u8], value: &[u8], has_leading_space: bool) {
        self.assembly.add_field(name, value, has_leading_space);
        let Ok(name) = std::str::from_utf8(name) else {
            return;
        };
        let name = name.trim_ascii().to_ascii_lowercase();
        if name == "from" {
            self.from.add(value);
        }
        if self.settings.is_tracking_header(&name) {
            self.add_tracking_field(&name, value);
        }
        if self.settings.is_recipient_header(&name) {
            self.add_recipient_field(name, value);
        }
    }

    fn add_recipient_field(&mut self, name: String, value: &[u8]) {
        let fields = &mut self.recipient_fields;
        let known = fields.iter().position(|field| field.name == name);
        let index = known.unwrap_or(fields.len());
        if known.is_none() {
            fields.push(RecipientField {
                name,
                ..RecipientField::default()
            });
        }
        if let Some(field) = fields.get_mut(index) {
            field.count += 1;
            if field.values.len() < KEPT_VALUES {
                field
                    .values
                    .push(String::from_utf8_lossy(value).into_owned());
            }
        }
    }

    fn add_tracking_field(&mut self, name: &str, value: &[u8]) {
        let fields = &mut self.tracking_fields;
        let known = fields.iter().position(|field| field.name == name);
        let index = known.unwrap_or(fields.len());
        if known.is_none() {
            fields.push(TrackingField {
                name: name.to_owned(),
                ..TrackingField::default()
            });
        }
        if let Some(field) = fields.get_mut(index) {
            field.count += 1;
            field.levels.add(value);
        }
    }

    /// The header is known: what is not to be rewritten needs no memory.
    pub(crate) fn end_header(&mut self) -> &Decision {
        if self.decision.is_none() {
            self.assembly.end_header();
        }
        let decision = self.decision.take().unwrap_or_else(|| self.decided());
        if matches!(decision, Decision::Pass(_)) {
            self.assembly.forget();
        }
        self.decision.insert(decision)
    }

    fn decided(&self) -> Decision {
        let domain = match &self.from {
            FromField::Domain(domain) => Some(domain),
            FromField::Missing => self.envelope_sender.as_ref(),
            FromField::Unclear => return Decision::Pass(Outcome::UnclearFrom),
        };
        let settings = domain.and_then(|domain| Some((domain, self.settings.domain(domain)?)));
        let Some((domain, settings)) = settings else {
            return Decision::Pass(Outcome::OtherDomain);
        };
        if self.may_send_for(settings) {
            Decision::Rewrite(domain.clone())
        } else {
            Decision::Pass(Outcome::Untrusted)
        }
    }

    /// Who has logged in is known by that alone: a customer on a trusted network is still not any other customer.
    fn may_send_for(&self, domain: &Domain) -> bool {
        match &self.login {
            Some(login) => domain.allows(login),
            None => self.client.is_trusted(&self.settings),
        }
    }

    pub(crate) fn add_body(&mut self, chunk: &[u8]) {
        self.end_header();
        self.assembly.add_body(chunk);
        // `forget` was once: what came since is not needed either.
        if !self.needs_body() {
            self.assembly.forget();
        }
    }

    /// Whether more of the body makes a difference.
    pub(crate) fn needs_body(&self) -> bool {
        matches!(self.decision, Some(Decision::Rewrite(_))) && !self.assembly.is_too_large()
    }

    pub(crate) fn tracking_field(&self, domain: &Domain) -> Option<&TrackingField> {
        let header = domain.tracking_header.as_ref()?;
        self.tracking_fields
            .iter()
            .find(|field| field.name == header.name)
    }

    /// The domain whose recipient fields are to go; nothing else of a message that is not its own is touched.
    pub(crate) fn recipient_field(&self, domain: &Domain) -> Option<&RecipientField> {
        let name = domain.recipient_header.as_ref()?;
        self.recipient_fields
            .iter()
            .find(|field| field.name == *name)
    }
}
