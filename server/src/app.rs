//! What all requests share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::access::{KnownTokens, Limits};
use crate::clock::Clock;
use crate::database::Database;
use crate::domains::{Dns, Registry};
use crate::event_log::EventLog;
use crate::machine::Machines;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::options::Settings;
use crate::recipients::KnownRecipients;
use crate::report_pool::ReportPool;
use crate::rewriting::Rewriting;
use crate::supervisor::Supervisor;

pub(crate) type App = Arc<Shared>;

pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) database: Database,
    pub(crate) dns: Dns,
    pub(crate) event_log: EventLog,
    pub(crate) limits: Limits,
    pub(crate) machines: Machines,
    pub(crate) memory: Memory,
    pub(crate) metrics: Metrics,
    /// Cancelled once the database is open: tables are up to date, and what is in memory was read.
    pub(crate) opened: CancellationToken,
    pub(crate) recipients: KnownRecipients,
    pub(crate) registry: Registry,
    pub(crate) report_pool: ReportPool,
    pub(crate) rewriting: Rewriting,
    pub(crate) settings: Settings,
    pub(crate) supervisor: Supervisor,
    pub(crate) tokens: KnownTokens,
}
