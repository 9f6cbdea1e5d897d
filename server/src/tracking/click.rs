//! A click: store, then redirect.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use linkseal::EventKind;
use linkseal::error::TokenError;
use uuid::Uuid;

use super::{
    NO_INDEX, NO_REFERRER, NO_STORE, Refusal, X_ROBOTS_TAG, apology, is_read, method_not_allowed,
};
use crate::app::App;
use crate::domains::Known;
use crate::event::{Event, Kind};
use crate::event_log::NotStored;
use crate::peer::Peer;

pub(super) async fn answer(app: &App, parts: Parts, from: Option<SocketAddr>) -> Response {
    let started = Instant::now();
    if !is_read(&parts.method) {
        return method_not_allowed();
    }
    let peer = Peer::from(&app.settings, &parts, from);
    let (known, said) = match super::believe(app, parts.uri.path(), &peer).await {
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
    let is_stored = parts.method == Method::GET && !known.domain.forgets();
    let recording = is_stored.then(|| {
        let address = peer.client();
        let event = Event {
            position: Some(click.position()),
            name: super::stored(click.name()),
            destination: Some(click.destination().to_owned()),
            ..super::event(app, &parts, address, &known.domain, Kind::Click, &said)
        };
        super::record(app, address, &known.domain, event)
    });
    let more = More::wanted(&known, said, parts.uri.query());
    // The connection reads the next request into the buffer of this one, if nothing refers to it any more.
    drop(parts);
    let stored_as = match recording {
        Some(recording) => match recording.await {
            Ok(id) => {
                app.metrics.observe_click(started.elapsed());
                id
            }
            Err(NotStored) => return apology::not_stored(location.to_str().unwrap_or_default()),
        },
        None => None,
    };
    let with_more = more.and_then(|more| more.add(stored_as));
    redirect(with_more.unwrap_or(location))
}

/// For parameters of the click's own.
struct More {
    known: Arc<Known>,
    query: Option<String>,
    said: linkseal::Event,
}

impl More {
    /// `None`: the domain wants none. Once it is removed, nobody does.
    fn wanted(known: &Arc<Known>, said: linkseal::Event, query: Option<&str>) -> Option<Box<Self>> {
        let domain = &known.domain;
        let is_wanted = domain.links.at_click.is_some() && domain.removed_at.is_none();
        is_wanted.then(|| {
            Box::new(Self {
                known: Arc::clone(known),
                query: query.map(str::to_owned),
                said,
            })
        })
    }

    /// Returns the destination with them.
    fn add(&self, id: Option<Uuid>) -> Option<HeaderValue> {
        let EventKind::Click(click) = self.said.kind() else {
            return None;
        };
        let links = &self.known.domain.links;
        let id = id.map(|id| id.to_string());
        let (query, id) = (self.query.as_deref(), id.as_deref());
        let at_click = links.at_click.as_ref()?;
        let with_more = at_click.destination(click, query, id, links.parameters.as_ref())?;
        HeaderValue::from_str(&with_more).ok()
    }
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
