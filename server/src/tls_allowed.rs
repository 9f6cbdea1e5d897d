//! Which hosts a proxy may get certificates for. A proxy that gets them on demand asks before it does: otherwise anybody
//! could point names at it, and have it ask its certificate authority without end.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::app::App;
use crate::failure::{Failure, PageFailure};
use crate::peer::{Peer, bare_host};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/internal/tls-allowed", get(answer))
}

#[derive(Deserialize)]
struct Asked {
    domain: String,
}

/// For a trusted proxy that asks for itself. Whoever comes by a proxy, or by the name of a host that is served to
/// everybody, finds nothing here.
async fn answer(State(app): State<App>, parts: Parts) -> Response {
    let peer = Peer::new(&app.settings, &parts);
    let is_public = peer.host().is_some_and(|host| is_known(&app, host));
    if !peer.is_proxy_itself() || is_public {
        return PageFailure(Failure::NotFound("page")).into_response();
    }
    let Ok(Query(Asked { domain })) = Query::try_from_uri(&parts.uri) else {
        let missing = "there is no domain in the query, expected domain=HOST".to_owned();
        return PageFailure(Failure::Invalid(missing)).into_response();
    };
    if is_known(&app, bare_host(domain.as_bytes())) {
        StatusCode::OK.into_response()
    } else {
        PageFailure(Failure::NotFound("host")).into_response()
    }
}

/// Tracking hosts, also of domains that lapsed or were removed, whose links still redirect; the default host; that of the
/// pages.
fn is_known(app: &App, host: &[u8]) -> bool {
    let host = String::from_utf8_lossy(host).to_ascii_lowercase();
    let default = app.registry.default_host();
    default.is_some_and(|default| default.host() == host)
        || app.settings.is_pages_host(host.as_bytes())
        || app.registry.snapshot().is_tracking_host(&host)
}
