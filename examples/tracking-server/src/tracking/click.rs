//! A click: store, then redirect.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use linkseal::{Click, Event as Said};

use super::{NO_INDEX, NO_REFERRER, NO_STORE, X_ROBOTS_TAG, apology, is_read, method_not_allowed};
use crate::app::App;
use crate::event::{Event, Kind};

pub(super) async fn answer(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if !is_read(&parts.method) {
        return method_not_allowed();
    }
    let click = match super::believe(&app, &parts).await {
        Ok(Said::Click(click)) => click,
        Ok(_) => return apology::broken_link(),
        Err(_refusal) => return apology::broken_link(),
    };
    // The library promises visible ASCII, which is what a header may hold.
    let Ok(location) = HeaderValue::from_str(click.destination()) else {
        return apology::broken_link();
    };
    if parts.method == Method::GET {
        let event = event(&app, &parts, &click);
        if app.event_log.record(event).await.is_err() {
            return apology::not_stored(click.destination());
        }
    }
    redirect(location)
}

fn redirect(location: HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(X_ROBOTS_TAG, NO_INDEX);
    response
}

fn event(app: &App, parts: &axum::http::request::Parts, click: &Click) -> Event {
    let name = super::client::without_nul(click.name());
    let said = super::Origin {
        kind: Kind::Click,
        domain: click.domain(),
        message: click.message(),
        recipient: click.recipient(),
        sent_at: click.sent_at(),
    };
    Event {
        position: Some(click.position()),
        name: (!name.is_empty()).then_some(name),
        destination: Some(click.destination().to_owned()),
        ..super::event(app, parts, &said)
    }
}
