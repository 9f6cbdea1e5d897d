//! Rewriting over HTTP, for senders that are not written in Rust.
//!
//! One mail at a time by `rewrite`, or a document once and then many recipients by `campaigns`. Mail always
//! goes out: what can't be tracked is answered as it came, and the report says why. Only a request that is
//! wrong in itself is refused.

mod campaign;
mod erasing;
mod facts;
mod mail;
mod messages;
mod quota;
mod recipients;
mod render;
mod report;
mod sent;
mod store;
mod templates;

use axum::Router;
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::clock::Clock;
use crate::database::Database;
use crate::supervisor::Supervisor;
pub(crate) use erasing::erase_from_mail;
use messages::Messages;
pub(crate) use quota::{Kept, Quota, Usage};
use templates::Templates;

/// What this part remembers from one request to the next.
pub(crate) struct Rewriting {
    messages: Messages,
    quota: Quota,
    templates: Templates,
}

impl Rewriting {
    /// `opened` is when the database is there for the first time.
    pub(crate) fn start(
        database: Database,
        clock: Clock,
        quota: Quota,
        supervisor: &Supervisor,
        opened: &CancellationToken,
    ) -> Self {
        let (deleter, opened) = (database.clone(), opened.clone());
        supervisor.run("quota", move || {
            let (database, clock) = (deleter.clone(), clock.clone());
            let opened = opened.clone();
            async move {
                opened.cancelled().await;
                quota.keep(&database, &clock).await;
            }
        });
        Self {
            messages: Messages::start(database, quota, supervisor),
            quota,
            templates: Templates::new(),
        }
    }

    /// What is stored of a domain, and how much of it may be.
    pub(crate) async fn usage(
        &self,
        database: &Database,
        domain: &str,
    ) -> Result<Usage, sqlx::Error> {
        self.quota.usage(database, domain).await
    }

    /// How much mail was noted so far, for [`has_noted`](Self::has_noted).
    pub(crate) fn noted(&self) -> u64 {
        self.messages.told()
    }

    /// Whether none of it waits any longer for being stored.
    pub(crate) fn has_noted(&self, noted: u64) -> bool {
        self.messages.has_ended(noted)
    }

    /// Stores what is waiting, and takes no more.
    pub(crate) async fn stop(&self) {
        self.messages.stop().await;
    }
}

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/rewrite", post(mail::rewrite_one))
        .route("/campaigns", post(campaign::create))
        .route("/campaigns/{id}", get(campaign::show))
        .route("/campaigns/{id}/render", post(render::render))
}
