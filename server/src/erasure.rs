//! Erases recipients in the background, once somebody has asked for it.
//!
//! That it was asked for is in the database, with how far it has come, so whatever ends the process, this server or
//! another one goes on. Done it is when nothing stands anywhere in the database, and nothing older waits in the spool
//! of the server that carries it out, nor among its mail that is to be kept. What other servers have in theirs is stored anonymously when it comes.

use std::time::Duration;

use tokio::time::sleep;
use tracing::{error, info, warn};

use crate::app::App;
use crate::conversions::erase_from_conversions;
use crate::event_log::{empty_write_ahead_log, erase_events, erase_from_timeline};
use crate::recipients::{self, Erasure};
use crate::rewriting::erase_from_mail;

const EVERY: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(10);
/// Mail that waits longer waits for the database; it is asked again.
const NOTING: Duration = Duration::from_secs(2);
/// A segment may begin so long after the first event that it holds.
const SPOOLING_MS: i64 = 30_000;

/// Never ends.
pub(crate) async fn erase_as_asked(app: App) {
    let process = app.clock.new_id().simple().to_string();
    loop {
        match recipients::running(&app.database).await {
            Ok(erasures) => {
                for erasure in erasures {
                    let domain = erasure.domain.clone();
                    if let Err(error) = carry_out(&app, &process, erasure).await {
                        warn!(domain, %error, "a recipient can't be erased, soon again");
                    }
                }
            }
            Err(error) => warn!(%error, "it can't be read who is to be erased"),
        }
        sleep(EVERY).await;
    }
}

/// Whether nothing older waits in this server's spool.
pub(crate) fn is_spool_through(app: &App, erasure: &Erasure) -> bool {
    !app.event_log
        .has_spooled_before(erasure.asked_at + SPOOLING_MS)
}

/// Whether mail that was noted before is stored, and so can be looked through.
async fn is_mail_noted(app: &App, noted: u64) -> bool {
    let stored = async {
        while !app.rewriting.has_noted(noted) {
            sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(NOTING, stored).await.is_ok()
}

/// As far as it goes now.
async fn carry_out(app: &App, process: &str, erasure: Erasure) -> Result<(), sqlx::Error> {
    let claim = async || erasure.claim(&app.database, process, app.clock.now()).await;
    if !claim().await? {
        return Ok(());
    }
    if let Some(recipient) = &erasure.recipient {
        let noted = app.rewriting.noted();
        let mut last = erasure.seq;
        while let Some(seq) = erase_events(&app.database, &erasure, recipient, last).await? {
            last = seq;
            if !claim().await? {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
        if !erase_from_timeline(&app.database, &erasure, recipient, last).await?
            || !is_spool_through(app, &erasure)
            || !is_mail_noted(app, noted).await
        {
            return Ok(());
        }
        erase_elsewhere(app, &erasure, recipient).await?;
        erasure.forget_recipient(&app.database).await?;
    }
    if empty_write_ahead_log(&app.database).await? {
        erasure.finish(&app.database, app.clock.now()).await?;
        info!(domain = erasure.domain, "a recipient was erased");
    }
    Ok(())
}

async fn erase_elsewhere(app: &App, erasure: &Erasure, recipient: &str) -> Result<(), sqlx::Error> {
    let known = app.registry.snapshot().ownership(&erasure.domain).cloned();
    let issued = known.as_ref().and_then(|known| known.issued.as_ref());
    let stored = (&app.database, &app.rewriting);
    erase_from_mail(stored, erasure, recipient, issued).await?;
    erase_from_conversions(&app.database, erasure, recipient).await?;
    let erased = app
        .event_log
        .erase_set_aside(erasure.clone(), recipient.to_owned());
    erased.await.map_err(|error| {
        error!(%error, "what the spool set aside can't be read or written");
        sqlx::Error::Io(error)
    })
}
