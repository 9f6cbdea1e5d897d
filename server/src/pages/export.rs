//! The events that a page shows as a file, for somebody signed in.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::view::View;
use crate::access::SignedIn;
use crate::app::App;
use crate::failure::PageFailure;
use crate::reports::{self, known_or_former};

pub(super) async fn csv(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
    query: Result<Query<View>, QueryRejection>,
) -> Result<Response, PageFailure> {
    let id = known_or_former(&app, &signed_in.caller, &domain)?;
    let filter = View::parse(query)?.filter(&app);
    Ok(reports::csv(app, signed_in.caller, id, filter).await?)
}

pub(super) async fn ndjson(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
    query: Result<Query<View>, QueryRejection>,
) -> Result<Response, PageFailure> {
    let id = known_or_former(&app, &signed_in.caller, &domain)?;
    let filter = View::parse(query)?.filter(&app);
    Ok(reports::ndjson(app, signed_in.caller, id, filter).await?)
}
