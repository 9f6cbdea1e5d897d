//! The tasks of the event log: started again when they panic, ended when it stops.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::store::Store;
use super::writer::Writer;
use super::{checkpoint, drain, retention, settling, timeline, watch};
use crate::clock::Clock;
use crate::database::Database;
use crate::supervisor::Supervisor;

pub(super) struct Background<'a> {
    pub(super) supervisor: &'a Supervisor,
    pub(super) stopping: &'a CancellationToken,
    /// Until then there may be no tables.
    pub(super) opened: &'a CancellationToken,
    pub(super) tasks: Vec<JoinHandle<()>>,
}

impl Background<'_> {
    pub(super) fn writer(&mut self, writer: Arc<Writer>) {
        let stopping = self.stopping.clone();
        let write = move || {
            let (writer, stopping) = (Arc::clone(&writer), stopping.clone());
            async move { writer.run(stopping).await }
        };
        self.tasks
            .push(self.supervisor.run("event_log_writer", write));
    }

    pub(super) fn jobs(
        &mut self,
        store: &Arc<Store>,
        database: Database,
        clock: Clock,
        retention_days: Option<u32>,
    ) {
        let at_once = CancellationToken::new();
        at_once.cancel();
        let stored = Arc::clone(store);
        self.job("watch", &at_once, move || watch::run(Arc::clone(&stored)));
        let opened = self.opened;
        let stored = Arc::clone(store);
        self.job("drain", opened, move || drain::run(Arc::clone(&stored)));
        let (on, by) = (database.clone(), clock.clone());
        self.job("settling", opened, move || {
            settling::run(on.clone(), by.clone())
        });
        let on = database.clone();
        self.job("checkpoint", opened, move || checkpoint::run(on.clone()));
        let on = database.clone();
        self.job("timeline", opened, move || timeline::run(on.clone()));
        if let Some(days) = retention_days {
            let run = move || retention::run(database.clone(), clock.clone(), days);
            self.job("retention", opened, run);
        }
    }

    /// A job may be dropped anywhere: each of its steps is a transaction, and may be done again.
    fn job<F>(
        &mut self,
        name: &'static str,
        from: &CancellationToken,
        start: impl Fn() -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stopping, from) = (self.stopping.clone(), from.clone());
        let run = move || {
            let (stopping, from, job) = (stopping.clone(), from.clone(), start());
            async move {
                let job = async {
                    from.cancelled().await;
                    job.await;
                };
                stopping.run_until_cancelled(job).await;
            }
        };
        self.tasks.push(self.supervisor.run(name, run));
    }
}
