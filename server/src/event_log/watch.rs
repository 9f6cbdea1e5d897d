//! Finds out whether events could be stored while none come, and whether they can again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::store::Store;

const EVERY: Duration = Duration::from_secs(1);
/// A database that took nothing for so long is asked to.
const QUIET: Duration = Duration::from_secs(5);

pub(super) async fn run(store: Arc<Store>) {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        look(&store).await;
    }
}

/// A database that is down is the drain's: it asks until it is back.
async fn look(store: &Store) {
    if !store.is_down() && store.fitness.since_commit() >= QUIET {
        match store.target.probe().await {
            Ok(()) => store.fitness.committed(),
            Err(error) => store.fell(&error),
        }
    }
    if store.is_down() {
        store.spooled.notify_one();
        store.fitness.spooled(store.spool.probe().await.is_ok());
    }
}
