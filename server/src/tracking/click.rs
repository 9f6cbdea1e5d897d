//! A click: store, then redirect.

use std::time::Instant;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use linkseal::error::TokenError;
use linkseal::{Click, EventKind};
use uuid::Uuid;

use super::{
    NO_INDEX, NO_REFERRER, NO_STORE, Refusal, X_ROBOTS_TAG, apology, is_read, method_not_allowed,
};
use crate::app::App;
use crate::domains::Domain;
use crate::event::{Event, Kind};
use crate::event_log::NotStored;

pub(super) async fn answer(app: &App, parts: Parts) -> Response {
    let started = Instant::now();
    if !is_read(&parts.method) {
        return method_not_allowed();
    }
    let (known, said) = match super::believe(app, &parts).await {
        Ok(believed) => believed,
        Err(refusal) => return refuse(app, refusal),
    };
    let EventKind::Click(click) = said.kind() else {
        return refuse(app, TokenError::UnexpectedKind.into());
    };
    let is_stored = parts.method == Method::GET && !known.domain.forgets();
    let event = is_stored.then(|| Event {
        position: Some(click.position()),
        name: super::stored(click.name()),
        destination: Some(click.destination().to_owned()),
        ..super::event(app, &parts, &known.domain, Kind::Click, &said)
    });
    // The library promises visible ASCII, which is what a header may hold.
    let Ok(location) = HeaderValue::from_str(click.destination()) else {
        return refuse(app, TokenError::Malformed.into());
    };
    let stored_as = match event {
        Some(event) => match super::record(app, &parts, &known.domain, event).await {
            Ok(id) => id,
            Err(NotStored) => return apology::not_stored(click.destination()),
        },
        None => None,
    };
    if is_stored {
        app.metrics.observe_click(started.elapsed());
    }
    let with_more = with_more(&known.domain, click, parts.uri.query(), stored_as);
    let with_more = with_more.and_then(|with_more| HeaderValue::from_str(&with_more).ok());
    redirect(with_more.unwrap_or(location))
}

/// The destination with parameters of the click's own, if the domain wants any. Once it is removed, nobody does.
fn with_more(
    domain: &Domain,
    click: &Click,
    query: Option<&str>,
    id: Option<Uuid>,
) -> Option<String> {
    let at_click = domain.links.at_click.as_ref()?;
    if domain.removed_at.is_some() {
        return None;
    }
    let id = id.map(|id| id.to_string());
    let signed = domain.links.parameters.as_ref();
    at_click.destination(click, query, id.as_deref(), signed)
}

fn refuse(app: &App, refusal: Refusal) -> Response {
    app.metrics.count_refused(Kind::Click, refusal.as_str());
    match refusal {
        Refusal::NotReady => apology::not_ready(),
        Refusal::Host | Refusal::Token(_) => apology::broken_link(),
    }
}

fn redirect(location: HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    // For HEAD, which hyper says nothing of otherwise.
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(X_ROBOTS_TAG, NO_INDEX);
    response
}
