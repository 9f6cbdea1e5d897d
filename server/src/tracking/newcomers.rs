//! Keys that another server made since this one last looked.
//!
//! A token that names an unknown key may be one of theirs, or anybody's invention. So the tables are read
//! again for it, at most once a second however many such tokens come. One that comes sooner waits for the
//! next look: were it refused, whoever sends inventions all the time could keep genuine tokens out.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use crate::database::Database;
use crate::domains::Registry;

const PAUSE: Duration = Duration::from_secs(1);
/// As long as others wait for this look, too.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Default)]
pub(crate) struct Newcomers {
    looked: Mutex<Option<Instant>>,
}

impl Newcomers {
    /// Returns when the registry has been read at some time after the call.
    pub(super) async fn look(&self, registry: &Registry, database: &Database) {
        let arrived = Instant::now();
        let mut looked = self.looked.lock().await;
        if let Some(looked) = *looked {
            if looked >= arrived {
                return;
            }
            tokio::time::sleep_until(looked + PAUSE).await;
        }
        *looked = Some(Instant::now());
        match tokio::time::timeout(PATIENCE, registry.refresh(database)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "keys can't be read anew, those known stay"),
            Err(_) => warn!("keys can't be read anew in time, those known stay"),
        }
    }
}
