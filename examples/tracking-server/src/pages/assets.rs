//! Style and script, built into the program.

use axum::Router;
use axum::http::header;
use axum::routing::get;

use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(
            "/static/style.css",
            get(|| async {
                let headers = [
                    (header::CONTENT_TYPE, "text/css; charset=utf-8"),
                    (header::CACHE_CONTROL, "no-cache"),
                ];
                (headers, include_str!("../../static/style.css"))
            }),
        )
        .route(
            "/static/app.js",
            get(|| async {
                let headers = [
                    (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
                    (header::CACHE_CONTROL, "no-cache"),
                ];
                (headers, include_str!("../../static/app.js"))
            }),
        )
}
