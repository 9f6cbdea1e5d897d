//! Saves what the card of a domain's links says.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;

use super::domain_cards::{self, Said};
use super::link_card::LinkForm;
use crate::access::CsrfForm;
use crate::app::App;
use crate::domains::{self, Change};
use crate::failure::{Failure, PageFailure};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/domains/{domain}/link-settings", post(save))
}

async fn save(
    State(app): State<App>,
    Path(name): Path<String>,
    CsrfForm { signed_in, form }: CsrfForm<LinkForm>,
) -> Result<Response, PageFailure> {
    let known = domains::visible(&app, &signed_in.caller, &name)?;
    match form.change() {
        Ok(links) => {
            let change = Change {
                links,
                ..Change::default()
            };
            domains::change(&app, &known.domain, change).await?;
            let settings = format!("/domains/{}/settings", known.domain.name);
            Ok(Redirect::to(&settings).into_response())
        }
        Err(failure @ Failure::Invalid(_)) => {
            let said = Said::OfLinks(failure.message(), form);
            let page = domain_cards::page(&app, &signed_in, &known, &said, None);
            Ok((failure.status(), page).into_response())
        }
        Err(failure) => Err(failure.into()),
    }
}
