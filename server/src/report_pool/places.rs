//! Whose turn it is: a domain has few queries under way at the same time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::failure::Failure;

/// A page with its queries one after the other must still be answered within the time of a request.
pub(super) const WAIT: Duration = Duration::from_secs(5);
/// Queries of one domain that may wait for their turn.
const MAX_WAITING: usize = 8;

pub(super) struct Places {
    queues: Mutex<HashMap<String, Arc<Queue>>>,
    at_once: usize,
}

/// Of one domain. There are as many as domains that reports were asked of.
struct Queue {
    asked: AtomicUsize,
    turns: Arc<Semaphore>,
}

impl Places {
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            queues: Mutex::default(),
            at_once,
        }
    }

    pub(super) async fn place(&self, domain: &str) -> Result<Place, Failure> {
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let queue = queues.entry(domain.to_owned()).or_insert_with(|| {
                Arc::new(Queue {
                    asked: AtomicUsize::new(0),
                    turns: Arc::new(Semaphore::new(self.at_once)),
                })
            });
            Arc::clone(queue)
        };
        let before = queue.asked.fetch_add(1, Ordering::Relaxed);
        let turns = Arc::clone(&queue.turns);
        let mut place = Place { queue, _turn: None };
        if before >= self.at_once + MAX_WAITING {
            return Err(Failure::TooMany(1));
        }
        let turn = timeout(WAIT, turns.acquire_owned()).await;
        place._turn = Some(
            turn.ok()
                .and_then(Result::ok)
                .ok_or(Failure::TooMany(WAIT.as_secs()))?,
        );
        Ok(place)
    }
}

/// A domain's turn, or the wait for it.
pub(super) struct Place {
    queue: Arc<Queue>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.asked.fetch_sub(1, Ordering::Relaxed);
    }
}
