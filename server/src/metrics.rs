//! Counters for Prometheus, and whether the server is fit to answer.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tracing::error;

use crate::access::ApiCaller;
use crate::app::App;
use crate::domains::Status;
use crate::event::{Kind, Machine};
use crate::failure::ApiFailure;

/// From a group commit on a fast disk to the longest that a request waits for one.
const ANSWER_SECONDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0, 5.0];

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

pub(crate) struct Metrics {
    registry: Registry,
    answer_seconds: Histogram,
    domains: Family<StatusLabels, Gauge>,
    events: Family<EventLabels, Counter>,
    /// All of `events`: a click need not look for its own under a lock.
    stored: Vec<(Kind, Machine, Counter)>,
    not_stored: Family<KindLabels, Counter>,
    refused: Family<RefusalLabels, Counter>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct EventLabels {
    kind: &'static str,
    machine: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct StatusLabels {
    status: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RefusalLabels {
    kind: &'static str,
    reason: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let events = Family::default();
        let metrics = Self {
            stored: stored(&events),
            registry: Registry::with_prefix("tracking"),
            answer_seconds: Histogram::new(ANSWER_SECONDS),
            domains: Family::default(),
            events,
            not_stored: Family::default(),
            refused: Family::default(),
        };
        metrics.registered()
    }

    /// As they are now, also none.
    fn count_domains(&self, app: &App) {
        for status in Status::ALL {
            let snapshot = app.registry.snapshot();
            let domains = snapshot.domains();
            let count = domains
                .filter(|known| known.domain.status == status)
                .count();
            self.domains
                .get_or_create(&StatusLabels {
                    status: status.as_str(),
                })
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "click_answer_seconds",
            "Time from a click's headers to its redirect, storing included",
            self.answer_seconds.clone(),
        );
        registry.register("domains", "Sending domains", self.domains.clone());
        registry.register(
            "events",
            "Clicks and opens stored, by what made them",
            self.events.clone(),
        );
        registry.register(
            "events_not_stored",
            "Clicks and opens that neither database nor spool could take",
            self.not_stored.clone(),
        );
        registry.register(
            "refusals",
            "Requests without a genuine token, or on a host that may not present it",
            self.refused.clone(),
        );
        self
    }

    /// For other parts' counters.
    pub(crate) fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    pub(crate) fn count_stored(&self, kind: Kind, machine: Machine) {
        let mut counters = self.stored.iter();
        if let Some((.., counter)) = counters.find(|(of, by, _)| (*of, *by) == (kind, machine)) {
            counter.inc();
        }
    }

    pub(crate) fn count_not_stored(&self, kind: Kind) {
        let kind = kind.as_str();
        self.not_stored.get_or_create(&KindLabels { kind }).inc();
    }

    pub(crate) fn count_refused(&self, kind: Kind, reason: &'static str) {
        let kind = kind.as_str();
        let labels = RefusalLabels { kind, reason };
        self.refused.get_or_create(&labels).inc();
    }

    pub(crate) fn observe_click(&self, taken: Duration) {
        self.answer_seconds.observe(taken.as_secs_f64());
    }
}

fn stored(events: &Family<EventLabels, Counter>) -> Vec<(Kind, Machine, Counter)> {
    let kinds = [Kind::Click, Kind::Open].into_iter();
    let all = kinds.flat_map(|kind| {
        [Machine::None, Machine::Suspected, Machine::Certain].map(|machine| (kind, machine))
    });
    all.map(|(kind, machine)| {
        let labels = EventLabels {
            kind: kind.as_str(),
            machine: machine.as_str(),
        };
        (kind, machine, events.get_or_create(&labels).clone())
    })
    .collect()
}

async fn metrics(
    State(app): State<App>,
    ApiCaller(caller): ApiCaller,
) -> Result<Response, ApiFailure> {
    caller.admin()?;
    app.metrics.count_domains(&app);
    let mut body = String::new();
    if text::encode(&mut body, &app.metrics.registry).is_err() {
        error!("the metrics could not be written as text");
        return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
    }
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body).into_response())
}

/// Whether the process lives: who supervises it ends one that does not answer.
async fn health() -> Response {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// Whether a click could be stored and answered now, for load balancers. A server without its database still
/// redirects and spools, so it stays in service. Everybody may ask, however often: all of it is known already.
async fn ready(State(app): State<App>) -> Response {
    let log = app.event_log.fitness();
    let domains = app.registry.is_filled();
    let is_ready = domains && log.writer && (log.database || log.spool);
    let said = |is_so: bool, yes: &'static str, no: &'static str| if is_so { yes } else { no };
    let text = format!(
        "{}\ndomains: {}\ndatabase: {}\nspool: {}\nwriter: {}\n",
        said(is_ready, "ready", "not ready"),
        said(domains, "known", "not read yet"),
        said(log.database, "up", "down"),
        said(log.spool, "writable", "not writable"),
        said(log.writer, "running", "stuck"),
    );
    let status = if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
