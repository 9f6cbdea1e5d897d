//! Sending domains. An answer has the records to publish and what DNS said of them, and never a key.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::access::ApiCaller;
use crate::app::App;
use crate::domains::{
    self, Change, ClickFields, IpStorage, Known, LinkChange, LinkFields, described_parameters,
};
use crate::failure::ApiFailure;
use crate::json::JsonBody;
use crate::level::Level;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/domains", get(list).post(add))
        .route("/domains/{domain}", get(show).patch(change).delete(remove))
        .route("/domains/{domain}/validate", post(validate))
        .route("/domains/{domain}/check-cname", post(check_cname))
        .route("/domains/{domain}/rotate-key", post(rotate_key))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDomain {
    domain: String,
    /// Managed elsewhere: never tracked here.
    #[serde(default)]
    external: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainChange {
    click_tracking: Option<Level>,
    open_tracking: Option<Level>,
    #[serde(default, deserialize_with = "present")]
    tracking_host: Option<Option<String>>,
    ip_storage: Option<IpStorage>,
    keep_mail: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    link_parameters: Option<Option<LinkFields>>,
    #[serde(default, deserialize_with = "present")]
    click_parameters: Option<Option<ClickFields>>,
    sealed_tokens: Option<bool>,
}

/// Tells `null`, which takes the value away, from a field that is not there.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    field: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(field).map(Some)
}

async fn list(ApiCaller(caller): ApiCaller, State(app): State<App>) -> Json<Value> {
    let snapshot = app.registry.snapshot();
    let domains: Vec<_> = snapshot
        .domains()
        .filter(|known| caller.see(&known.domain.id).is_ok())
        .map(|known| described(&app, known))
        .collect();
    Json(json!({ "domains": domains }))
}

async fn add(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    JsonBody(new): JsonBody<NewDomain>,
) -> Result<impl IntoResponse, ApiFailure> {
    caller.admin()?;
    let known = domains::add(&app, &new.domain, new.external).await?;
    Ok((StatusCode::CREATED, Json(described(&app, &known))))
}

async fn show(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    let known = domains::visible(&app, &caller, &name)?;
    let mut answer = described(&app, &known);
    // The rest is in memory, and is told while the database is down.
    let stored = app.rewriting.usage(&app.database, &known.domain.id);
    if let Value::Object(fields) = &mut answer {
        fields.insert("stored".to_owned(), json!(stored.await.ok()));
    }
    Ok(Json(answer))
}

async fn change(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    Path(name): Path<String>,
    JsonBody(change): JsonBody<DomainChange>,
) -> Result<Json<Value>, ApiFailure> {
    let known = domains::visible(&app, &caller, &name)?;
    let change = Change {
        click_tracking: change.click_tracking,
        open_tracking: change.open_tracking,
        tracking_host: change.tracking_host,
        ip_storage: change.ip_storage,
        keep_mail: change.keep_mail,
        links: LinkChange::of(
            change.link_parameters.as_ref().map(Option::as_ref),
            change.click_parameters.as_ref().map(Option::as_ref),
            change.sealed_tokens,
        )?,
    };
    let known = domains::change(&app, &known.domain, change).await?;
    Ok(Json(described(&app, &known)))
}

async fn remove(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiFailure> {
    let known = domains::visible(&app, &caller, &name)?;
    caller.admin()?;
    domains::remove(&app, &known.domain).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Not finding the record is an answer, `problem`, and no error.
async fn validate(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    let known = domains::visible(&app, &caller, &name)?;
    let problem = domains::validate(&app, &known.domain).await?;
    let mut answer = described(&app, &*domains::find(&app, known.domain.name.as_str())?);
    if let Value::Object(fields) = &mut answer {
        fields.insert("problem".to_owned(), json!(problem));
    }
    Ok(Json(answer))
}

async fn check_cname(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    let known = domains::visible(&app, &caller, &name)?;
    domains::check_cname(&app, &known.domain).await?;
    let known = domains::find(&app, known.domain.name.as_str())?;
    Ok(Json(described(&app, &known)))
}

async fn rotate_key(
    ApiCaller(caller): ApiCaller,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiFailure> {
    let known = domains::visible(&app, &caller, &name)?;
    domains::rotate_key(&app, &known.domain).await?;
    let known = domains::find(&app, known.domain.name.as_str())?;
    Ok(Json(described(&app, &known)))
}

fn described(app: &App, known: &Known) -> Value {
    let domain = &known.domain;
    let (name, value) = domains::ownership_record(domain);
    let cname = domains::cname_record(app, domain)
        .ok()
        .map(|record| json!({ "type": "CNAME", "name": record.name(), "value": record.target() }));
    json!({
        "domain": domain.name,
        "status": domain.status,
        "ownership": {
            "checked_at": domain.proof.checked_at,
            "missing_since": domain.proof.missing_since,
            "lapsed_at": domain.proof.lapsed_at,
        },
        "click_tracking": domain.click_tracking,
        "open_tracking": domain.open_tracking,
        "tracking_host": domain.tracking_host,
        "cname": {
            "state": domain.cname_state,
            "seen": domain.cname_seen,
            "checked_at": domain.cname_checked_at,
        },
        "links_use": domains::links_use(known),
        "ip_storage": domain.ip_storage,
        "keep_mail": domain.keep_mail,
        "link_parameters": domain.links.parameters.as_ref().map(described_parameters),
        "click_parameters": domain.links.at_click.as_ref().map(|parameters| parameters.described()),
        "sealed_tokens": domain.links.sealed_tokens,
        "records": {
            "ownership": { "type": "TXT", "name": name, "value": value },
            "tracking": cname,
        },
        "signing_key": known.signing_key().map(|(number, since)| {
            json!({ "number": number, "since": since, "older": known.older_keys() })
        }),
        "created_at": domain.created_at,
        "validated_at": domain.validated_at,
    })
}
