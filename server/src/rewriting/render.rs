//! `POST /api/v1/campaigns/{id}/render`: a campaign for many recipients, one line of JSON each, in their order.
//!
//! Lines are made when the connection has room for them and not before, so a client that reads slowly slows
//! down the work, and one that goes away ends it. No more than a chunk is ever held.

use std::collections::HashMap;
use std::sync::Arc;
use std::{io, vec};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::MailFacts;
use super::mail::now_s;
use super::recipients::{Recipient, Recipients};
use super::report::{tracks_clicks, tracks_opens};
use super::sent::Sent;
use super::templates::Compiled;
use crate::access::Caller;
use crate::app::App;
use crate::failure::{ApiFailure, Failure};
use crate::level::Level;
use crate::memory::Held;
use crate::recipients::Agreement;

/// Enough that handing a chunk from thread to thread costs nothing beside it.
const CHUNK_BYTES: usize = 256 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    recipients: Recipients,
    sent_at: Option<u64>,
    #[serde(default)]
    click_tracking: Level,
    #[serde(default)]
    open_tracking: Level,
}

#[derive(Serialize)]
struct Line<'a> {
    recipient: &'a str,
    html: &'a str,
}

#[derive(Serialize)]
struct Refusal<'a> {
    /// As it was sent.
    recipient: &'a Value,
    error: &'a str,
}

pub(super) async fn render(
    State(app): State<App>,
    Path(id): Path<String>,
    Sent {
        body: order,
        caller,
        memory,
    }: Sent<Order>,
) -> Result<Response, ApiFailure> {
    // Compiling asks for some, and two that hold some while they wait for more could wait for ever.
    drop(memory);
    let compiled = app.rewriting.templates.find(&app, &caller, &id).await?;
    let sent_at = order.sent_at.or_else(|| now_s(&app));
    let facts = MailFacts {
        sent_at,
        ..MailFacts::of(&compiled.campaign.message)
    };
    facts.message()?;
    let needed = order
        .recipients
        .bytes()
        .saturating_add(compiled.rendering_bytes());
    let memory = app.memory.work(caller.domain.as_deref(), needed).await?;
    let domain = &compiled.campaign.domain;
    let ids = order.recipients.ids();
    let agreements = app.recipients.agreements(&app.database, domain, ids).await;
    let run = Run {
        _caller: caller,
        _memory: memory,
        agreements,
        click_tracking: order.click_tracking,
        open_tracking: order.open_tracking,
        app,
        compiled,
        handed_out: 0,
        html: String::new(),
        recipients: order.recipients.into_iter(),
        sent_at,
    };
    let chunks = stream::try_unfold(run, |mut run| async move {
        run.count();
        let rendered = tokio::task::spawn_blocking(move || {
            let chunk = run.chunk();
            (chunk, run)
        });
        let (chunk, run) = rendered.await.map_err(io::Error::other)?;
        let chunk = chunk?;
        Ok::<_, io::Error>((!chunk.is_empty()).then_some((chunk, run)))
    });
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

/// One request's rendering, as far as it has come.
struct Run {
    /// Its place is taken as long as this streams.
    _caller: Caller,
    _memory: Held,
    agreements: HashMap<String, Agreement>,
    app: App,
    click_tracking: Level,
    open_tracking: Level,
    compiled: Arc<Compiled>,
    /// Tracked mails of the last chunk, which is out when the next one is asked for.
    handed_out: u32,
    html: String,
    recipients: vec::IntoIter<Value>,
    sent_at: Option<u64>,
}

impl Run {
    fn count(&mut self) {
        let mails = std::mem::take(&mut self.handed_out);
        if mails > 0 {
            let campaign = &self.compiled.campaign;
            let log = &self.app.event_log;
            log.count_rewritten(&campaign.domain, &campaign.message, mails);
        }
    }

    /// Empty at the end.
    fn chunk(&mut self) -> io::Result<Bytes> {
        let mut chunk = Vec::new();
        while chunk.len() < CHUNK_BYTES {
            let Some(recipient) = self.recipients.next() else {
                break;
            };
            if let Err(error) = self.line(&recipient, &mut chunk) {
                let error = &error.message();
                let recipient = &recipient;
                serde_json::to_writer(&mut chunk, &Refusal { recipient, error })?;
            }
            chunk.push(b'\n');
        }
        Ok(chunk.into())
    }

    fn line(&mut self, recipient: &Value, chunk: &mut Vec<u8>) -> Result<(), Failure> {
        let recipient = Recipient::parse(recipient)?;
        let agreement = self.agreements.get(&recipient.recipient);
        let agreement = agreement.copied().unwrap_or_default();
        let click_tracking = recipient.click_tracking.min(self.click_tracking);
        let click_tracking = click_tracking.min(agreement.click_tracking);
        let open_tracking = recipient.open_tracking.min(self.open_tracking);
        let open_tracking = open_tracking.min(agreement.open_tracking);
        let message = MailFacts {
            message: Some(&self.compiled.campaign.message),
            recipient: Some(&recipient.recipient),
            sent_at: self.sent_at,
            list_unsubscribe: recipient.list_unsubscribe.as_deref(),
            click_tracking,
            open_tracking,
        }
        .message()?;
        let html = match &self.compiled.template {
            Some(template) => {
                let report = template.report();
                let noticed = click_tracking > Level::Off && tracks_clicks(report)
                    || open_tracking > Level::Off && tracks_opens(report);
                self.handed_out += u32::from(noticed);
                self.html.clear();
                template.render_into(&message, &mut self.html);
                &self.html
            }
            None => &self.compiled.campaign.html,
        };
        let recipient = &*recipient.recipient;
        serde_json::to_writer(chunk, &Line { recipient, html })
            .map_err(|error| Failure::Invalid(error.to_string()))
    }
}
