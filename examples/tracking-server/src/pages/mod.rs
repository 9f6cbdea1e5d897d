//! The pages: written on the server, readable without JavaScript.

mod assets;
mod domain_cards;
mod domain_settings;
mod domains;
pub(crate) mod layout;
mod sign_in;
mod tokens;

use axum::Router;

use crate::app::App;
use crate::failure::{Failure, PageFailure};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(assets::routes())
        .merge(domain_settings::routes())
        .merge(domains::routes())
        .merge(sign_in::routes())
        .merge(tokens::routes())
        .fallback(|| async { PageFailure(Failure::NotFound("page")) })
}
