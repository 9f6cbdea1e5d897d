//! Counters for Prometheus.

pub(crate) struct Metrics {}
