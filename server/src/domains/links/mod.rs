//! What becomes of the links of a domain, besides being tracked.

mod click_parameters;
mod link_parameters;
mod pairs;

pub(crate) use click_parameters::ClickFields;
pub(super) use click_parameters::ClickParameters;
pub(crate) use link_parameters::{LinkFields, MailParameters, described};

use linkseal::LinkParameters;
use linkseal::error::ParameterError;
use serde::de::DeserializeOwned;
use tracing::warn;

/// One link's query has no room for more, and all domains' settings are in memory.
const MAX_NAMES: usize = 64;
const MAX_HOSTS: usize = 256;
/// Of names and values together; a longer destination is not tracked.
const MAX_BYTES: usize = 4096;

/// The settings of a domain's links.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct LinkSettings {
    /// Campaign parameters, which destinations get when mail is rewritten.
    pub(crate) parameters: Option<LinkParameters>,
    /// What destinations get at the click.
    pub(crate) at_click: Option<ClickParameters>,
    pub(crate) sealed_tokens: bool,
}

/// What is to change. `None`: stays; `Some(None)`: there are none any more.
#[derive(Debug, Default)]
pub(crate) struct LinkChange {
    pub(crate) parameters: Option<Option<LinkParameters>>,
    pub(crate) at_click: Option<Option<ClickParameters>>,
    pub(crate) sealed_tokens: Option<bool>,
}

impl LinkChange {
    pub(crate) fn of(
        parameters: Option<Option<&LinkFields>>,
        at_click: Option<Option<&ClickFields>>,
        sealed_tokens: Option<bool>,
    ) -> Result<Self, LinkError> {
        let parameters = parameters.map(|fields| fields.map(LinkFields::build).transpose());
        let at_click = at_click.map(|fields| fields.map(ClickFields::build).transpose());
        Ok(Self {
            parameters: parameters.transpose()?,
            at_click: at_click.transpose()?,
            sealed_tokens,
        })
    }
}

/// The columns.
#[derive(Clone, PartialEq, serde::Deserialize, serde::Serialize, sqlx::FromRow)]
pub(super) struct LinkRow {
    link_parameters: Option<String>,
    click_parameters: Option<String>,
    sealed_tokens: bool,
}

impl LinkRow {
    /// What can't be used is left out: mail goes out, and links redirect.
    pub(super) fn settings(&self, domain: &str) -> LinkSettings {
        let parameters = stored(domain, self.link_parameters.as_deref());
        let at_click = stored(domain, self.click_parameters.as_deref());
        LinkSettings {
            parameters: parameters.and_then(|fields| usable(domain, LinkFields::build(&fields))),
            at_click: at_click.and_then(|fields| usable(domain, ClickFields::build(&fields))),
            sealed_tokens: self.sealed_tokens,
        }
    }
}

fn stored<T: DeserializeOwned>(domain: &str, text: Option<&str>) -> Option<T> {
    let read = serde_json::from_str(text?);
    usable(domain, read)
}

fn usable<T>(domain: &str, read: Result<T, impl std::fmt::Display>) -> Option<T> {
    read.inspect_err(|error| warn!(domain, %error, "settings of links can't be used"))
        .ok()
}

/// Why fields are no settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error(transparent)]
    Library(#[from] ParameterError),
    #[error("{field} has {count} entries, expected at most {most}")]
    TooMany {
        field: &'static str,
        count: usize,
        most: usize,
    },
    #[error("names and values of {field} are {bytes} bytes, expected at most {MAX_BYTES}")]
    TooLong { field: &'static str, bytes: usize },
    #[error(
        "click_parameters add nothing, expected `click_id`, a name, or `passed`, a list of names"
    )]
    Nothing,
}

fn at_most(field: &'static str, count: usize, most: usize) -> Result<(), LinkError> {
    match count > most {
        true => Err(LinkError::TooMany { field, count, most }),
        false => Ok(()),
    }
}
