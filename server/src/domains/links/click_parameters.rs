//! What the destination of a link gets at the click: the event's id, and parameters of the click's own query.

use std::borrow::Cow;

use linkseal::{Click, LinkParameters};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::{LinkError, MAX_BYTES, MAX_HOSTS, MAX_NAMES, at_most};

/// As senders state it, and as it is stored.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClickFields {
    pub(crate) hosts: Vec<String>,
    /// The name under which the destination gets the id of the event.
    pub(crate) click_id: Option<String>,
    /// Names that are passed on from the query of the click.
    pub(crate) passed: Vec<String>,
}

/// Settings, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ClickParameters {
    /// In lower case and punycode, or `*.` and such a name.
    hosts: Vec<String>,
    click_id: Option<String>,
    passed: Vec<String>,
}

impl ClickFields {
    /// Hosts and names are those that the library takes for campaign parameters.
    pub(crate) fn build(&self) -> Result<ClickParameters, LinkError> {
        at_most("hosts of click_parameters", self.hosts.len(), MAX_HOSTS)?;
        at_most("passed of click_parameters", self.passed.len(), MAX_NAMES)?;
        let names = self.click_id.iter().chain(&self.passed);
        let bytes = names.clone().map(String::len).sum();
        if bytes > MAX_BYTES {
            let field = "click_parameters";
            return Err(LinkError::TooLong { field, bytes });
        }
        if bytes == 0 && names.clone().next().is_none() {
            return Err(LinkError::Nothing);
        }
        let parameters = LinkParameters::new(&self.hosts)?;
        let parameters = names
            .clone()
            .try_fold(parameters, |all, name| all.with_parameter(name, ""))?;
        Ok(ClickParameters {
            hosts: parameters.hosts().map(str::to_owned).collect(),
            click_id: self.click_id.clone(),
            passed: self.passed.clone(),
        })
    }
}

impl ClickParameters {
    pub(crate) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    pub(crate) fn click_id(&self) -> Option<&str> {
        self.click_id.as_deref()
    }

    pub(crate) fn passed(&self) -> &[String] {
        &self.passed
    }

    /// Settings as JSON, which [`ClickFields`] reads.
    pub(crate) fn described(&self) -> Value {
        json!({ "hosts": self.hosts, "click_id": self.click_id, "passed": self.passed })
    }

    /// Returns where a click goes, if it gets anything. `click_id` is that of the event, where there is one.
    /// `signed` are the domain's campaign parameters, by whose rules a query may be signed.
    pub(crate) fn destination(
        &self,
        click: &Click,
        query: Option<&str>,
        click_id: Option<&str>,
        signed: Option<&LinkParameters>,
    ) -> Option<String> {
        let destination = Url::parse(click.destination()).ok()?;
        if !self.reaches(destination.host_str()?) || is_signed(&destination, signed) {
            return None;
        }
        let own = self.click_id.as_deref().zip(click_id);
        let incoming: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .filter_map(|(name, value)| Some((self.passes(&name)?, value)))
            .collect();
        let incoming = incoming.iter().map(|(name, value)| (*name, &**value));
        let parameters: Vec<_> = own.into_iter().chain(incoming).collect();
        match click.destination_with(&parameters) {
            Cow::Owned(with) => Some(with),
            Cow::Borrowed(_) => None,
        }
    }

    /// The name of the list that a name of a query is, letter case aside.
    fn passes(&self, name: &str) -> Option<&str> {
        let folded = name.to_lowercase();
        let passed = self.passed.iter().find(|own| own.to_lowercase() == folded);
        passed.map(String::as_str)
    }

    /// `host` is as the URL standard serialises it.
    fn reaches(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.hosts.iter().any(|own| match own.strip_prefix('*') {
            Some(parent) => host.len() > parent.len() && host.ends_with(parent),
            None => own == host,
        })
    }
}

/// Whether a query holds one of the domain's own signing names. The library knows the common ones.
fn is_signed(destination: &Url, parameters: Option<&LinkParameters>) -> bool {
    let Some(parameters) = parameters else {
        return false;
    };
    destination.query_pairs().any(|(name, _)| {
        let name = name.to_lowercase();
        parameters.signing_names().any(|signing| signing == name)
    })
}
