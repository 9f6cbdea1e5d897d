//! Style and script, built into the program.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::app::App;

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

pub(super) fn routes() -> Router<App> {
    let asset = |kind, text| get(move || async move { asset(kind, text) });
    Router::new()
        .route(
            "/static/style.css",
            asset(CSS, include_str!("../../static/style.css")),
        )
        .route(
            "/static/reports.css",
            asset(CSS, include_str!("../../static/reports.css")),
        )
        .route(
            "/static/app.js",
            asset(JAVASCRIPT, include_str!("../../static/app.js")),
        )
        .route(
            "/static/live.js",
            asset(JAVASCRIPT, include_str!("../../static/live.js")),
        )
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
