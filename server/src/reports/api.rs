//! Reports as JSON, under `/api/v1/domains/{domain}/`.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::asked::{Asked, ScopeQuery, asked, is_full, limited, no_cursor, parts};
use crate::access::ApiCaller;
use crate::app::App;
use crate::failure::ApiFailure;

type Answer = Result<Json<Value>, ApiFailure>;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/domains/{domain}/stats", get(stats))
        .route("/domains/{domain}/series", get(series))
        .route("/domains/{domain}/messages", get(messages))
        .route("/domains/{domain}/links", get(links))
        .route("/domains/{domain}/names", get(names))
}

async fn stats(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let (id, query) = asked(&app, &caller, &domain, query)?;
    let scope = query.scope(&app, id)?;
    Ok(Json(json!(super::figures(&app, &scope).await?)))
}

async fn series(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let (id, query) = asked(&app, &caller, &domain, query)?;
    let scope = query.scope(&app, id)?;
    Ok(Json(json!(super::series(&app, &scope).await?)))
}

async fn messages(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let (id, query) = asked(&app, &caller, &domain, query)?;
    let limit = limited(query.limit)?;
    let after = query.after.as_deref().map(parts).transpose()?;
    let counting = query.counting()?;
    let page = super::messages(&app, &id, counting, after, limit).await?;
    let next = page
        .last()
        .filter(|_| is_full(&page, limit))
        .map(|last| format!("{}:{}", last.first_at, last.message));
    Ok(Json(json!({ "messages": page, "next": next })))
}

/// Ordered by clicks, so a page may repeat or miss a link whose rank changes between two pages.
async fn links(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let (id, query) = asked(&app, &caller, &domain, query)?;
    let limit = limited(query.limit)?;
    let offset: i64 = match &query.after {
        Some(after) => after.parse().map_err(|_| no_cursor())?,
        None => 0,
    };
    let page = super::links(&app, &query.scope(&app, id)?, limit, offset.max(0)).await?;
    let next = is_full(&page, limit).then(|| (offset.max(0).saturating_add(limit)).to_string());
    Ok(Json(json!({ "links": page, "next": next })))
}

async fn names(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let (id, query) = asked(&app, &caller, &domain, query)?;
    let scope = query.scope(&app, id)?;
    let names = super::names(&app, &scope).await?;
    let comparison = super::compare(&app, &scope, &names).await?;
    Ok(Json(json!({ "names": names, "comparison": comparison })))
}
