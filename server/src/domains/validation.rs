//! Validation: the TXT record that proves who owns a domain is looked for until it is found, and every day from then on.

use tracing::warn;

use super::{Domain, Status, proof};
use crate::app::App;
use crate::failure::Failure;

/// The TXT record that proves who owns a domain.
pub(crate) fn ownership_record(domain: &Domain) -> (String, String) {
    (
        format!("_linkseal.{}", domain.name),
        format!("linkseal-verify={}", domain.verification),
    )
}

/// Looks for the TXT record; says what was found instead. Who asks often does not make a domain lapse sooner.
pub(crate) async fn validate(app: &App, domain: &Domain) -> Result<Option<String>, Failure> {
    if domain.status == Status::External {
        return Ok(None);
    }
    let problem = problem(app, domain).await?;
    if problem.is_none() {
        proof::found(&app.database, domain, app.clock.now()).await?;
    }
    app.registry.refresh(&app.database).await?;
    Ok(problem)
}

/// What nobody asked for: every time while a domain is pending or has lapsed, once a day while it is validated. That DNS
/// can't be asked says nothing of the record.
pub(super) async fn look_again(app: &App, domain: &Domain) -> Result<(), Failure> {
    let now = app.clock.now();
    let is_due = match domain.status {
        Status::External => false,
        Status::Lapsed | Status::Pending => true,
        Status::Validated => domain.proof.is_due(now),
    };
    if !is_due {
        return Ok(());
    }
    match problem(app, domain).await? {
        None => proof::found(&app.database, domain, now).await?,
        Some(problem) if domain.status == Status::Validated => {
            if proof::missed(&app.database, domain, now).await? {
                warn!(domain = %domain.name, problem, "the domain has lapsed, its mail goes out untracked");
            } else {
                warn!(domain = %domain.name, problem, "the domain will lapse");
            }
        }
        Some(_) => {}
    }
    Ok(())
}

async fn problem(app: &App, domain: &Domain) -> Result<Option<String>, Failure> {
    let (name, value) = ownership_record(domain);
    let found = app.dns.txt(&name).await?;
    if found.iter().any(|text| text.trim() == value) {
        return Ok(None);
    }
    Ok(Some(match found.first() {
        Some(other) => format!("the TXT record at {name} is `{other}`, expected `{value}`"),
        None if domain.status == Status::Pending => format!("there is no TXT record at {name} yet"),
        None => format!("there is no TXT record at {name} any more"),
    }))
}
