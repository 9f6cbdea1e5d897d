//! Former ownerships of domains, for the admin: what there is, and the deletion of what belongs to one.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::access::ApiCaller;
use crate::app::App;
use crate::domains::{self, Domain};
use crate::failure::ApiFailure;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/former-domains", get(list))
        .route("/former-domains/{domain}/{number}", delete(ask_deletion))
}

async fn list(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
) -> Result<Json<Value>, ApiFailure> {
    caller.admin()?;
    let former: Vec<_> = domains::former(&app)
        .iter()
        .map(|known| described(&known.domain))
        .collect();
    Ok(Json(json!({ "former_domains": former })))
}

/// It takes its time: 202 says that it will be done.
async fn ask_deletion(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    Path((name, number)): Path<(String, u32)>,
) -> Result<impl IntoResponse, ApiFailure> {
    caller.admin()?;
    let known = domains::find_former(&app, &name, number)?;
    domains::delete_former(&app, &known).await?;
    let known = domains::find_former(&app, &name, number)?;
    Ok((StatusCode::ACCEPTED, Json(described(&known.domain))))
}

fn described(domain: &Domain) -> Value {
    json!({
        "domain": domain.name,
        "number": domains::number_of(&domain.id),
        "created_at": domain.created_at,
        "validated_at": domain.validated_at,
        "removed_at": domain.removed_at,
        "deletion_asked_at": domain.deletion_asked_at,
        "deleted_at": domain.deleted_at,
    })
}
