//! The library's settings for a domain, of what the tables have.

use std::error::Error;

use linkseal::error::{ConfigError, HostError};
use linkseal::{DomainConfig, DomainStatus, TrackingHost};

use super::store::{Domain, DomainKey};
use super::{CnameState, Status};

/// The hosts that links may have.
pub(super) struct Hosts {
    pub(super) default_host: Option<TrackingHost>,
    pub(super) insecure_http: bool,
}

impl Hosts {
    /// Parses a domain's own tracking host as its links will use it.
    fn own_host(&self, host: &str) -> Result<TrackingHost, HostError> {
        let host = TrackingHost::custom(host)?;
        Ok(if self.insecure_http {
            host.with_insecure_http()
        } else {
            host
        })
    }

    /// For mail that goes out. `None`: no host or no key that signs.
    pub(super) fn config(
        &self,
        domain: &Domain,
        keys: &[DomainKey],
    ) -> Result<Option<DomainConfig>, Box<dyn Error>> {
        // The library knows no such status; whoever asks for the mail is told the right one.
        if domain.status == Status::Lapsed {
            return Ok(None);
        }
        let own_host = domain
            .tracking_host
            .as_deref()
            .filter(|_| domain.cname_state == CnameState::Found)
            .map(|host| self.own_host(host))
            .transpose()?;
        let Some(host) = own_host.or_else(|| self.default_host.clone()) else {
            return Ok(None);
        };
        let Some(signing) = keys.iter().rfind(|key| !key.retired) else {
            return Ok(None);
        };
        let config = config(domain, host, keys, signing)?
            .with_status(match domain.status {
                Status::External => DomainStatus::External,
                Status::Lapsed | Status::Pending => DomainStatus::Pending,
                Status::Validated => DomainStatus::Validated,
            })
            .with_click_tracking(domain.click_tracking.into())
            .with_open_tracking(domain.open_tracking.into())
            .with_sealed_tokens(domain.links.sealed_tokens);
        Ok(Some(match &domain.links.parameters {
            Some(parameters) => config.with_link_parameters(parameters.clone()),
            None => config,
        }))
    }

    /// For links that come back. `None`: there is no key.
    pub(super) fn issued(
        &self,
        domain: &Domain,
        keys: &[DomainKey],
    ) -> Result<Option<DomainConfig>, Box<dyn Error>> {
        let Some(newest) = keys.last() else {
            return Ok(None);
        };
        let host = match &self.default_host {
            Some(host) => host.clone(),
            // Which may present its links anyway.
            None => TrackingHost::shared(domain.name.as_str())?,
        };
        Ok(Some(config(domain, host, keys, newest)?))
    }
}

fn config(
    domain: &Domain,
    host: TrackingHost,
    keys: &[DomainKey],
    signing: &DomainKey,
) -> Result<DomainConfig, ConfigError> {
    let signing = &signing.key;
    let config = DomainConfig::new(domain.name.clone(), host, signing.clone())?;
    keys.iter()
        .map(|key| &key.key)
        .filter(|key| key.id() != signing.id())
        .try_fold(config, |config, key| config.with_retired_key(key.clone()))
}
