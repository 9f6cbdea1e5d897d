//! Rewriting over HTTP, for senders that are not written in Rust.
//!
//! One mail at a time by `rewrite`, or a document once and then many recipients by `campaigns`. Mail always
//! goes out: what can't be tracked is answered as it came, and the report says why. Only a request that is
//! wrong in itself is refused.

mod body;
mod campaign;
mod mail;
mod messages;
mod recipients;
mod render;
mod report;
mod store;
mod templates;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;
use crate::database::Database;
use messages::Messages;
use templates::Templates;

/// Over this many bytes the threads that serve others should not be kept waiting. At some 500 MB a second it
/// takes half a millisecond.
const SHORT_WORK_BYTES: usize = 256 * 1024;

/// What this part remembers from one request to the next.
pub(crate) struct Rewriting {
    messages: Messages,
    templates: Templates,
}

impl Rewriting {
    pub(crate) fn start(database: Database) -> Self {
        Self {
            messages: Messages::start(database),
            templates: Templates::new(),
        }
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

/// Does work on so many bytes where it keeps nobody else waiting.
fn aside<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes > SHORT_WORK_BYTES {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}
