//! The log as a file, for somebody signed in.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::access::SignedIn;
use crate::app::App;
use crate::failure::PageFailure;
use crate::reports::{self, Filter, known_domain};

pub(super) async fn csv(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
) -> Result<Response, PageFailure> {
    known_domain(&app, &signed_in.caller, &domain)?;
    Ok(reports::csv(app, signed_in.caller, domain, Filter::default()).await?)
}

pub(super) async fn ndjson(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
) -> Result<Response, PageFailure> {
    known_domain(&app, &signed_in.caller, &domain)?;
    Ok(reports::ndjson(app, signed_in.caller, domain, Filter::default()).await?)
}
