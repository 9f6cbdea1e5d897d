//! What the log tells Prometheus.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Cheap to clone: clones count together.
#[derive(Clone)]
pub(super) struct Metrics {
    pub(super) commit_seconds: Histogram,
    pub(super) drained: Counter,
    pub(super) gathered: Counter,
    pub(super) not_stored: Counter,
    pub(super) queued: Gauge,
    pub(super) spool_bytes: Gauge,
    pub(super) spooled: Counter,
    pub(super) stored: Counter,
    pub(super) unreadable: Counter,
}

impl Metrics {
    pub(super) fn new() -> Self {
        Self {
            // From 0.25 ms, an SSD's commit, to the two seconds after which a group goes to the spool.
            commit_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
            drained: Counter::default(),
            gathered: Counter::default(),
            not_stored: Counter::default(),
            queued: Gauge::default(),
            spool_bytes: Gauge::default(),
            spooled: Counter::default(),
            stored: Counter::default(),
            unreadable: Counter::default(),
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let log = registry.sub_registry_with_prefix("event_log");
        log.register(
            "commit_seconds",
            "Time that groups took to be committed to the database",
            self.commit_seconds.clone(),
        );
        log.register(
            "events_stored",
            "Events committed to the database at once",
            self.stored.clone(),
        );
        log.register(
            "repeats_gathered",
            "Clicks and opens that share an event with others: one address, one link, again and again",
            self.gathered.clone(),
        );
        log.register(
            "records_spooled",
            "Events and counts that went to the spool",
            self.spooled.clone(),
        );
        log.register(
            "records_drained",
            "Events and counts that came from the spool into the database",
            self.drained.clone(),
        );
        log.register(
            "spool_lines_unreadable",
            "Lines of the spool that could not be stored: torn by a crash, or kept in a file .bad",
            self.unreadable.clone(),
        );
        log.register(
            "events_not_stored",
            "Events that neither the database nor the spool took",
            self.not_stored.clone(),
        );
        log.register(
            "spool_bytes",
            "Bytes that wait in the spool",
            self.spool_bytes.clone(),
        );
        log.register(
            "queue_length",
            "Events that wait for the next commit",
            self.queued.clone(),
        );
    }
}
