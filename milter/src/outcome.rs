//! What became of a message, as logs and counters name it.

use std::time::Duration;

use linkseal::SendingDomain;
use tracing::{info, warn};

use crate::metrics::Metrics;
use crate::recipient::Identified;
use crate::rewriting::{RewritingError, Rewritten};

/// One for each message.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Outcome {
    /// The rewriting failed.
    Failed,
    /// Its sending domain is not configured.
    OtherDomain,
    /// The body was replaced.
    Rewritten,
    /// The rewriting took longer than the time limit.
    TimedOut,
    /// It is longer than the limit.
    TooLarge,
    /// Nothing in it is to be tracked.
    Unchanged,
    /// Its From field does not name one sending domain.
    UnclearFrom,
    /// The client may not send for the domain.
    Untrusted,
}

impl Outcome {
    pub(crate) const ALL: [Self; 8] = [
        Self::Failed,
        Self::OtherDomain,
        Self::Rewritten,
        Self::TimedOut,
        Self::TooLarge,
        Self::Unchanged,
        Self::UnclearFrom,
        Self::Untrusted,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::OtherDomain => "other_domain",
            Self::Rewritten => "rewritten",
            Self::TimedOut => "timed_out",
            Self::TooLarge => "too_large",
            Self::Unchanged => "unchanged",
            Self::UnclearFrom => "unclear_from",
            Self::Untrusted => "untrusted",
        }
    }
}

/// What the log says of a message: no address, and nothing that the message says.
pub(crate) struct Record {
    bytes_in: usize,
    bytes_out: usize,
    pub(crate) domain: Option<SendingDomain>,
    error: Option<String>,
    /// The sender said how far to track, in words that are not known.
    pub(crate) has_unclear_level: bool,
    pub(crate) identified: Identified,
    links: usize,
    pub(crate) outcome: Outcome,
    queue_id: String,
    signatures: String,
}

impl Record {
    pub(crate) fn new(queue_id: &str, bytes: usize) -> Self {
        Self {
            bytes_in: bytes,
            bytes_out: bytes,
            domain: None,
            error: None,
            has_unclear_level: false,
            identified: Identified::No,
            links: 0,
            outcome: Outcome::OtherDomain,
            queue_id: queue_id.to_owned(),
            signatures: String::new(),
        }
    }

    pub(crate) fn succeeded(&mut self, rewritten: &Rewritten) {
        self.bytes_out = rewritten.bytes;
        self.links = rewritten.links;
        self.outcome = if rewritten.body.is_empty() {
            Outcome::Unchanged
        } else {
            self.signatures = rewritten.signatures.join(",");
            Outcome::Rewritten
        };
    }

    pub(crate) fn failed(&mut self, error: &RewritingError) {
        self.error = Some(error.to_string());
        self.outcome = if matches!(error, RewritingError::TimedOut(_)) {
            Outcome::TimedOut
        } else {
            Outcome::Failed
        };
    }

    pub(crate) fn write(&self, metrics: &Metrics, taken: Duration) {
        metrics.count(self.outcome);
        let Some(domain) = &self.domain else {
            info!(
                queue_id = self.queue_id,
                outcome = self.outcome.as_str(),
                bytes = self.bytes_in,
                "message"
            );
            return;
        };
        if self.has_unclear_level {
            warn!(
                queue_id = self.queue_id,
                %domain,
                "the tracking header field can't be read, expected `clicks=` and `opens=` with levels: nothing is tracked"
            );
        }
        metrics.observe(taken, self.bytes_in, self.bytes_out);
        let microseconds = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
        if let Some(error) = &self.error {
            warn!(
                queue_id = self.queue_id,
                outcome = self.outcome.as_str(),
                %domain,
                bytes = self.bytes_in,
                microseconds,
                error,
                "message"
            );
            return;
        }
        info!(
            queue_id = self.queue_id,
            outcome = self.outcome.as_str(),
            %domain,
            links = self.links,
            recipient = self.identified.as_str(),
            bytes_in = self.bytes_in,
            bytes_out = self.bytes_out,
            signatures = self.broken_signatures(),
            microseconds,
            "message"
        );
    }

    /// The field is left out when there are none, as it should be: a signer comes after the milter.
    fn broken_signatures(&self) -> Option<&str> {
        Some(&*self.signatures).filter(|kinds| !kinds.is_empty())
    }
}
