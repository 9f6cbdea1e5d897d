//! What can be done with a domain, for the pages and for the API alike.
//!
//! Who may do it was decided before. Everything ends with a registry that knows of the change.

use std::sync::Arc;

use futures_util::StreamExt as _;
use linkseal::error::ConfigError;
use linkseal::{CnameRecord, SendingDomain, TrackingHost};
use tracing::warn;
use zeroize::Zeroizing;

use super::changes::{self, Change, New};
use super::dns::Pointing;
use super::{CnameState, Domain, Known, Status, validation};
use crate::access::{Caller, new_secret};
use crate::app::App;
use crate::failure::Failure;
use crate::peer::bare_host;

const KEY_BYTES: usize = 32;
/// How many domains a check of all asks DNS for at the same time.
const CHECKS_AT_ONCE: usize = 8;
const HOUR_MS: i64 = 60 * 60 * 1000;
const KEYS_AN_HOUR: usize = 20;

/// The CNAME record to publish, or why there is none.
pub(crate) fn cname_record(app: &App, domain: &Domain) -> Result<CnameRecord, Failure> {
    let host = domain
        .tracking_host
        .as_deref()
        .ok_or_else(|| Failure::Invalid("the domain has no tracking subdomain".to_owned()))?;
    let target = match (&app.settings.cname_target, app.registry.default_host()) {
        (Some(target), _) => target.as_str(),
        (None, Some(host)) => host.host(),
        (None, None) => {
            return Err(Failure::Invalid(
                "this service has neither a CNAME target nor a default host, \
                 expected CNAME_TARGET or DEFAULT_HOST to be set"
                    .to_owned(),
            ));
        }
    };
    TrackingHost::custom(host)
        .and_then(|host| host.cname_record(target))
        .map_err(invalid)
}

/// A domain that is there, by its name as anybody may write it.
pub(crate) fn find(app: &App, name: &str) -> Result<Arc<Known>, Failure> {
    name.parse::<SendingDomain>()
        .ok()
        .and_then(|name| {
            app.registry
                .snapshot()
                .domain(name.as_str())
                .map(Arc::clone)
        })
        .ok_or(Failure::NotFound("domain"))
}

/// The same for a caller: a domain of somebody else's is not there.
pub(crate) fn visible(app: &App, caller: &Caller, name: &str) -> Result<Arc<Known>, Failure> {
    let known = find(app, name)?;
    caller.see(&known.domain.id)?;
    Ok(known)
}

/// The host that tracked links have now. `None`: mail goes out untracked.
pub(crate) fn links_use(known: &Known) -> Option<&str> {
    let config = known.config.as_ref()?;
    (known.domain.status == Status::Validated).then(|| config.tracking_host().host())
}

/// Adds a domain. One that was removed starts anew: what was before stays with its former ownership.
pub(crate) async fn add(app: &App, name: &str, external: bool) -> Result<Arc<Known>, Failure> {
    let name: SendingDomain = name.trim().parse().map_err(invalid)?;
    let new = New {
        name,
        status: if external {
            Status::External
        } else {
            Status::Pending
        },
        verification: new_secret(),
        created_at: app.clock.now(),
    };
    if !changes::add(&app.database, &new, &new_key(), app.registry.keyring()).await? {
        return Err(Failure::Conflict(format!(
            "`{}` is there already",
            new.name
        )));
    }
    app.registry.refresh(&app.database).await?;
    find(app, new.name.as_str())
}

pub(crate) async fn change(
    app: &App,
    domain: &Domain,
    mut change: Change,
) -> Result<Arc<Known>, Failure> {
    if let Some(Some(host)) = &mut change.tracking_host {
        *host = own_host(&domain.name, host.trim())?;
        let named = host.split('/').next().unwrap_or(host);
        if app.settings.is_pages_host(bare_host(named.as_bytes())) {
            return Err(Failure::Invalid(
                "this is the host of the service's own pages, expected another".to_owned(),
            ));
        }
    }
    changes::change(&app.database, &domain.id, &change).await?;
    app.registry.refresh(&app.database).await?;
    find(app, domain.name.as_str())
}

/// Checks a tracking subdomain by the library's rules, and writes it as the library does.
fn own_host(domain: &SendingDomain, text: &str) -> Result<String, Failure> {
    let host = TrackingHost::custom(text).map_err(invalid)?;
    if !host.serves(domain) {
        let host = host.host().to_owned();
        let domain = domain.clone();
        return Err(invalid(ConfigError::NotSubdomain { host, domain }));
    }
    // A port and a path prefix stay as they were typed.
    let rest = text.find([':', '/']).and_then(|at| text.get(at..));
    Ok(format!("{}{}", host.host(), rest.unwrap_or_default()))
}

/// Looks where the tracking host points to, and keeps the answer.
pub(crate) async fn check_cname(app: &App, domain: &Domain) -> Result<(), Failure> {
    look_for_cname(app, domain, &cname_record(app, domain)?).await?;
    app.registry.refresh(&app.database).await?;
    Ok(())
}

async fn look_for_cname(app: &App, domain: &Domain, record: &CnameRecord) -> Result<(), Failure> {
    let (state, seen) = match app.dns.pointing(record.name(), record.target()).await? {
        Pointing::Elsewhere(seen) => (CnameState::Elsewhere, Some(seen)),
        Pointing::Nowhere => (CnameState::NotFound, None),
        Pointing::Target => (CnameState::Found, None),
    };
    let now = app.clock.now();
    changes::cname_checked(&app.database, domain, state, seen.as_deref(), now).await?;
    Ok(())
}

/// All servers keep all keys in memory for ever, so one domain must not make them without end.
pub(crate) async fn rotate_key(app: &App, domain: &Domain) -> Result<(), Failure> {
    let now = app.clock.now();
    if find(app, domain.name.as_str())?.keys_since(now - HOUR_MS) >= KEYS_AN_HOUR {
        return Err(Failure::TooMany(HOUR_MS.unsigned_abs() / 1000));
    }
    let keyring = app.registry.keyring();
    changes::rotate_key(&app.database, &domain.id, &new_key(), keyring, now).await?;
    app.registry.refresh(&app.database).await?;
    Ok(())
}

pub(crate) async fn remove(app: &App, domain: &Domain) -> Result<(), Failure> {
    changes::remove(&app.database, &domain.id, app.clock.now()).await?;
    app.tokens
        .forget(|caller| caller.domain.as_deref() == Some(&*domain.id));
    app.registry.refresh(&app.database).await?;
    Ok(())
}

/// Asks DNS for all domains that wait for it or rely on it.
pub(crate) async fn check_all(app: &App) {
    let all: Vec<_> = app.registry.snapshot().domains().map(Arc::clone).collect();
    futures_util::stream::iter(all)
        .for_each_concurrent(CHECKS_AT_ONCE, |known| async move {
            let domain = &known.domain;
            if let Err(failure) = look_for_records(app, domain).await {
                warn!(
                    domain = %domain.name,
                    ?failure,
                    "DNS records were not checked"
                );
            }
        })
        .await;
    if let Err(error) = app.registry.refresh(&app.database).await {
        warn!(%error, "what DNS said is known a few seconds later");
    }
}

async fn look_for_records(app: &App, domain: &Domain) -> Result<(), Failure> {
    if domain.status == Status::External {
        return Ok(());
    }
    validation::look_again(app, domain).await?;
    if let Ok(record) = cname_record(app, domain) {
        look_for_cname(app, domain, &record).await?;
    }
    Ok(())
}

/// Keys are made here, and nobody is shown one.
fn new_key() -> Zeroizing<Vec<u8>> {
    let mut secret = Zeroizing::new(vec![0; KEY_BYTES]);
    #[expect(
        clippy::expect_used,
        reason = "a system without randomness must not make keys"
    )]
    getrandom::fill(&mut secret).expect("the system has randomness");
    secret
}

fn invalid(error: impl std::fmt::Display) -> Failure {
    Failure::Invalid(error.to_string())
}
