//! One sending domain's settings.

use linkseal::{DomainConfig, SendingDomain, TrackingHost};

use super::error::{Fault, Problem, quoted};
use super::file::DomainTable;
use super::key_source::{RecipientKey, signing_key};
use super::link_parameters::link_parameters;

/// What the milter does for one sending domain.
#[derive(Debug)]
pub struct Domain {
    pub(crate) config: DomainConfig,
    /// Who may send for the domain after a login; `None` for anybody.
    logins: Option<Vec<String>>,
    /// In lower case.
    pub(crate) recipient_header: Option<String>,
    pub(crate) recipient_key: Option<RecipientKey>,
    pub(crate) tracking_header: Option<TrackingHeader>,
}

/// The header field in which a sender lowers the tracking of a message.
#[derive(Debug)]
pub(crate) struct TrackingHeader {
    is_kept: bool,
    /// In lower case.
    pub(crate) name: String,
}

/// The full name of a domain's table.
pub(super) fn key_of(name: &str) -> String {
    format!("domains.{}", quoted(name))
}

impl Domain {
    pub(super) fn new(name: &str, table: DomainTable) -> Result<(SendingDomain, Self), Fault> {
        let of_table = |problem| Fault::new(key_of(name), problem);
        let at = |key: &str| {
            let key = format!("{}.{key}", key_of(name));
            move |problem| Fault::new(key, problem)
        };
        let domain: SendingDomain = name
            .parse()
            .map_err(|error| of_table(Problem::Host(error)))?;
        let host = tracking_host(&table).map_err(at("tracking_host"))?;
        let key = signing_key(&table.signing_key).map_err(at("signing_key"))?;
        let mut config = DomainConfig::new(domain.clone(), host, key)
            .map_err(|error| at("tracking_host")(error.into()))?
            .with_click_tracking(table.click_tracking)
            .with_open_tracking(table.open_tracking)
            .with_plain_text_links(table.plain_text_links)
            .with_sealed_tokens(table.sealed_tokens);
        for (index, retired) in table.retired_keys.iter().enumerate() {
            let at = at(&format!("retired_keys[{index}]"));
            config = signing_key(retired)
                .and_then(|key| Ok(config.with_retired_key(key)?))
                .map_err(at)?;
        }
        for host in &table.excluded_hosts {
            config = config
                .with_excluded_host(host)
                .map_err(|error| at("excluded_hosts")(error.into()))?;
        }
        if let Some(table) = &table.link_parameters {
            let parameters = link_parameters(table);
            let parameters = parameters.map_err(|error| at("link_parameters")(error.into()))?;
            config = config.with_link_parameters(parameters);
        }
        let tracking_header = tracking_header(&table).map_err(at("tracking_header"))?;
        let recipient_header = table.recipient_header.map(header_name).transpose();
        let recipient_key = table.recipient_key.as_ref().map(RecipientKey::read);
        let settings = Self {
            config,
            logins: table.logins,
            recipient_header: recipient_header.map_err(at("recipient_header"))?,
            recipient_key: recipient_key.transpose().map_err(at("recipient_key"))?,
            tracking_header,
        };
        Ok((domain, settings))
    }

    pub(crate) fn keeps_tracking_header(&self) -> bool {
        let header = self.tracking_header.as_ref();
        header.is_some_and(|header| header.is_kept)
    }

    /// Whether who has logged in by this name may send for the domain.
    pub(crate) fn allows(&self, login: &str) -> bool {
        let listed = |logins: &Vec<String>| logins.iter().any(|name| name == login);
        self.logins.as_ref().is_none_or(listed)
    }
}

fn tracking_header(table: &DomainTable) -> Result<Option<TrackingHeader>, Problem> {
    let Some(given) = &table.tracking_header else {
        return Ok(None);
    };
    let recipient_header = table.recipient_header.as_deref();
    if recipient_header.is_some_and(|name| name.eq_ignore_ascii_case(given)) {
        let name = given.clone();
        return Err(Problem::SameHeader { name });
    }
    Ok(Some(TrackingHeader {
        is_kept: table.keep_tracking_header,
        name: header_name(given.clone())?,
    }))
}

fn tracking_host(table: &DomainTable) -> Result<TrackingHost, Problem> {
    let host = if table.shared_tracking_host {
        TrackingHost::shared(&table.tracking_host)?
    } else {
        TrackingHost::custom(&table.tracking_host)?
    };
    Ok(if table.insecure_http {
        host.with_insecure_http()
    } else {
        host
    })
}

/// Narrower than RFC 5322 has it: what no mail server spells in another way.
fn header_name(name: String) -> Result<String, Problem> {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if name.is_empty() || !name.bytes().all(is_usual) {
        return Err(Problem::HeaderName { name });
    }
    Ok(name.to_ascii_lowercase())
}
