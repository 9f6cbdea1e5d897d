//! The JSON API, under `/api/v1`.

mod domains;
mod erasures;
mod former;
mod recipients;
mod tokens;

use axum::Router;

use crate::app::App;
use crate::failure::{ApiFailure, Failure};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(domains::routes())
        .merge(erasures::routes())
        .merge(former::routes())
        .merge(recipients::routes())
        .merge(tokens::routes())
        .fallback(|| async { ApiFailure(Failure::NotFound("resource")) })
}
