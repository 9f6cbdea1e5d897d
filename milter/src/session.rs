//! One connection of a mail server: what it says, and the answers.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::BytesMut;
use miltr_common::actions::{Action, Continue, Skip, Tempfail};
use miltr_common::commands::{Body, Connect, Header, Macro, Mail, Recipient};
use miltr_common::encoding::Writable as _;
use miltr_common::modifications::ModificationResponse;
use miltr_common::modifications::headers::ChangeHeader;
use miltr_common::optneg::OptNeg;
use miltr_server::{Error, Milter};

use crate::client::Client;
use crate::connection::Busy;
use crate::negotiation::{Agreed, NegotiationError, negotiate};
use crate::outcome::{Outcome, Record};
use crate::recipient::scoped_as;
use crate::rewriting::{Job, Rewritten};
use crate::serve::Shared;
use crate::settings::{Domain, OnError};
use crate::transaction::{Decision, Transaction};

/// The stage whose macros come before the envelope's sender: `SMFIC_MAIL`.
const MAIL_STAGE: u8 = b'M';

pub(crate) struct Session {
    agreed: Agreed,
    busy: Busy,
    client: Client,
    /// From the macros to the envelope's sender that they are for.
    login: Option<String>,
    queue_id: String,
    shared: Arc<Shared>,
    transaction: Option<Transaction>,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, busy: Busy) -> Self {
        Self {
            agreed: Agreed::default(),
            busy,
            client: Client::default(),
            login: None,
            queue_id: String::new(),
            shared,
            transaction: None,
        }
    }

    /// The message under way. A mail server that names no sender gets one at its first recipient or header field.
    fn current(&mut self) -> &mut Transaction {
        let Self {
            busy,
            client,
            login,
            shared,
            transaction,
            ..
        } = self;
        transaction.get_or_insert_with(|| {
            busy.set(true);
            Transaction::new(shared.settings.load_full(), *client, login.take())
        })
    }

    fn forget(&mut self) {
        self.transaction = None;
        self.queue_id.clear();
        self.busy.set(false);
    }

    async fn answer(&mut self) -> ModificationResponse {
        let Some(mut transaction) = self.transaction.take() else {
            return ModificationResponse::empty_continue();
        };
        let started = Instant::now();
        let mut record = Record::new(&self.queue_id, transaction.assembly.total_bytes());
        let decision = transaction.end_header().clone();
        let settings = Arc::clone(&transaction.settings);
        let response = match &decision {
            Decision::Pass(outcome) => {
                record.outcome = *outcome;
                ModificationResponse::empty_continue()
            }
            Decision::Rewrite(name) => {
                record.domain = Some(name.clone());
                let domain = settings.domain(name);
                match domain {
                    Some(domain) => self.rewrite(&mut transaction, domain, &mut record).await,
                    None => ModificationResponse::empty_continue(),
                }
            }
        };
        record.write(&self.shared.metrics, started.elapsed());
        response
    }

    async fn rewrite(
        &self,
        transaction: &mut Transaction,
        domain: &Domain,
        record: &mut Record,
    ) -> ModificationResponse {
        let settings = Arc::clone(&transaction.settings);
        let field = transaction.recipient_field(domain);
        let values = field.map_or(&[][..], |field| &field.values);
        let tracking = transaction.tracking_field(domain);
        let levels = tracking.map(|field| field.levels).unwrap_or_default();
        let (config, identified) = scoped_as(domain, &transaction.recipients, values, levels);
        record.identified = identified;
        record.has_unclear_level = levels.is_unclear();
        let mut removals: Vec<_> = field
            .map(|field| self::removals(&field.name, field.count))
            .unwrap_or_default();
        if let Some(field) = tracking.filter(|_| !domain.keeps_tracking_header()) {
            removals.extend(self::removals(&field.name, field.count));
        }
        if transaction.assembly.is_too_large() {
            record.outcome = Outcome::TooLarge;
            return response(removals, None, Continue.into());
        }
        let (message, header_bytes) = transaction.assembly.take();
        let job = Job {
            config,
            header_bytes,
            message,
        };
        match self.shared.workers.rewrite(job, settings.limits.time).await {
            Ok(rewritten) => {
                record.succeeded(&rewritten);
                response(removals, Some(rewritten), Continue.into())
            }
            Err(error) => {
                record.failed(&error);
                let action: Action = match settings.on_error {
                    OnError::Pass => Continue.into(),
                    OnError::Tempfail => Tempfail.into(),
                };
                response(removals, None, action)
            }
        }
    }
}

#[async_trait]
impl Milter for Session {
    type Error = NegotiationError;

    async fn option_negotiation(&mut self, theirs: OptNeg) -> Result<OptNeg, Error<Self::Error>> {
        let (ours, agreed) = negotiate(&theirs).map_err(|source| Error::Impl { source })?;
        self.agreed = agreed;
        Ok(ours)
    }

    async fn macro_(&mut self, sent: Macro) -> Result<(), Self::Error> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let mut login = None;
        for (name, value) in sent.macros() {
            match name {
                b"{auth_authen}" | b"auth_authen" => {
                    login = Some(text(value)).filter(|login| !login.is_empty());
                }
                b"i" | b"{i}" => self.queue_id = text(value),
                _ => {}
            }
        }
        if sent.code == MAIL_STAGE {
            self.login = login;
        }
        Ok(())
    }

    async fn connect(&mut self, connect: Connect) -> Result<Action, Self::Error> {
        self.client = Client::new(&connect);
        Ok(Continue.into())
    }

    async fn mail(&mut self, mail: Mail) -> Result<Action, Self::Error> {
        self.transaction = None;
        self.current().set_envelope_sender(&mail.sender());
        Ok(Continue.into())
    }

    async fn rcpt(&mut self, recipient: Recipient) -> Result<Action, Self::Error> {
        self.current().recipients.add(&recipient.recipient());
        Ok(Continue.into())
    }

    async fn header(&mut self, header: Header) -> Result<Action, Self::Error> {
        let has_leading_space = self.agreed.leading_space;
        // Its accessors would change what is not UTF-8.
        let mut written = BytesMut::with_capacity(header.len());
        header.write(&mut written);
        let mut parts = written.as_ref().split(|byte: &u8| *byte == 0);
        if let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            self.current().add_field(name, value, has_leading_space);
        }
        Ok(Continue.into())
    }

    async fn end_of_header(&mut self) -> Result<Action, Self::Error> {
        self.current().end_header();
        Ok(Continue.into())
    }

    async fn body(&mut self, body: Body) -> Result<Action, Self::Error> {
        let can_skip = self.agreed.skip;
        let transaction = self.current();
        transaction.add_body(body.as_bytes());
        Ok(if can_skip && !transaction.needs_body() {
            Skip.into()
        } else {
            Continue.into()
        })
    }

    async fn end_of_body(&mut self) -> Result<ModificationResponse, Self::Error> {
        let response = self.answer().await;
        self.forget();
        Ok(response)
    }

    async fn abort(&mut self) -> Result<(), Self::Error> {
        self.login = None;
        self.forget();
        Ok(())
    }

    async fn quit_nc(&mut self) -> Result<(), Self::Error> {
        self.client = Client::default();
        self.abort().await
    }
}

/// From the last one to the first: so what is removed does not change what the others are called.
fn removals(name: &str, count: u32) -> Vec<ChangeHeader> {
    (1..=count)
        .rev()
        .map(|index| ChangeHeader::new(index, name.as_bytes(), b""))
        .collect()
}

fn response(
    removals: Vec<ChangeHeader>,
    rewritten: Option<Rewritten>,
    action: Action,
) -> ModificationResponse {
    let mut response = ModificationResponse::builder();
    for removal in removals {
        response.push(removal);
    }
    for chunk in rewritten.into_iter().flat_map(|rewritten| rewritten.body) {
        response.push(chunk);
    }
    response.build(action)
}
