//! What a recipient of a domain agreed to.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use linkseal::Message;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::ApiCaller;
use crate::app::App;
use crate::domains::{self, Domain};
use crate::failure::{ApiFailure, Failure};
use crate::json::JsonBody;
use crate::level::Level;
use crate::nul::without_nul;
use crate::recipients::{self, Agreement, Change};
use crate::reports::RecipientExport;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(
            "/domains/{domain}/recipients/{recipient}/tracking",
            get(show).put(change),
        )
        .route(
            "/domains/{domain}/recipients/{recipient}/export",
            get(export),
        )
}

/// A field that is not there stays as it was.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Levels {
    click_tracking: Option<Level>,
    open_tracking: Option<Level>,
}

/// A recipient of a domain, both as the log has them.
pub(super) struct Addressed {
    pub(super) domain: Domain,
    pub(super) recipient: String,
}

/// Finds the domain, if the caller may see what was stored of its recipients. For the admin it may be a former
/// ownership, as in reports.
pub(super) fn addressed(
    app: &App,
    ApiCaller(caller): &ApiCaller,
    (domain, recipient): (String, String),
) -> Result<Addressed, Failure> {
    let known = domains::visible(app, caller, &domain).or_else(|failure| {
        caller.admin().map_err(|_| failure)?;
        domains::find_by_reference(app, &domain)
    })?;
    if recipient.is_empty() {
        return Err(Failure::Invalid(
            "recipient is empty, expected an id".to_owned(),
        ));
    }
    Message::default()
        .with_recipient(&*recipient)
        .map_err(|error| Failure::Invalid(error.to_string()))?;
    Ok(Addressed {
        domain: known.domain.clone(),
        recipient: without_nul(&recipient).into_owned(),
    })
}

async fn show(
    State(app): State<App>,
    caller: ApiCaller,
    Path(names): Path<(String, String)>,
) -> Result<Json<Value>, ApiFailure> {
    let addressed = addressed(&app, &caller, names)?;
    let domain = &*addressed.domain.id;
    let agreement = recipients::find(&app.database, domain, &addressed.recipient).await?;
    Ok(Json(described(&addressed, &agreement.unwrap_or_default())))
}

async fn change(
    State(app): State<App>,
    caller: ApiCaller,
    Path(names): Path<(String, String)>,
    JsonBody(levels): JsonBody<Levels>,
) -> Result<Json<Value>, ApiFailure> {
    let addressed = addressed(&app, &caller, names)?;
    if levels.click_tracking.is_none() && levels.open_tracking.is_none() {
        let expected = "there is no level, expected click_tracking or open_tracking, or both";
        return Err(Failure::Invalid(expected.to_owned()).into());
    }
    let change = Change {
        click_tracking: levels.click_tracking,
        open_tracking: levels.open_tracking,
    };
    let domain = &*addressed.domain.id;
    let now = app.clock.now();
    let agreement =
        recipients::change(&app.database, domain, &addressed.recipient, &change, now).await?;
    app.recipients.refresh(&app.database).await?;
    Ok(Json(described(&addressed, &agreement)))
}

/// What is stored under the recipient's id. An anonymous event is nobody's, and a kept mail does not say whose it is.
async fn export(
    State(app): State<App>,
    caller: ApiCaller,
    Path(names): Path<(String, String)>,
) -> Result<Response, ApiFailure> {
    let Addressed { domain, recipient } = addressed(&app, &caller, names)?;
    let agreement = recipients::find(&app.database, &domain.id, &recipient).await?;
    let tracking = agreement.filter(|agreement| agreement.changed_at.is_some());
    let tracking = tracking.map(|agreement| {
        json!({
            "click_tracking": agreement.click_tracking,
            "open_tracking": agreement.open_tracking,
            "changed_at": agreement.changed_at,
        })
    });
    let erasure = recipients::erasure_of(&app.database, &domain.id, &recipient).await?;
    let erasure = erasure.map(|erasure| {
        json!({
            "asked_at": erasure.asked_at,
            "done_at": erasure.done_at,
            "events": erasure.events,
        })
    });
    let facts = vec![
        ("domain", json!(domain.name)),
        ("recipient", json!(recipient)),
        ("exported_at", json!(app.clock.now())),
        ("tracking", json!(tracking)),
        ("erasure", json!(erasure)),
    ];
    let export = RecipientExport {
        app,
        _caller: caller.0,
        domain: domain.id,
        recipient,
        facts,
    };
    Ok(export.answer().await?)
}

pub(super) fn described(addressed: &Addressed, agreement: &Agreement) -> Value {
    let Addressed { domain, recipient } = addressed;
    json!({
        "recipient": recipient,
        "click_tracking": agreement.click_tracking,
        "open_tracking": agreement.open_tracking,
        "changed_at": agreement.changed_at,
        "applies": {
            "click_tracking": agreement.click_tracking.min(domain.click_tracking),
            "open_tracking": agreement.open_tracking.min(domain.open_tracking),
        },
    })
}
