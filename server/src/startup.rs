//! Opens the database: at the start, or as soon as it is there.
//!
//! What waiting may mend is waited for: a server that is not up, a lock, a full disk. What it can't ends the
//! program, whenever it is found: a wrong password, a file that is no database, keys that can't be decrypted.

use std::error::Error;
use std::time::Duration;

use tracing::{info, warn};

use crate::access::ensure_admin_token;
use crate::app::App;
use crate::database::may_pass;
use crate::domains::encryption::{self, Which};
use crate::logging::say;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Returns when the database is open, or is to be waited for. Then domains and keys are those of the last run, if
/// they were kept.
pub(crate) async fn begin(app: &App) -> Result<(), Box<dyn Error>> {
    match open(app).await {
        Err(error) if is_outage(&*error) => {
            warn!(%error, "the database is not there, the server waits for it");
            app.registry.read_cache();
            Ok(())
        }
        done => done,
    }
}

/// Opens the database if that is still to be done. Returns what waiting can't mend, or never.
pub(crate) async fn wait(app: &App) -> Box<dyn Error> {
    let mut pause = FIRST_PAUSE;
    while !app.opened.is_cancelled() {
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
        match open(app).await {
            Ok(()) => info!("the database is there"),
            Err(error) if is_outage(&*error) => {
                warn!(%error, "the database is not there, the server waits for it");
            }
            Err(error) => return error,
        }
    }
    std::future::pending().await
}

fn is_outage(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref().is_some_and(may_pass)
}

/// May be done again after it failed anywhere.
async fn open(app: &App) -> Result<(), Box<dyn Error>> {
    let database = &app.database;
    database.migrate().await?;
    let keyring = app.registry.keyring();
    encryption::check(database, keyring).await?;
    encryption::encrypt(database, keyring, Which::Others).await?;
    let given = app.settings.admin_token.as_deref();
    if let Some(token) = ensure_admin_token(database, &app.clock, given).await? {
        say(format!("admin token, shown this once: {}", token.reveal()));
    }
    app.registry.refresh(database).await?;
    app.tokens.refresh(database).await?;
    app.recipients.refresh(database).await?;
    app.event_log.begin();
    app.opened.cancel();
    Ok(())
}
