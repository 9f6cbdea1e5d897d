//! Erasure of a recipient: asked for here, carried out in the background.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::recipients::{Addressed, addressed};
use crate::access::ApiCaller;
use crate::app::App;
use crate::erasure::is_spool_through;
use crate::failure::{ApiFailure, Failure};
use crate::recipients::{self, Erasure};

pub(super) fn routes() -> Router<App> {
    Router::new().route(
        "/domains/{domain}/recipients/{recipient}",
        get(show).delete(erase),
    )
}

/// Asked again, it also holds for what happened since.
async fn erase(
    State(app): State<App>,
    caller: ApiCaller,
    Path(names): Path<(String, String)>,
    uri: axum::http::Uri,
) -> Result<impl IntoResponse, ApiFailure> {
    let addressed = addressed(&app, &caller, names)?;
    let (domain, recipient) = (&*addressed.domain.id, &*addressed.recipient);
    recipients::ask(&app.database, domain, recipient, app.clock.now()).await?;
    app.recipients.refresh(&app.database).await?;
    let erasure = find(&app, &addressed).await?;
    let location = [(header::LOCATION, format!("/api/v1{}", uri.path()))];
    let state = described(&app, &addressed, &erasure);
    Ok((StatusCode::ACCEPTED, location, Json(state)))
}

async fn show(
    State(app): State<App>,
    caller: ApiCaller,
    Path(names): Path<(String, String)>,
) -> Result<Json<Value>, ApiFailure> {
    let addressed = addressed(&app, &caller, names)?;
    let erasure = find(&app, &addressed).await?;
    Ok(Json(described(&app, &addressed, &erasure)))
}

async fn find(app: &App, addressed: &Addressed) -> Result<Erasure, Failure> {
    let domain = &addressed.domain.id;
    recipients::erasure_of(&app.database, domain, &addressed.recipient)
        .await?
        .ok_or(Failure::NotFound("erasure of this recipient"))
}

fn described(app: &App, addressed: &Addressed, erasure: &Erasure) -> Value {
    let done_at = erasure.done_at.filter(|_| is_spool_through(app, erasure));
    json!({
        "recipient": addressed.recipient,
        "state": if done_at.is_some() { "done" } else { "running" },
        "asked_at": erasure.asked_at,
        "done_at": done_at,
        "events": erasure.events,
    })
}
