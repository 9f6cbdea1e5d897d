//! `POST /api/v1/campaigns` takes a document that many recipients will get, `GET` says what it is.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::facts::MailFacts;
use super::report::ReportJson;
use super::sent::Sent;
use super::store::{self, Campaign};
use super::templates::Compiled;
use crate::access::ApiCaller;
use crate::app::App;
use crate::domains::{self, MailParameters};
use crate::failure::{ApiFailure, Failure};
use crate::memory::{Held, rewriting_bytes};
use crate::parts::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCampaign {
    domain: String,
    message: String,
    #[serde(default)]
    link_parameters: MailParameters,
    html: String,
}

#[derive(Serialize)]
struct CampaignJson<'a> {
    id: &'a str,
    domain: &'a str,
    message: &'a str,
    created_at: i64,
    #[serde(skip_serializing_if = "MailParameters::is_of_domain")]
    link_parameters: &'a MailParameters,
    report: ReportJson<'a>,
}

pub(super) async fn create(
    State(app): State<App>,
    Sent {
        body: new,
        caller,
        memory,
    }: Sent<NewCampaign>,
) -> Result<Response, ApiFailure> {
    let known = domains::visible(&app, &caller, &new.domain)?;
    if new.message.is_empty() {
        return Err(Failure::Invalid("message is empty, expected an id".to_owned()).into());
    }
    MailFacts::of(&new.message).message()?;
    let of_domain = known.domain.links.parameters.as_ref();
    new.link_parameters.over(of_domain)?;
    let campaign = Campaign {
        id: app.clock.new_id().to_string(),
        domain: known.domain.id.clone(),
        message: new.message,
        link_parameters: new.link_parameters,
        html: new.html,
        created_at: app.clock.now(),
    };
    let quota = app.rewriting.quota;
    for deleted in store::insert(&app.database, quota, &campaign).await? {
        app.rewriting.templates.forget(&deleted);
    }
    let compiled = Arc::new(Compiled::new(Arc::new(campaign), known));
    app.rewriting.templates.insert(Arc::clone(&compiled));
    let mut response = answer(&app, &compiled, memory);
    *response.status_mut() = StatusCode::CREATED;
    let location = format!("/api/v1/campaigns/{}", compiled.campaign.id);
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

pub(super) async fn show(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
    Path(id): Path<String>,
) -> Result<Response, ApiFailure> {
    let templates = &app.rewriting.templates;
    let compiled = templates.find(&app, &caller, &id).await?;
    let bytes = rewriting_bytes(compiled.campaign.html.len());
    let memory = app.memory.work(caller.domain.as_deref(), bytes).await?;
    Ok(answer(&app, &compiled, memory))
}

fn answer(app: &App, compiled: &Compiled, memory: Held) -> Response {
    let Campaign {
        id,
        domain,
        message,
        link_parameters,
        html,
        created_at,
    } = &*compiled.campaign;
    let report = match &compiled.template {
        Some(template) => ReportJson::from(template.report()),
        None => ReportJson::unseen(app, compiled.known(), html),
    };
    let campaign = CampaignJson {
        id,
        domain: domains::name_of(domain),
        message,
        created_at: *created_at,
        link_parameters,
        report,
    };
    json(memory, html.len(), &campaign)
}
