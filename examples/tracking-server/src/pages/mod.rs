//! The pages: written on the server, readable without JavaScript.

mod assets;
pub(crate) mod layout;

use axum::Router;

use crate::app::App;

pub(crate) fn routes() -> Router<App> {
    Router::new().merge(assets::routes())
}
