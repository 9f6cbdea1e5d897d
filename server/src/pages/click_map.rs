//! The document in the click map's frame. Its policy is stricter than that of the pages in all but inline style.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::message::USUAL;
use super::view::View;
use crate::access::SignedIn;
use crate::app::App;
use crate::failure::{Failure, PageFailure};
use crate::reports::{ClickMap, Images, kept_mail, known_domain};

/// No origin, no script, no form, no navigation of other windows; nothing loaded but images in the mail itself.
macro_rules! policy {
    ($images:literal) => {
        concat!(
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src ",
            $images,
            "; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
        )
    };
}

const fn policy(images: Images) -> &'static str {
    match images {
        Images::Away => policy!("data:"),
        Images::Loaded => policy!("data: http: https:"),
    }
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
    query: Result<Query<View>, QueryRejection>,
) -> Result<Response, PageFailure> {
    let id = known_domain(&app, &signed_in.caller, &domain)?;
    let view = View::parse(query)?;
    let message = view.message.as_deref().unwrap_or_default();
    let mail = kept_mail(&app, &id, message).await?.flatten();
    let mail = mail.ok_or(Failure::NotFound("kept mail"))?;
    let scope = view.scope(&app, &id, Some(message), USUAL);
    let map = ClickMap::draw(&app, &scope, &mail, view.images()).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy(view.images())),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    Ok((headers, map.html).into_response())
}
