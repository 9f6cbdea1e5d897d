//! `POST /api/v1/rewrite`: one mail in, the same mail with tracking URLs out.

use axum::extract::State;
use axum::response::Response;
use linkseal::rewrite_with_report;
use serde::{Deserialize, Serialize};

use super::facts::MailFacts;
use super::report::{ReportJson, tracks_clicks, tracks_opens};
use super::sent::Sent;
use crate::app::App;
use crate::domains::{self, Known, MailParameters};
use crate::failure::ApiFailure;
use crate::level::Level;
use crate::parts::json;
use crate::recipients::Agreement;
use crate::work::aside;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mail {
    domain: String,
    /// The sender's id for the message; without one, tokens are anonymous.
    message: Option<String>,
    recipient: Option<String>,
    /// Unix seconds; now, if it is not stated.
    sent_at: Option<u64>,
    /// The value of the mail's `List-Unsubscribe` field: the same link in the body is left alone.
    list_unsubscribe: Option<String>,
    #[serde(default)]
    click_tracking: Level,
    #[serde(default)]
    open_tracking: Level,
    #[serde(default)]
    link_parameters: MailParameters,
    html: String,
}

#[derive(Serialize)]
struct Rewritten<'a> {
    html: &'a str,
    report: ReportJson<'a>,
}

pub(super) async fn rewrite_one(
    State(app): State<App>,
    Sent {
        body: mail,
        caller,
        memory,
    }: Sent<Mail>,
) -> Result<Response, ApiFailure> {
    let known = domains::visible(&app, &caller, &mail.domain)?;
    let agreement = agreement(&app, &known, mail.recipient.as_deref()).await;
    let message = MailFacts {
        message: mail.message.as_deref(),
        recipient: mail.recipient.as_deref(),
        sent_at: mail.sent_at.or_else(|| now_s(&app)),
        list_unsubscribe: mail.list_unsubscribe.as_deref(),
        click_tracking: mail.click_tracking.min(agreement.click_tracking),
        open_tracking: mail.open_tracking.min(agreement.open_tracking),
    }
    .message()?;
    let Some(config) = &known.config else {
        mail.link_parameters
            .over(known.domain.links.parameters.as_ref())?;
        let report = ReportJson::unseen(&app, &known, &mail.html);
        let html = &mail.html;
        return Ok(json(memory, html.len(), &Rewritten { html, report }));
    };
    let id = message.id().unwrap_or_default().to_owned();
    let scoped = mail.link_parameters.scope(config)?.for_message(message);
    let (html, report) = aside(mail.html.len(), || rewrite_with_report(&mail.html, &scoped));
    if tracks_clicks(&report) || tracks_opens(&report) {
        let domain = &*known.domain.id;
        app.event_log.count_rewritten(domain, &id, 1);
        // What a mail says of its recipient is not kept of somebody who is not to be identified.
        let lowest = agreement.lowest().min(mail.click_tracking);
        let may_keep = known.domain.keep_mail && lowest == Level::Identified;
        let kept = may_keep.then_some(mail.html.as_str());
        let messages = &app.rewriting.messages;
        messages.see(domain, &id, app.clock.now(), kept);
    }
    let report = ReportJson::from(&report);
    Ok(json(
        memory,
        html.len(),
        &Rewritten {
            html: &html,
            report,
        },
    ))
}

async fn agreement(app: &App, known: &Known, recipient: Option<&str>) -> Agreement {
    let Some(recipient) = recipient.filter(|recipient| !recipient.is_empty()) else {
        return Agreement::default();
    };
    let domain = &*known.domain.id;
    let ids = std::iter::once(recipient);
    let known = app.recipients.agreements(&app.database, domain, ids).await;
    known.get(recipient).copied().unwrap_or_default()
}

/// `None` while the clock is before 1970.
pub(super) fn now_s(app: &App) -> Option<u64> {
    u64::try_from(app.clock.now() / 1000).ok()
}
