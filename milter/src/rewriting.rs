//! Rewrites a message on a thread of its own, within a time limit.

use std::sync::Arc;
use std::time::Duration;

use linkseal::{DomainConfig, MessageReport, PartReport, Report, rewrite_message_with_report};
use miltr_common::modifications::body::ReplaceBody;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// The longest piece of a body that the protocol carries (`MILTER_CHUNK_SIZE` of libmilter).
const CHUNK_BYTES: usize = 65_535;

/// A whole message, and what its tokens are made with.
pub(crate) struct Job {
    pub(crate) config: DomainConfig,
    pub(crate) header_bytes: usize,
    pub(crate) message: Vec<u8>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Rewritten {
    /// Empty when nothing changed.
    pub(crate) body: Vec<ReplaceBody>,
    pub(crate) bytes: usize,
    pub(crate) links: usize,
    /// Those that the message carried, and that do not verify any more if its body changed.
    pub(crate) signatures: Vec<&'static str>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RewritingError {
    #[error("the rewriting ended early: {0}")]
    Ended(#[from] tokio::task::JoinError),
    #[error("the rewriting changed the header, expected changes in the body only")]
    HeaderChanged,
    #[error("the rewriting took longer than {} ms", .0.as_millis())]
    TimedOut(Duration),
}

/// Threads that rewrite. One that is over its time limit still counts: so a flood of slow messages takes no more
/// memory than as many as there are threads.
#[derive(Clone)]
pub(crate) struct Workers(Arc<Semaphore>);

impl Workers {
    pub(crate) fn new() -> Self {
        let threads = std::thread::available_parallelism();
        Self(Arc::new(Semaphore::new(threads.map_or(1, usize::from))))
    }

    pub(crate) async fn rewrite(
        &self,
        job: Job,
        limit: Duration,
    ) -> Result<Rewritten, RewritingError> {
        let threads = Arc::clone(&self.0);
        let done = async {
            let permit = threads.acquire_owned().await;
            let rewriting = spawn_blocking(move || {
                let _permit = permit;
                rewritten(&job)
            });
            rewriting.await?
        };
        timeout(limit, done)
            .await
            .map_err(|_| RewritingError::TimedOut(limit))?
    }
}

fn rewritten(job: &Job) -> Result<Rewritten, RewritingError> {
    let (output, report) = rewrite_message_with_report(&job.message, &job.config);
    let mut rewritten = Rewritten {
        body: Vec::new(),
        bytes: output.len(),
        links: tracked_links(&report),
        signatures: report
            .signatures()
            .iter()
            .map(|kind| kind.as_str())
            .collect(),
    };
    if output == job.message {
        return Ok(rewritten);
    }
    let header = job.message.get(..job.header_bytes).unwrap_or_default();
    // A milter hands back the body alone.
    let body = output.strip_prefix(header).filter(|body| !body.is_empty());
    let body = body.ok_or(RewritingError::HeaderChanged)?;
    rewritten.body = body.chunks(CHUNK_BYTES).map(ReplaceBody::new).collect();
    Ok(rewritten)
}

fn tracked_links(report: &MessageReport) -> usize {
    let reports = report.parts().iter().filter_map(PartReport::report);
    reports.map(Report::tracked).sum()
}
