//! Background tasks that have to run as long as the process: one that panics is started again.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tracing::error;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// After so long without a panic the pause is the first again.
const CALM: Duration = Duration::from_secs(10);

/// Cheap to clone: clones count together.
#[derive(Clone, Default)]
pub(crate) struct Supervisor {
    restarts: Family<TaskLabels, Counter>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct TaskLabels {
    task: &'static str,
}

impl Supervisor {
    /// Runs what `start` returns, anew after each panic, until it ends by itself. What a task shares with the next
    /// must bear that the one before stopped anywhere.
    pub(crate) fn run<F>(
        &self,
        task: &'static str,
        mut start: impl FnMut() -> F + Send + 'static,
    ) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let restarts = self.restarts.clone();
        tokio::spawn(async move {
            let mut pause = FIRST_PAUSE;
            loop {
                let started = Instant::now();
                let run = AssertUnwindSafe(async { start().await });
                // The hook has said what it was.
                if run.catch_unwind().await.is_ok() {
                    return;
                }
                restarts.get_or_create(&TaskLabels { task }).inc();
                if started.elapsed() > CALM {
                    pause = FIRST_PAUSE;
                }
                error!(task, "a background task panicked, it is started again");
                sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        })
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "task_restarts",
            "Background tasks that panicked and were started again",
            self.restarts.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_is_started_again_until_it_ends_by_itself() {
        let supervisor = Supervisor::default();
        let runs = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&runs);
        let began = Instant::now();
        let task = supervisor.run("test", move || {
            let runs = Arc::clone(&counted);
            async move {
                assert!(runs.fetch_add(1, Ordering::Relaxed) == 20, "not yet");
            }
        });
        task.await.unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), 21);
        let counter = supervisor
            .restarts
            .get_or_create(&TaskLabels { task: "test" });
        assert_eq!(counter.get(), 20);
        let seconds = began.elapsed().as_secs();
        assert!(
            (13..20).contains(&seconds),
            "pauses grow to a second: {seconds}"
        );
    }
}
