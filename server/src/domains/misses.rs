//! Keys that another server made since this one last read the tables.
//!
//! A token may name such a key, or any number that somebody made up. So an unknown key is asked for once, and
//! for a second that answer holds. Whatever comes, there is one query at a time and no more than ten a second,
//! each for all keys that wait by then: made-up ids can neither flood the database nor keep a new key from being
//! found.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use linkseal::KeyId;
use quick_cache::sync::Cache;
use tokio::time::Instant;
use tracing::warn;

const PAUSE: Duration = Duration::from_millis(100);
/// How long an answer holds. A genuine token of a key that was made meanwhile is refused: mail is not sent,
/// received and clicked within that time.
const HOLDS: Duration = Duration::from_secs(1);
/// As long as others wait for this query, too.
const PATIENCE: Duration = Duration::from_secs(3);
const IDS_AT_ONCE: usize = 1000;
/// More wait, but are not asked for together.
const MAX_WAITING: usize = 16_384;
const MAX_ANSWERS: usize = 16_384;

pub(super) struct Misses {
    /// When keys were asked for. Those that were found are known by now.
    answered: Cache<KeyId, Instant>,
    /// When the last query began. Whoever holds it makes the next.
    turn: tokio::sync::Mutex<Option<Instant>>,
    waiting: Mutex<BTreeSet<KeyId>>,
}

impl Default for Misses {
    fn default() -> Self {
        Self {
            answered: Cache::new(MAX_ANSWERS),
            turn: tokio::sync::Mutex::default(),
            waiting: Mutex::default(),
        }
    }
}

impl Misses {
    /// Returns when the key has been asked for, now or a moment ago. `ask` asks for keys, and makes known what
    /// is found.
    pub(super) async fn resolve<F>(&self, id: KeyId, ask: impl FnOnce(Vec<KeyId>) -> F)
    where
        F: Future<Output = Result<(), sqlx::Error>>,
    {
        if self.is_answered(id) {
            return;
        }
        self.wait(id);
        let mut turn = self.turn.lock().await;
        if self.is_answered(id) {
            return;
        }
        if let Some(last) = *turn {
            tokio::time::sleep_until(last + PAUSE).await;
        }
        *turn = Some(Instant::now());
        // If the client goes away now, those that wait ask for themselves.
        let ids = self.take_waiting(id);
        match tokio::time::timeout(PATIENCE, ask(ids.clone())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "unknown keys can't be looked for"),
            Err(_) => warn!("unknown keys can't be looked for in time"),
        }
        let now = Instant::now();
        for id in ids {
            self.answered.insert(id, now);
        }
    }

    fn is_answered(&self, id: KeyId) -> bool {
        self.answered
            .get(&id)
            .is_some_and(|answered| answered.elapsed() < HOLDS)
    }

    fn wait(&self, id: KeyId) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MAX_WAITING {
            waiting.insert(id);
        }
    }

    fn take_waiting(&self, id: KeyId) -> Vec<KeyId> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&id);
        let mut ids = vec![id];
        while ids.len() < IDS_AT_ONCE
            && let Some(other) = waiting.pop_first()
        {
            ids.push(other);
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::*;

    #[derive(Default)]
    struct Asked(Mutex<Vec<Vec<KeyId>>>);

    impl Asked {
        async fn resolve(&self, misses: &Misses, id: u32) {
            let ask = async |ids| {
                // A query takes its time.
                tokio::time::sleep(Duration::from_millis(5)).await;
                self.0.lock().unwrap().push(ids);
                Ok(())
            };
            misses.resolve(KeyId(id), ask).await;
        }

        fn counts(&self) -> Vec<usize> {
            self.0.lock().unwrap().iter().map(Vec::len).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_key_is_asked_for_once_a_second() {
        let (misses, asked) = (Misses::default(), Asked::default());
        let started = Instant::now();
        join_all((0..1000).map(|_| asked.resolve(&misses, 7))).await;
        asked.resolve(&misses, 7).await;
        assert_eq!(started.elapsed(), Duration::from_millis(5), "nobody waits");
        assert_eq!(asked.counts(), [1]);
        tokio::time::sleep(HOLDS).await;
        asked.resolve(&misses, 7).await;
        assert_eq!(asked.counts(), [1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_asked_for_together_and_with_pauses() {
        let (misses, asked) = (Misses::default(), Asked::default());
        let started = Instant::now();
        join_all((0..2500).map(|id| asked.resolve(&misses, id))).await;
        assert_eq!(asked.counts(), [1, 1000, 1000, 499]);
        assert_eq!(started.elapsed(), 3 * PAUSE + Duration::from_millis(5));
        let all: BTreeSet<_> = asked.0.lock().unwrap().concat().into_iter().collect();
        assert_eq!(all.len(), 2500);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_goes_away_takes_no_answer_along() {
        let (misses, asked) = (Misses::default(), Asked::default());
        for id in 0..3 {
            let gone = asked.resolve(&misses, id);
            assert!(gone.now_or_never().is_none());
        }
        let started = Instant::now();
        join_all((0..3).map(|id| asked.resolve(&misses, id))).await;
        assert_eq!(asked.counts(), [3]);
        assert!(started.elapsed() >= PAUSE, "the pause holds for them, too");
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_fails_is_left_alone_for_a_second() {
        let misses = Misses::default();
        let failed = Mutex::new(0);
        let resolve = async || {
            let ask = async |_| {
                *failed.lock().unwrap() += 1;
                Err(sqlx::Error::PoolTimedOut)
            };
            misses.resolve(KeyId(7), ask).await;
        };
        join_all((0..100).map(|_| resolve())).await;
        assert_eq!(*failed.lock().unwrap(), 1);
    }
}
