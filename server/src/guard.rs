//! What stands around all pages and the API: none of it concerns recipients' clicks and opens.

use axum::BoxError;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::failure::{Failure, PageFailure};
use crate::pages::layout;
use crate::peer::Peer;

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'";
/// A year. Not for subdomains: those belong to others.
const HSTS: &str = "max-age=31536000";

/// Headers for every response that has not set its own.
pub(crate) async fn security_headers(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let https = Peer::of(&app.settings, &request).is_https();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    add(header::CACHE_CONTROL, "no-store");
    add(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    add(header::REFERRER_POLICY, "same-origin");
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if https {
        add(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

/// A tracking host wears its owner's name, so nobody should be asked for a token there.
pub(crate) async fn not_on_tracking_hosts(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let host = Peer::of(&app.settings, &request).host().unwrap_or_default();
    let host = String::from_utf8_lossy(host).to_ascii_lowercase();
    let is_default = app
        .registry
        .default_host()
        .is_some_and(|default| default.host() == host);
    // The page that apologises for a bad link is served there, and has its looks from here.
    let is_look = request.uri().path().starts_with("/static/");
    let is_exempt = is_default || app.settings.is_pages_host(host.as_bytes());
    if !is_exempt && !is_look && app.registry.snapshot().is_tracking_host(&host) {
        return PageFailure(Failure::NotFound("page")).into_response();
    }
    next.run(request).await
}

/// The only error of the layers around is too many requests at the same time.
pub(crate) async fn overloaded(_: BoxError) -> Response {
    let notice = layout::notice("the server is busy, try again in a moment");
    let retry = [(header::RETRY_AFTER, "1")];
    (StatusCode::SERVICE_UNAVAILABLE, retry, notice).into_response()
}
