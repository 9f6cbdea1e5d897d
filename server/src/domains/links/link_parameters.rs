//! Campaign parameters as senders state them: for a domain, and for one mail on top of the domain's.

use linkseal::error::ParameterError;
use linkseal::{DomainConfig, LinkParameters};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::pairs::Pairs;
use super::{LinkError, MAX_BYTES, MAX_HOSTS, MAX_NAMES, at_most};

const FIELD: &str = "link_parameters";

/// Everything that [`LinkParameters`] can be told. What is not there stays as the domain has it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LinkFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    hosts: Option<Vec<String>>,
    /// `null` takes a parameter of the domain's away.
    parameters: Pairs<Option<String>>,
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    name_parameter: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    untracked_links: Option<bool>,
}

/// Tells `null`, which takes the value away, from a field that is not there.
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(field).map(Some)
}

impl LinkFields {
    /// Takes the text of a form: `name=value` lines, and the others as they were typed.
    pub(crate) fn typed<'a>(
        hosts: impl Iterator<Item = &'a str>,
        parameters: impl Iterator<Item = (&'a str, &'a str)>,
        name_parameter: &str,
        signing_names: impl Iterator<Item = &'a str>,
        untracked_links: bool,
    ) -> Self {
        let pair = |(name, value): (&str, &str)| (name.to_owned(), Some(value.to_owned()));
        Self {
            hosts: Some(hosts.map(str::to_owned).collect()),
            parameters: Pairs(parameters.map(pair).collect()),
            name_parameter: (!name_parameter.is_empty()).then(|| Some(name_parameter.to_owned())),
            signing_names: Some(signing_names.map(str::to_owned).collect()),
            untracked_links: Some(untracked_links),
        }
    }

    /// The settings that these fields alone make.
    pub(crate) fn build(&self) -> Result<LinkParameters, LinkError> {
        self.build_on(None)
    }

    /// The settings that come of these fields on top of the domain's.
    fn build_on(&self, base: Option<&LinkParameters>) -> Result<LinkParameters, LinkError> {
        self.check_size()?;
        let mut built = match (&self.hosts, base) {
            (Some(hosts), _) => LinkParameters::new(hosts)?,
            (None, Some(base)) => LinkParameters::new(base.hosts())?,
            (None, None) => return Err(ParameterError::NoHosts.into()),
        };
        built = match &self.signing_names {
            Some(names) => names
                .iter()
                .try_fold(built, |built, name| built.with_signing_name(name))?,
            None => base
                .iter()
                .flat_map(|base| base.signing_names())
                .try_fold(built, |built, name| built.with_signing_name(name))?,
        };
        let kept = base
            .iter()
            .flat_map(|base| base.parameters())
            .filter(|(name, _)| !self.names(name));
        let stated = self.parameters.0.iter();
        let stated = stated.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
        built = kept.chain(stated).try_fold(built, |built, (name, value)| {
            built.with_parameter(name, value)
        })?;
        let name_parameter = match &self.name_parameter {
            Some(stated) => stated.as_deref(),
            None => base
                .and_then(LinkParameters::name_parameter)
                .filter(|name| !self.names(name)),
        };
        if let Some(name) = name_parameter {
            built = built.with_name_parameter(name)?;
        }
        let of_domain = base.is_some_and(LinkParameters::reaches_untracked_links);
        Ok(built.with_untracked_links(self.untracked_links.unwrap_or(of_domain)))
    }

    /// Whether a parameter of the domain's gives way to one that is stated here.
    fn names(&self, name: &str) -> bool {
        let folded = name.to_lowercase();
        let parameters = self.parameters.0.iter().map(|(name, _)| name);
        let name_parameter = self.name_parameter.iter().flatten();
        parameters
            .chain(name_parameter)
            .any(|own| own.to_lowercase() == folded)
    }

    /// Before anything is compared with everything else.
    fn check_size(&self) -> Result<(), LinkError> {
        let lengths = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
        at_most("hosts of link_parameters", lengths(&self.hosts), MAX_HOSTS)?;
        at_most(
            "parameters of link_parameters",
            self.parameters.0.len(),
            MAX_NAMES,
        )?;
        at_most(
            "signing_names of link_parameters",
            lengths(&self.signing_names),
            MAX_NAMES,
        )?;
        let pairs = self.parameters.0.iter();
        let pairs = pairs.map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len));
        let names = self.signing_names.iter().flatten();
        let names = names.chain(self.name_parameter.iter().flatten());
        let bytes = pairs.chain(names.map(String::len)).sum();
        match bytes > MAX_BYTES {
            true => Err(LinkError::TooLong {
                field: FIELD,
                bytes,
            }),
            false => Ok(()),
        }
    }
}

/// Settings as JSON, which [`LinkFields`] reads.
pub(crate) fn described(parameters: &LinkParameters) -> Value {
    let pairs = parameters.parameters();
    let pairs = pairs.map(|(name, value)| (name.to_owned(), Value::from(value)));
    json!({
        "hosts": parameters.hosts().collect::<Vec<_>>(),
        "parameters": Value::Object(pairs.collect()),
        "name_parameter": parameters.name_parameter(),
        "signing_names": parameters.signing_names().collect::<Vec<_>>(),
        "untracked_links": parameters.reaches_untracked_links(),
    })
}

/// What a mail states: nothing, `null`, or fields that extend the domain's.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum MailParameters {
    #[default]
    OfDomain,
    None,
    Extended(LinkFields),
}

impl MailParameters {
    pub(crate) fn is_of_domain(&self) -> bool {
        *self == Self::OfDomain
    }

    /// Returns the settings for the mail; `None` where they are the domain's.
    pub(crate) fn over(
        &self,
        of_domain: Option<&LinkParameters>,
    ) -> Result<Option<LinkParameters>, LinkError> {
        match self {
            Self::OfDomain => Ok(None),
            // Without a parameter they change no link.
            Self::None => Ok(Some(LinkParameters::new(["none.invalid"])?)),
            Self::Extended(fields) => fields.build_on(of_domain).map(Some),
        }
    }

    /// Returns the config for the mail.
    pub(crate) fn scope(&self, config: &DomainConfig) -> Result<DomainConfig, LinkError> {
        let parameters = self.over(config.link_parameters())?;
        let config = config.clone();
        Ok(match parameters {
            Some(parameters) => config.with_link_parameters(parameters),
            None => config,
        })
    }
}

impl Serialize for MailParameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Extended(fields) => fields.serialize(serializer),
            Self::None | Self::OfDomain => serializer.serialize_none(),
        }
    }
}

/// A field that is not there is `default`.
impl<'de> Deserialize<'de> for MailParameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Option::deserialize(deserializer)?;
        Ok(fields.map_or(Self::None, Self::Extended))
    }
}
