//! Whose turn it is: a domain has few queries under way at the same time, and rests after each while many wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use crate::failure::Failure;

/// A page with its queries one after the other must still be answered within the time of a request.
pub(super) const WAIT: Duration = Duration::from_secs(5);
/// Queries of one domain that may wait for their turn.
const MAX_WAITING: usize = 8;
/// While so many wait, or more, the domain rests after each query: that is a flood, and no few people who look at pages.
const FLOOD: usize = 4;
/// A flood of one domain's queries has one of so many parts of the processors' time. Linux lets what a click wakes wait
/// for milliseconds behind a query on the same processor. With 40 loops over reports, on two processors and with
/// PostgreSQL on the same, p99 of clicks was 8.2 ms, and is 5.3 ms.
const TIME_SHARE: f64 = 10.0;
/// Shorter than the wait: a rest alone refuses nobody.
const LONGEST_REST: Duration = Duration::from_secs(4);

pub(super) struct Places {
    queues: Mutex<HashMap<String, Arc<Queue>>>,
    at_once: usize,
    /// How long a domain rests after a query that took a second.
    rest: f64,
}

impl Places {
    pub(super) fn new(at_once: u16, processors: u16) -> Self {
        Self {
            queues: Mutex::default(),
            at_once: at_once.into(),
            rest: (TIME_SHARE * f64::from(at_once) / f64::from(processors) - 1.0).max(0.0),
        }
    }

    pub(super) async fn place(&self, domain: &str) -> Result<Place, Failure> {
        let queue = self.queue(domain);
        let before = queue.asked.fetch_add(1, Ordering::Relaxed);
        let mut place = Place { queue, turn: None };
        if before >= self.at_once + MAX_WAITING {
            return Err(Failure::TooMany(1));
        }
        let turn = timeout(WAIT, place.queue.turn()).await;
        place.turn = Some(
            turn.ok()
                .flatten()
                .ok_or(Failure::TooMany(WAIT.as_secs()))?,
        );
        Ok(place)
    }

    fn queue(&self, domain: &str) -> Arc<Queue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(domain.to_owned()).or_insert_with(|| {
            Arc::new(Queue {
                asked: AtomicUsize::new(0),
                at_once: self.at_once,
                rest: self.rest,
                rests_until: Mutex::new(Instant::now()),
                turns: Arc::new(Semaphore::new(self.at_once)),
            })
        });
        Arc::clone(queue)
    }
}

/// Of one domain. There are as many as domains that reports were asked of.
struct Queue {
    asked: AtomicUsize,
    at_once: usize,
    rest: f64,
    rests_until: Mutex<Instant>,
    turns: Arc<Semaphore>,
}

impl Queue {
    async fn turn(&self) -> Option<Turn> {
        let permit = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let rested = *self.rests_until();
        sleep_until(rested).await;
        Some(Turn {
            began: Instant::now(),
            _permit: permit,
        })
    }

    fn rest_after(&self, turn: &Turn) {
        let is_flood = self.asked.load(Ordering::Relaxed) >= self.at_once + FLOOD;
        if is_flood {
            let rest = turn.began.elapsed().mul_f64(self.rest).min(LONGEST_REST);
            *self.rests_until() = Instant::now() + rest;
        }
    }

    fn rests_until(&self) -> MutexGuard<'_, Instant> {
        self.rests_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

struct Turn {
    began: Instant,
    _permit: OwnedSemaphorePermit,
}

/// A domain's turn, or the wait for it.
pub(super) struct Place {
    queue: Arc<Queue>,
    turn: Option<Turn>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(turn) = &self.turn {
            self.queue.rest_after(turn);
        }
        self.queue.asked.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    const QUERY: Duration = Duration::from_millis(200);

    /// One query at a time on two processors: a domain rests four times as long as each took.
    fn places() -> Arc<Places> {
        Arc::new(Places::new(1, 2))
    }

    /// Runs a query that takes so long, and returns after how many milliseconds it began.
    async fn query(places: &Places, domain: &str, takes: Duration) -> Result<u128, Failure> {
        let asked = Instant::now();
        let place = places.place(domain).await?;
        let waited = asked.elapsed();
        sleep(takes).await;
        drop(place);
        Ok(waited.as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn domain_rests_while_many_of_its_queries_wait() {
        let places = places();
        let queries = (0..6).map(|_| query(&places, "a", QUERY));
        let (waited, others) = tokio::join!(join_all(queries), query(&places, "b", QUERY));
        let waited: Vec<_> = waited.into_iter().map(Result::unwrap).collect();
        assert_eq!(waited, [0, 1000, 2000, 2200, 2400, 2600]);
        assert_eq!(others.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn lone_reader_need_not_wait() {
        let places = places();
        for _ in 0..20 {
            assert_eq!(query(&places, "a", QUERY).await.unwrap(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rest_alone_refuses_nobody() {
        let places = places();
        let long = query(&places, "a", Duration::from_secs(20));
        let others = async {
            sleep(Duration::from_millis(19_500)).await;
            join_all((0..4).map(|_| query(&places, "a", QUERY))).await
        };
        let (_, waited) = tokio::join!(long, others);
        assert_eq!(*waited[0].as_ref().unwrap(), 4500);
        assert_eq!(*waited[1].as_ref().unwrap(), 4700);
    }

    #[tokio::test(start_paused = true)]
    async fn query_is_refused_at_once_or_after_five_seconds() {
        let places = places();
        let long = query(&places, "a", Duration::from_secs(20));
        let refused = async {
            let asked = Instant::now();
            let queries = (0..10).map(|_| query(&places, "a", QUERY));
            let refused = join_all(queries).await;
            assert_eq!(asked.elapsed(), WAIT);
            refused
        };
        let (_, refused) = tokio::join!(long, refused);
        for (number, refused) in refused.into_iter().enumerate() {
            let retry_after = if number < MAX_WAITING { 5 } else { 1 };
            assert!(matches!(refused, Err(Failure::TooMany(after)) if after == retry_after));
        }
    }

    #[test]
    fn share_of_time_is_the_same_on_more_processors() {
        for (at_once, processors, rest) in [(1, 1, 9.0), (1, 4, 1.5), (2, 8, 1.5), (1, 16, 0.0)] {
            assert!((Places::new(at_once, processors).rest - rest).abs() < 1e-9);
        }
    }
}
