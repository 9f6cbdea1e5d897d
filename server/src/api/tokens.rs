//! Access tokens for one domain each. A token is in the answer that made it, and in no other.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::{ApiCaller, token};
use crate::app::App;
use crate::domains;
use crate::failure::ApiFailure;
use crate::json::JsonBody;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/tokens", get(list).post(create))
        .route("/tokens/{id}", delete(revoke))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    name: String,
    domain: String,
}

async fn list(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
) -> Result<Json<Value>, ApiFailure> {
    caller.admin()?;
    let tokens = token::list(&app.database).await?;
    Ok(Json(json!({ "tokens": tokens })))
}

async fn create(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    JsonBody(new): JsonBody<NewToken>,
) -> Result<impl IntoResponse, ApiFailure> {
    caller.admin()?;
    let known = domains::find(&app, &new.domain)?;
    let (id, token) = token::create(&app, &new.name, &known.domain.id).await?;
    let answer = json!({
        "id": id,
        "name": new.name.trim(),
        "domain": known.domain.name,
        "token": token.reveal(),
    });
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn revoke(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiFailure> {
    caller.admin()?;
    token::revoke(&app, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
