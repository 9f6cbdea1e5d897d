//! The one task that stores events, in groups.
//!
//! There is no fixed wait: while one group is committed, the next gathers. So a lone click is stored at
//! once, and under load a group is what came during a commit.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::NotStored;
use super::counts::Counts;
use super::record::Group;
use super::repeat_key::Key;
use super::repeats::{Repeats, StoredAs};
use super::store::Store;
use crate::event::Event;

const MAX_GROUP: usize = 512;
/// A row of table `rewritten` is for the mails of one message in this time.
const COUNT_EVERY: Duration = Duration::from_millis(250);

/// An event, and the request that waits for it to be stored.
pub(super) struct Waiting {
    pub(super) key: Key,
    pub(super) event: Box<Event>,
    pub(super) answer: oneshot::Sender<Result<StoredAs, NotStored>>,
}

pub(super) struct Writer {
    counts: Arc<Counts>,
    /// Whoever writes holds it; a writer that panicked leaves it to the next.
    queue: Mutex<mpsc::Receiver<Waiting>>,
    store: Arc<Store>,
}

impl Writer {
    pub(super) fn new(
        queue: mpsc::Receiver<Waiting>,
        counts: Arc<Counts>,
        store: Arc<Store>,
    ) -> Self {
        Self {
            counts,
            queue: Mutex::new(queue),
            store,
        }
    }

    /// Ends when it is told to, and the queue is empty.
    pub(super) async fn run(&self, stopping: CancellationToken) {
        let mut queue = self.queue.lock().await;
        let mut waiting = Vec::with_capacity(MAX_GROUP);
        // Those of a writer that panicked may count what was not stored.
        let mut repeats = Repeats::default();
        let mut counting = interval(COUNT_EVERY);
        counting.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.store.fitness.beat();
            tokio::select! {
                taken = queue.recv_many(&mut waiting, MAX_GROUP) => {
                    if taken == 0 {
                        break;
                    }
                    self.store.queued(queue.len());
                    self.store_events(&mut waiting, &mut repeats).await;
                }
                _ = counting.tick() => self.store_counts().await,
                // What is in the queue still comes; then there is nothing more.
                () = stopping.cancelled(), if !queue.is_closed() => queue.close(),
            }
        }
        self.store_counts().await;
        self.store.close_spool();
    }

    async fn store_events(&self, waiting: &mut Vec<Waiting>, repeats: &mut Repeats) {
        let mut events = Vec::with_capacity(waiting.len());
        let mut answers = Vec::with_capacity(waiting.len());
        for Waiting { key, event, answer } in waiting.drain(..) {
            let (stored_as, single) = repeats.take(key, *event);
            events.extend(single);
            answers.push((answer, stored_as));
        }
        self.store.gathered(answers.len() - events.len());
        events.extend(repeats.grown());
        let group = Arc::new(Group {
            events,
            rewritten: Vec::new(),
        });
        #[cfg(test)]
        super::tests::panic_for(&group, "writer");
        let stored = self.store.store(&group).await.is_ok();
        repeats.group_ended(stored);
        // The next group need not wait while this one is answered.
        tokio::spawn(async move {
            for (answer, stored_as) in answers {
                // Who went away meanwhile needs no answer.
                let _ = answer.send(if stored {
                    Ok(stored_as)
                } else {
                    Err(NotStored)
                });
            }
        });
    }

    async fn store_counts(&self) {
        let group = Arc::new(Group {
            events: Vec::new(),
            rewritten: self.counts.take(),
        });
        if !group.is_empty() && self.store.store(&group).await.is_err() {
            self.counts.put_back(Arc::unwrap_or_clone(group).rewritten);
        }
    }
}
