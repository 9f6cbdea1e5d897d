//! Former ownerships: of domains that were removed. Only the admin sees them, and may have their data deleted.

use std::sync::Arc;

use linkseal::SendingDomain;

use super::{Known, changes, ownership};
use crate::app::App;
use crate::failure::Failure;

/// All former ownerships, by name, the first one first.
pub(crate) fn former(app: &App) -> Vec<Arc<Known>> {
    let snapshot = app.registry.snapshot();
    let mut former: Vec<_> = snapshot.former().map(Arc::clone).collect();
    former.sort_by_key(|known| {
        let domain = &known.domain;
        (domain.name.clone(), ownership::number_of(&domain.id))
    });
    former
}

/// One of them, by the domain's name as anybody may write it, and its number.
pub(crate) fn find_former(app: &App, name: &str, number: u32) -> Result<Arc<Known>, Failure> {
    name.parse::<SendingDomain>()
        .ok()
        .and_then(|name| ownership::id_of(name.as_str(), number))
        .and_then(|id| app.registry.snapshot().ownership(&id).map(Arc::clone))
        .filter(|known| known.domain.removed_at.is_some())
        .ok_or(Failure::NotFound("former domain"))
}

/// Asks for the deletion of all that belongs to a former ownership, which is done in the background. Its keys stay:
/// links in mail that was sent redirect on, but what is clicked is stored no more.
pub(crate) async fn delete_former(app: &App, known: &Known) -> Result<(), Failure> {
    changes::ask_deletion(&app.database, &known.domain.id, app.clock.now()).await?;
    app.registry.refresh(&app.database).await?;
    Ok(())
}

/// One of them, as `example.com#1`.
pub(crate) fn find_by_reference(app: &App, reference: &str) -> Result<Arc<Known>, Failure> {
    ownership::id_in(reference)
        .and_then(|id| app.registry.snapshot().ownership(&id).map(Arc::clone))
        .filter(|known| known.domain.removed_at.is_some())
        .ok_or(Failure::NotFound("domain"))
}
