//! The pages: written on the server, readable without JavaScript.

mod assets;
mod cards;
mod chart;
mod click_map;
mod conversion_table;
mod dashboard;
mod domain_cards;
mod domain_settings;
mod domains;
mod event_table;
mod export;
mod former;
mod heading;
pub(crate) mod layout;
mod link_card;
mod link_settings;
mod link_tables;
mod links;
mod live;
mod message;
mod numbers;
mod recipient;
mod sign_in;
mod tokens;
mod view;

use axum::Router;
use axum::routing::get;

use crate::app::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(assets::routes())
        .merge(domain_settings::routes())
        .merge(domains::routes())
        .merge(former::routes())
        .merge(link_settings::routes())
        .merge(reports())
        .merge(sign_in::routes())
        .merge(tokens::routes())
}

/// Where people sign in.
pub(crate) fn entry() -> Router<App> {
    sign_in::entry()
}

fn reports() -> Router<App> {
    Router::new()
        .route("/domains/{domain}", get(dashboard::show))
        .route("/domains/{domain}/message", get(message::show))
        .route("/domains/{domain}/click-map", get(click_map::show))
        .route("/domains/{domain}/recipient", get(recipient::show))
        .route("/domains/{domain}/live", get(live::show))
        .route("/domains/{domain}/live/events", get(live::events))
        .route("/domains/{domain}/events.csv", get(export::csv))
        .route("/domains/{domain}/events.ndjson", get(export::ndjson))
}
