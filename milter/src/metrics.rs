//! Counters for Prometheus.

use std::net::SocketAddr;
use std::sync::Arc;
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

use crate::outcome::Outcome;

/// From a newsletter to the time limit.
const SECONDS: [f64; 9] = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];

pub(crate) struct Metrics {
    bytes: Family<DirectionLabels, Counter>,
    pub(crate) connections: Gauge,
    messages: Family<OutcomeLabels, Counter>,
    registry: Registry,
    reloads: Family<ResultLabels, Counter>,
    seconds: Histogram,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct DirectionLabels {
    direction: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct ResultLabels {
    result: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            bytes: Family::default(),
            connections: Gauge::default(),
            messages: Family::default(),
            registry: Registry::with_prefix("linkseal_milter"),
            reloads: Family::default(),
            seconds: Histogram::new(SECONDS),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        for outcome in Outcome::ALL {
            let outcome = outcome.as_str();
            // There from the start, so that a rate can be told from the first one on.
            drop(self.messages.get_or_create(&OutcomeLabels { outcome }));
        }
        let registry = &mut self.registry;
        registry.register(
            "messages",
            "Messages, by what became of them",
            self.messages.clone(),
        );
        registry.register(
            "message_bytes",
            "Bytes of the messages that were to be rewritten, before and after",
            self.bytes.clone(),
        );
        registry.register(
            "rewriting_seconds",
            "Time from the end of a message to its answer",
            self.seconds.clone(),
        );
        registry.register(
            "connections",
            "Connections of mail servers",
            self.connections.clone(),
        );
        registry.register(
            "reloads",
            "Settings read anew, by whether they could be used",
            self.reloads.clone(),
        );
        self
    }

    pub(crate) fn count(&self, outcome: Outcome) {
        let outcome = outcome.as_str();
        self.messages
            .get_or_create(&OutcomeLabels { outcome })
            .inc();
    }

    pub(crate) fn observe(&self, taken: Duration, bytes_in: usize, bytes_out: usize) {
        self.seconds.observe(taken.as_secs_f64());
        for (direction, bytes) in [("in", bytes_in), ("out", bytes_out)] {
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            self.bytes
                .get_or_create(&DirectionLabels { direction })
                .inc_by(bytes);
        }
    }

    pub(crate) fn count_reload(&self, result: &'static str) {
        self.reloads.get_or_create(&ResultLabels { result }).inc();
    }
}

/// Serves the counters until the program ends.
pub(crate) async fn serve(
    address: SocketAddr,
    metrics: Arc<Metrics>,
) -> std::io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/metrics", get(answer))
        .with_state(metrics);
    let serving = async move {
        if let Err(error) = axum::serve(listener, router).await {
            error!(%error, "the metrics can't be served");
        }
    };
    Ok((address, serving))
}

async fn answer(State(metrics): State<Arc<Metrics>>) -> Response {
    let mut body = String::new();
    if text::encode(&mut body, &metrics.registry).is_err() {
        error!("the metrics could not be written as text");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let headers = [
        (
            header::CONTENT_TYPE,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body).into_response()
}
