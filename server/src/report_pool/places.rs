//! Whose turn it is: a domain has few queries under way at the same time, and rests after each while many wait.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use crate::failure::Failure;

/// Few waits of such a length fit into the time of a request.
pub(super) const WAIT: Duration = Duration::from_secs(5);
/// Queries of one domain that may wait for their turn.
const MAX_WAITING: usize = 8;
/// While so many wait, or more, the domain rests after each query. A few people who look at pages rarely come to that.
const FLOOD: usize = 6;
/// What all queries of such a domain may have of the processors' time. Linux lets what a click wakes wait for
/// milliseconds behind a query on the same processor. With 40 loops over reports, on two processors and with PostgreSQL
/// on the same, p99 of clicks was 8.2 ms without this, and is 5.3 ms.
const TIME_SHARE: f64 = 0.1;
/// Shorter than the wait: who comes when it begins is not refused for it. Queries of some seconds take more than the
/// share.
const LONGEST_REST: Duration = Duration::from_secs(4);

pub(super) struct Places {
    queues: Mutex<HashMap<String, Arc<Queue>>>,
    at_once: usize,
    /// A rest is so many times as long as the query before it.
    rest_factor: f64,
}

impl Places {
    pub(super) fn new(at_once: u16, processors: u16) -> Self {
        Self {
            queues: Mutex::default(),
            at_once: at_once.into(),
            rest_factor: (f64::from(at_once) / (f64::from(processors) * TIME_SHARE) - 1.0).max(0.0),
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
                rest_factor: self.rest_factor,
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
    rest_factor: f64,
    rests_until: Mutex<Instant>,
    turns: Arc<Semaphore>,
}

impl Queue {
    async fn turn(&self) -> Option<Turn> {
        let permit = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let rested = *self.rests_until();
        sleep_until(rested).await;
        Some(Turn {
            query_began: None,
            _permit: permit,
        })
    }

    fn rest_after(&self, query_began: Instant) {
        let is_flood = self.asked.load(Ordering::Relaxed) >= self.at_once + FLOOD;
        if is_flood {
            let rest = query_began.elapsed().mul_f64(self.rest_factor);
            let mut rests_until = self.rests_until();
            *rests_until = (*rests_until).max(Instant::now() + rest.min(LONGEST_REST));
        }
    }

    fn rests_until(&self) -> MutexGuard<'_, Instant> {
        self.rests_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

struct Turn {
    query_began: Option<Instant>,
    _permit: OwnedSemaphorePermit,
}

/// A domain's turn, or the wait for it.
pub(super) struct Place {
    queue: Arc<Queue>,
    turn: Option<Turn>,
}

impl Place {
    /// A wait for a connection before this is not the query's time.
    pub(super) fn begin_query(&mut self) {
        if let Some(turn) = &mut self.turn {
            turn.query_began = Some(Instant::now());
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(query_began) = self.turn.as_ref().and_then(|turn| turn.query_began) {
            self.queue.rest_after(query_began);
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
    fn places() -> Places {
        Places::new(1, 2)
    }

    /// Runs a query that takes so long, and returns after how many milliseconds it began.
    async fn query(places: &Places, domain: &str, takes: Duration) -> Result<u128, Failure> {
        let asked = Instant::now();
        let mut place = places.place(domain).await?;
        let waited = asked.elapsed();
        place.begin_query();
        sleep(takes).await;
        drop(place);
        Ok(waited.as_millis())
    }

    async fn queries(places: &Places, domain: &str, count: usize) -> Vec<u128> {
        let queries = join_all((0..count).map(|_| query(places, domain, QUERY))).await;
        queries.into_iter().map(Result::unwrap).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn domain_rests_while_many_of_its_queries_wait() {
        let places = places();
        let (waited, others) = tokio::join!(queries(&places, "a", 8), queries(&places, "b", 1));
        assert_eq!(waited, [0, 1000, 2000, 2200, 2400, 2600, 2800, 3000]);
        assert_eq!(others, [0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_queries_make_no_rest() {
        assert_eq!(
            queries(&places(), "a", 6).await,
            [0, 200, 400, 600, 800, 1000]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn quick_query_does_not_end_the_rest_after_a_long_one() {
        // Two at once: rests are four times as long as the query before.
        let places = Places::new(2, 4);
        let takes = |milliseconds| query(&places, "a", Duration::from_millis(milliseconds));
        let (long, short) = (takes(100), takes(40));
        let (_, _, waited) = tokio::join!(long, short, join_all((0..8).map(|_| takes(10))));
        let waited: Vec<_> = waited.into_iter().map(Result::unwrap).collect();
        assert_eq!(waited[..3], [200, 500, 500]);
    }

    #[tokio::test(start_paused = true)]
    async fn wait_for_a_connection_makes_no_rest() {
        let places = places();
        let place = places.place("a").await.unwrap();
        let without_connection = async {
            sleep(Duration::from_secs(2)).await;
            drop(place);
        };
        let (waited, ()) = tokio::join!(queries(&places, "a", 6), without_connection);
        assert_eq!(waited[0], 2000);
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_during_a_rest_does_not_lengthen_it() {
        let places = places();
        let first = query(&places, "a", QUERY);
        let gone = timeout(Duration::from_millis(500), query(&places, "a", QUERY));
        let (_, gone, waited) = tokio::join!(first, gone, queries(&places, "a", 6));
        assert!(gone.is_err());
        assert_eq!(waited[..2], [1000, 1200]);
    }

    #[tokio::test(start_paused = true)]
    async fn rest_alone_refuses_nobody() {
        let places = places();
        let long = query(&places, "a", Duration::from_secs(20));
        let others = async {
            sleep(Duration::from_millis(19_900)).await;
            join_all((0..6).map(|_| query(&places, "a", Duration::ZERO))).await
        };
        let (_, waited) = tokio::join!(long, others);
        for waited in waited {
            assert_eq!(waited.unwrap(), 4100);
        }
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
        for (at_once, processors, factor) in [(1, 1, 9.0), (1, 4, 1.5), (2, 8, 1.5)] {
            assert!((Places::new(at_once, processors).rest_factor - factor).abs() < 1e-9);
        }
    }
}
