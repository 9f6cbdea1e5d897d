//! An open: store what can be stored, and show nothing, whatever comes.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use linkseal::error::TokenError;
use linkseal::{EventKind, PIXEL_GIF};

use super::{NO_INDEX, NO_REFERRER, Refusal, X_ROBOTS_TAG, is_read, method_not_allowed};
use crate::app::App;
use crate::event::{Event, Kind};
use crate::peer::Peer;

/// Some proxies take `no-store` alone for advice.
const NEVER_CACHED: HeaderValue =
    HeaderValue::from_static("no-store, no-cache, must-revalidate, private, max-age=0");

pub(super) async fn answer(app: &App, parts: Parts, from: Option<SocketAddr>) -> Response {
    if !is_read(&parts.method) {
        return method_not_allowed();
    }
    let peer = Peer::from(&app.settings, &parts, from);
    match super::believe(app, parts.uri.path(), &peer).await {
        Ok((known, said)) => match said.kind() {
            EventKind::Open(open) if parts.method == Method::GET && !known.domain.forgets() => {
                let address = peer.client();
                let event = Event {
                    placement: Some(open.placement()),
                    ..super::event(app, &parts, address, &known.domain, Kind::Open, &said)
                };
                let recording = super::record(app, address, &known.domain, event);
                drop((parts, said));
                // A mail with a broken image helps nobody, so the answer is the same.
                let _ = recording.await;
            }
            EventKind::Open(_) => {}
            EventKind::Click(_) => refuse(app, TokenError::UnexpectedKind.into()),
        },
        Err(refusal) => refuse(app, refusal),
    }
    pixel()
}

fn refuse(app: &App, refusal: Refusal) {
    app.metrics.count_refused(Kind::Open, refusal.as_str());
}

fn pixel() -> Response {
    let mut response = Response::new(Body::from(Bytes::from_static(PIXEL_GIF)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/gif"));
    headers.insert(header::CACHE_CONTROL, NEVER_CACHED);
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::EXPIRES, HeaderValue::from_static("0"));
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(X_ROBOTS_TAG, NO_INDEX);
    response
}
