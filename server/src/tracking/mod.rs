//! What recipients' mail clients ask for: clicks and opens. No session, no cookie, no page but an apology.
//!
//! Anybody may send anything here. A request counts when its token is genuine and the host that was asked
//! may present it; no other part of the request can make it fail. Everything the answer needs is in the
//! token and in memory, so links work while the database is down. Only a key that another server made a
//! moment ago is asked for.

mod apology;
mod click;
mod client;
mod open;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use linkseal::error::TokenError;
use linkseal::{DomainConfig, Event as Said, UntrustedToken};
use uuid::Uuid;

use crate::app::App;
use crate::domains::{Domain, Known};
use crate::event::{Event, Kind, Machine};
use crate::event_log::NotStored;
use crate::failure::{Failure, PageFailure};
use crate::level::Level;
use crate::nul::without_nul;
use crate::peer::{self, Peer};

/// Returns what is asked for at a path: `/c`, `/o`, and everything under them.
pub(crate) fn kind(path: &str) -> Option<Kind> {
    let (kind, rest) = match path.split_at_checked(2)? {
        ("/c", rest) => (Kind::Click, rest),
        ("/o", rest) => (Kind::Open, rest),
        _ => return None,
    };
    (rest.is_empty() || rest.starts_with('/')).then_some(kind)
}

/// `from` is the other end of the connection.
pub(crate) async fn answer(
    app: &App,
    kind: Kind,
    parts: Parts,
    from: Option<SocketAddr>,
) -> Response {
    match kind {
        Kind::Click => click::answer(app, parts, from).await,
        Kind::Open => open::answer(app, parts, from).await,
    }
}

/// What no route takes: links of a tracking host with a path prefix, such as `/prefix/c/{token}`. Each
/// domain may have one, so the prefixes are not known where routes are made.
pub(crate) async fn under_a_prefix(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let from = peer::connected(&parts.extensions);
    let mut segments = parts.uri.path().rsplit('/');
    match segments.find(|segment| matches!(*segment, "c" | "o")) {
        Some("c") => answer(&app, Kind::Click, parts, from).await,
        Some(_) => answer(&app, Kind::Open, parts, from).await,
        None => PageFailure(Failure::NotFound("page")).into_response(),
    }
}

/// Why a request does not count.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// The token is genuine, but this host has no say over it.
    Host,
    /// Its key is not in memory, and the database was not read yet.
    NotReady,
    Token(TokenError),
}

impl Refusal {
    fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::NotReady => "not_ready",
            Self::Token(error) => error.as_str(),
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

/// Returns what the token says and the domain that it was signed for, if the token and the host it was presented
/// on can be believed.
async fn believe(app: &App, path: &str, peer: &Peer<'_>) -> Result<(Arc<Known>, Said), Refusal> {
    let token = UntrustedToken::parse_url(path)?;
    let known = app.registry.domain_of_key(&app.database, token.key_id());
    let known = match known.await {
        Some(known) => known,
        None if !app.registry.is_read() => return Err(Refusal::NotReady),
        None => return Err(TokenError::UnknownKey.into()),
    };
    let issued = known.issued.as_ref().ok_or(TokenError::UnknownKey)?;
    let said = token.verify(issued)?;
    if may_present(issued, peer.host()) {
        Ok((known, said))
    } else {
        Err(Refusal::Host)
    }
}

/// A request that names no host (HTTP/1.0) is answered: nobody gets one out of a link in a mail.
fn may_present(issued: &DomainConfig, host: Option<&[u8]>) -> bool {
    host.is_none_or(|host| str::from_utf8(host).is_ok_and(|host| issued.may_present(host)))
}

/// Returns text of a token, which may hold any character, as it is stored.
fn stored(text: Option<&str>) -> Option<String> {
    text.map(|text| without_nul(text).into_owned())
}

/// Returns the event without what only clicks have, and only opens.
fn event(
    app: &App,
    parts: &Parts,
    address: Option<IpAddr>,
    domain: &Domain,
    kind: Kind,
    said: &Said,
) -> Event {
    let headers = &parts.headers;
    let user_agent = client::text(headers, header::USER_AGENT, client::MAX_AGENT_BYTES);
    let mut event = Event {
        id: app.clock.new_id(),
        kind,
        domain: domain.id.clone(),
        message: stored(said.message()).unwrap_or_default(),
        recipient: stored(said.recipient()).unwrap_or_default(),
        position: None,
        name: None,
        destination: None,
        placement: None,
        at: app.clock.now(),
        sent_at: said.sent_at().and_then(|sent_at| sent_at.try_into().ok()),
        method: method(&parts.method),
        ip: address.and_then(|address| client::kept(address, domain.ip_storage)),
        user_agent,
        referer: client::text(headers, header::REFERER, client::MAX_REFERER_BYTES),
        accept_language: client::text(headers, header::ACCEPT_LANGUAGE, client::MAX_LANGUAGE_BYTES),
        machine: Machine::None,
        reasons: Vec::new(),
        count: 1,
        level: Level::Identified,
    };
    let agent = event.user_agent.as_deref();
    (event.machine, event.reasons) = app
        .machines
        .classify(event.kind, headers, agent, event.age());
    event
}

/// Hands an event to the log. The future returns the id under which it is there, if it is identified.
///
/// What the domain's level, as far as this server knows it, leaves out does not even get into the log's queue and
/// spool; the log looks again, and asks what was agreed with the recipient.
fn record<'a>(
    app: &'a App,
    address: Option<IpAddr>,
    domain: &Domain,
    mut event: Event,
) -> impl Future<Output = Result<Option<Uuid>, NotStored>> + use<'a> {
    let kind = event.kind;
    let level = match kind {
        Kind::Click => domain.click_tracking,
        Kind::Open => domain.open_tracking,
    };
    if level != Level::Identified || event.recipient.is_empty() {
        event.leave_out_client();
    }
    let is_identified = event.level == Level::Identified;
    let recording = (level != Level::Off).then(|| app.event_log.record(event, address));
    async move {
        let Some(recording) = recording else {
            return Ok(None);
        };
        match recording.await {
            Ok(stored_as) => {
                app.metrics.count_stored(kind, stored_as.machine);
                Ok(is_identified.then_some(stored_as.id))
            }
            Err(NotStored) => {
                app.metrics.count_not_stored(kind);
                Err(NotStored)
            }
        }
    }
}

/// Nearly all events are of this one, which need not be copied.
fn method(method: &Method) -> Cow<'static, str> {
    if method == Method::GET {
        "GET".into()
    } else {
        method.as_str().to_owned().into()
    }
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

#[cfg(test)]
mod tests {
    use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};

    use super::may_present;
    use crate::peer::bare_host;

    #[test]
    fn a_token_counts_on_its_domain_and_on_the_default_host_only() {
        let rows = [
            ("example.com", true),
            ("EXAMPLE.com", true),
            ("link.example.com", true),
            ("a.b.Example.COM:8443", true),
            ("link.example.com.", true),
            ("link.example.com.:443", true),
            ("track.service.example", true),
            ("Track.Service.Example.:80", true),
            ("evilexample.com", false),
            (".example.com", false),
            ("example.com.evil.example", false),
            ("sub.track.service.example", false),
            ("service.example", false),
            ("com", false),
            ("", false),
            (":80", false),
            ("[::1]:80", false),
            ("127.0.0.1", false),
            ("evil.example:80@example.com", false),
            ("link.other.example", false),
        ];
        let key = SigningKey::new(KeyId(1), &[7; 32]).unwrap();
        let host = TrackingHost::shared("track.service.example").unwrap();
        let issued = DomainConfig::new("example.com".parse().unwrap(), host, key).unwrap();
        for (host, expected) in rows {
            let asked = Some(bare_host(host.as_bytes()));
            assert_eq!(may_present(&issued, asked), expected, "{host}");
        }
        assert!(!may_present(&issued, Some(b"\xff\xfe")));
        assert!(may_present(&issued, None), "HTTP/1.0");
    }
}
