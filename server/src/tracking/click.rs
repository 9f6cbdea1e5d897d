//! A click: store, then redirect.

use std::time::Instant;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use linkseal::EventKind;
use linkseal::error::TokenError;

use super::{
    NO_INDEX, NO_REFERRER, NO_STORE, Refusal, X_ROBOTS_TAG, apology, client, is_read,
    method_not_allowed,
};
use crate::app::App;
use crate::event::{Event, Kind};

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
    // The library promises visible ASCII, which is what a header may hold.
    let Ok(location) = HeaderValue::from_str(click.destination()) else {
        return refuse(app, TokenError::Malformed.into());
    };
    if parts.method == Method::GET {
        let event = Event {
            position: Some(click.position()),
            name: click.name().map(client::without_nul),
            destination: Some(click.destination().to_owned()),
            ..super::event(app, &parts, &known.domain, Kind::Click, &said)
        };
        if super::record(app, &parts, event).await.is_err() {
            return apology::not_stored(click.destination());
        }
        app.metrics.observe_click(started.elapsed());
    }
    redirect(location)
}

fn refuse(app: &App, refusal: Refusal) -> Response {
    app.metrics.count_refused(Kind::Click, refusal.as_str());
    apology::broken_link()
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
