//! What recipients' mail clients ask for: clicks and opens. No session, no cookie, no page but an apology.
//!
//! Anybody may send anything here. A request counts when its token is genuine and the host that was asked
//! may present it; no other part of the request can make it fail. Everything the answer needs is in the
//! token and in memory, so links work while the database is down.

mod apology;
mod click;
mod client;
mod host;
mod newcomers;
mod open;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use linkseal::{Event as Said, TokenError};

use crate::app::App;
use crate::domains::IpStorage;
use crate::event::{Event, Kind, Machine};
use crate::event_log::NotStored;
use crate::failure::{Failure, PageFailure};
use crate::peer::Peer;

pub(crate) use newcomers::Newcomers;

/// Returns what is asked for at a path: `/c`, `/o`, and everything under them.
pub(crate) fn kind(path: &str) -> Option<Kind> {
    let (kind, rest) = match path.split_at_checked(2)? {
        ("/c", rest) => (Kind::Click, rest),
        ("/o", rest) => (Kind::Open, rest),
        _ => return None,
    };
    (rest.is_empty() || rest.starts_with('/')).then_some(kind)
}

pub(crate) async fn answer(app: &App, kind: Kind, parts: Parts) -> Response {
    match kind {
        Kind::Click => click::answer(app, parts).await,
        Kind::Open => open::answer(app, parts).await,
    }
}

/// What no route takes: links of a tracking host with a path prefix, such as `/prefix/c/{token}`. Each
/// domain may have one, so the prefixes are not known where routes are made.
pub(crate) async fn under_a_prefix(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut segments = parts.uri.path().rsplit('/');
    match segments.find(|segment| matches!(*segment, "c" | "o")) {
        Some("c") => answer(&app, Kind::Click, parts).await,
        Some(_) => answer(&app, Kind::Open, parts).await,
        None => PageFailure(Failure::NotFound("page")).into_response(),
    }
}

/// Why a request does not count.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// The token is genuine, but this host has no say over it.
    Host,
    Token(TokenError),
}

impl Refusal {
    fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Token(error) => error.as_str(),
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

/// Returns what the token says, if the token and the host it was presented on can be believed.
async fn believe(app: &App, parts: &Parts) -> Result<Said, Refusal> {
    let path = parts.uri.path();
    let mut said = app.registry.snapshot().verifier().verify_url(path);
    if said == Err(TokenError::UnknownKey) {
        // Another server may have made the key a moment ago.
        app.newcomers.look(&app.registry, &app.database).await;
        said = app.registry.snapshot().verifier().verify_url(path);
    }
    let said = said?;
    let domain = match &said {
        Said::Click(click) => click.domain(),
        Said::Open(open) => open.domain(),
        _ => return Err(TokenError::UnexpectedKind.into()),
    };
    let default_host = app
        .registry
        .default_host()
        .map(linkseal::TrackingHost::host);
    let asked = Peer::new(&app.settings, parts).host();
    if host::may_present(asked, domain, default_host) {
        Ok(said)
    } else {
        Err(Refusal::Host)
    }
}

/// What clicks and opens have in common.
struct Origin<'a> {
    kind: Kind,
    domain: &'a str,
    message: &'a str,
    recipient: &'a str,
    sent_at: u64,
}

/// Returns the event without what only clicks have, and only opens.
fn event(app: &App, parts: &Parts, origin: &Origin<'_>) -> Event {
    // A genuine token's domain is known; if ever not, nothing says that an address may be kept.
    let ip_storage = app
        .registry
        .snapshot()
        .with_removed(origin.domain)
        .map_or(IpStorage::None, |known| known.domain.ip_storage);
    let address = Peer::new(&app.settings, parts).client();
    let headers = &parts.headers;
    let user_agent = client::text(headers, header::USER_AGENT, client::MAX_AGENT_BYTES);
    let mut event = Event {
        id: app.clock.new_id(),
        kind: origin.kind,
        domain: origin.domain.to_owned(),
        message: client::without_nul(origin.message),
        recipient: client::without_nul(origin.recipient),
        position: None,
        name: None,
        destination: None,
        placement: None,
        at: app.clock.now(),
        sent_at: i64::try_from(origin.sent_at)
            .ok()
            .filter(|sent_at| *sent_at > 0),
        method: parts.method.as_str().to_owned(),
        ip: address.and_then(|address| client::kept(address, ip_storage)),
        user_agent,
        referer: client::text(headers, header::REFERER, client::MAX_REFERER_BYTES),
        accept_language: client::text(headers, header::ACCEPT_LANGUAGE, client::MAX_LANGUAGE_BYTES),
        machine: Machine::None,
        reasons: Vec::new(),
    };
    let agent = event.user_agent.as_deref();
    (event.machine, event.reasons) = app
        .machines
        .classify(event.kind, headers, agent, event.age());
    event
}

async fn record(app: &App, event: Event) -> Result<(), NotStored> {
    let (kind, machine) = (event.kind, event.machine);
    let stored = app.event_log.record(event).await;
    match stored {
        Ok(()) => app.metrics.count_stored(kind, machine),
        Err(NotStored) => app.metrics.count_not_stored(kind),
    }
    stored
}

fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

fn method_not_allowed() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}

const NO_INDEX: HeaderValue = HeaderValue::from_static("noindex");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const X_ROBOTS_TAG: header::HeaderName = header::HeaderName::from_static("x-robots-tag");
