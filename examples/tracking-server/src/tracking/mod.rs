//! What recipients' mail clients ask for: clicks and opens. No session, no cookie, no page but an apology.

use axum::Router;

use crate::app::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
}
