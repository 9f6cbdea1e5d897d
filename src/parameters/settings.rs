//! Which parameters the links of a domain get, and which links.

use super::error::ParameterError;
use super::query::{extended, host_of, is_signing};
use crate::host_list::HostList;

/// Campaign parameters, such as `utm_source`, that destinations get.
///
/// They are added before a destination is signed, so they are part of the token. They go before the fragment, and
/// nothing that is there changes: a parameter whose name the query has already, in any letter case and spelling, is
/// left out. Values are percent-encoded, a blank as `%20`. A destination gets none
///
/// - if its host is not one of those that were named,
/// - if its query looks signed: with one more parameter it would not lead anywhere,
/// - if it would be longer than 4096 bytes,
/// - if its link opts out of tracking, or by `data-track-parameters="off"`, or is the message's `List-Unsubscribe` URL,
/// - if the link is a tracking URL of this domain already, as in a quoted reply: it keeps its destination.
///
/// Set by [`DomainConfig::with_link_parameters`](crate::DomainConfig::with_link_parameters).
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{LinkParameters, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let parameters = LinkParameters::new(["shop.example", "*.shop.example"])?
///     .with_parameter("utm_source", "news")?
///     .with_parameter("utm_campaign", "Spring sale")?
///     .with_name_parameter("utm_content")?;
/// let html = "<a data-track-name=hero href='https://shop.example/?a=1#top'>Shop</a>";
/// let (_, report) = rewrite_with_report(html, &domain.with_link_parameters(parameters));
/// let expected = "https://shop.example/?a=1&utm_source=news&utm_campaign=Spring%20sale&utm_content=hero#top";
/// assert_eq!(report.links()[0].destination(), Some(expected));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LinkParameters {
    hosts: HostList,
    name_parameter: Option<String>,
    parameters: Vec<(String, String)>,
    reaches_untracked: bool,
    /// Folded.
    signing_names: Vec<String>,
}

impl LinkParameters {
    /// Creates settings without a parameter yet, for the links to these hosts: each exactly, or with `*.` before it
    /// all its subdomains.
    ///
    /// ```
    /// use linkseal::LinkParameters;
    ///
    /// let parameters = LinkParameters::new(["Shop.example", "*.shop.example"])?;
    /// assert!(parameters.hosts().eq(["*.shop.example", "shop.example"]));
    /// # Ok::<(), linkseal::error::ParameterError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParameterError::NoHosts`] when there is none, and [`ParameterError::Host`] when one is not a host by the URL
    /// standard.
    pub fn new(hosts: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, ParameterError> {
        let mut list = HostList::default();
        for host in hosts {
            let host = host.as_ref();
            list.add(host).map_err(|source| ParameterError::Host {
                host: host.to_owned(),
                source,
            })?;
        }
        match list.is_empty() {
            true => Err(ParameterError::NoHosts),
            false => Ok(Self {
                hosts: list,
                name_parameter: None,
                parameters: Vec::new(),
                reaches_untracked: false,
                signing_names: Vec::new(),
            }),
        }
    }

    /// Adds a parameter. They are added to destinations in the order of these calls.
    ///
    /// ```
    /// use linkseal::LinkParameters;
    ///
    /// let parameters = LinkParameters::new(["shop.example"])?.with_parameter("utm_source", "news")?;
    /// assert!(parameters.parameters().eq([("utm_source", "news")]));
    /// assert!(parameters.with_parameter("UTM_Source", "mail").is_err());
    /// # Ok::<(), linkseal::error::ParameterError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParameterError::Name`], [`ParameterError::Duplicate`] or [`ParameterError::SigningName`].
    pub fn with_parameter(mut self, name: &str, value: &str) -> Result<Self, ParameterError> {
        self.check_name(name)?;
        self.parameters.push((name.to_owned(), value.to_owned()));
        Ok(self)
    }

    /// Sets the parameter whose value is the link's name, of links that have one. It comes last.
    ///
    /// ```
    /// use linkseal::LinkParameters;
    ///
    /// let parameters = LinkParameters::new(["shop.example"])?.with_name_parameter("utm_content")?;
    /// assert_eq!(parameters.name_parameter(), Some("utm_content"));
    /// # Ok::<(), linkseal::error::ParameterError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`with_parameter`](Self::with_parameter).
    pub fn with_name_parameter(mut self, name: &str) -> Result<Self, ParameterError> {
        self.name_parameter = None;
        self.check_name(name)?;
        self.name_parameter = Some(name.to_owned());
        Ok(self)
    }

    /// Adds the name of a parameter by which a query says that it is signed, in any letter case. Known are
    /// `Signature`, `sig`, `X-Amz-Signature` and `X-Goog-Signature`.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{LinkParameters, rewrite_with_report};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let parameters = LinkParameters::new(["shop.example"])?.with_parameter("utm_source", "news")?;
    /// let parameters = parameters.with_signing_name("hmac")?;
    /// let html = "<a href='https://shop.example/f?hmac=5e'>File</a>";
    /// let (_, report) = rewrite_with_report(html, &domain.with_link_parameters(parameters));
    /// assert_eq!(report.links()[0].destination(), Some("https://shop.example/f?hmac=5e"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ParameterError::Name`] when it is empty, [`ParameterError::SigningName`] when a parameter has that name.
    pub fn with_signing_name(mut self, name: &str) -> Result<Self, ParameterError> {
        let folded = name.to_lowercase();
        if folded.is_empty() {
            return Err(ParameterError::Name {
                name: name.to_owned(),
            });
        }
        if self.names().any(|own| own.to_lowercase() == folded) {
            return Err(ParameterError::SigningName {
                name: name.to_owned(),
            });
        }
        self.signing_names.push(folded);
        Ok(self)
    }

    /// Sets whether links get parameters that are not tracked, too: since click tracking is off, or their host is
    /// excluded from it.
    ///
    /// Their value then becomes the destination with the parameters, as the URL standard serialises it, escaped for
    /// the quotes that it stands in. A link that gets none stays as it was, byte for byte.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{LinkParameters, TrackingLevel, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let parameters = LinkParameters::new(["shop.example"])?.with_parameter("utm_source", "news")?;
    /// let domain = domain.with_link_parameters(parameters.with_untracked_links(true));
    /// let domain = domain.with_click_tracking(TrackingLevel::Off).with_open_tracking(TrackingLevel::Off);
    /// let html = "<a href='https://shop.example?a=1'>Shop</a>";
    /// let expected = "<a href='https://shop.example/?a=1&amp;utm_source=news'>Shop</a>";
    /// assert_eq!(rewrite(html, &domain), expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_untracked_links(mut self, are_reached: bool) -> Self {
        self.reaches_untracked = are_reached;
        self
    }

    /// Returns the hosts whose links get parameters, in lower case and punycode, each with `*.` before it when it
    /// stands for its subdomains.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter()
    }

    /// Returns the names and values.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let parameters = self.parameters.iter();
        parameters.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the parameter whose value is the link's name, if there is one.
    #[must_use]
    pub fn name_parameter(&self) -> Option<&str> {
        self.name_parameter.as_deref()
    }

    /// Returns the names that were added by [`with_signing_name`](Self::with_signing_name), in lower case.
    pub fn signing_names(&self) -> impl Iterator<Item = &str> {
        self.signing_names.iter().map(String::as_str)
    }

    /// Returns whether links get parameters that are not tracked, too.
    #[must_use]
    pub fn reaches_untracked_links(&self) -> bool {
        self.reaches_untracked
    }

    /// Returns a destination with the parameters that it gets, for a link of that name; `None` if it gets none.
    pub(crate) fn extend(&self, destination: &str, link_name: Option<&str>) -> Option<String> {
        if !self.hosts.contains(host_of(destination)?) {
            return None;
        }
        let named = self.name_parameter().zip(link_name);
        extended(destination, self.parameters().chain(named), |name| {
            self.signing_names.iter().any(|signing| signing == name)
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.parameters().map(|(name, _)| name);
        names.chain(self.name_parameter())
    }

    fn check_name(&self, name: &str) -> Result<(), ParameterError> {
        let (folded, name) = (name.to_lowercase(), name.to_owned());
        if name.is_empty() {
            Err(ParameterError::Name { name })
        } else if is_signing(&folded) || self.signing_names.contains(&folded) {
            Err(ParameterError::SigningName { name })
        } else if self.names().any(|own| own.to_lowercase() == folded) {
            Err(ParameterError::Duplicate { name })
        } else {
            Ok(())
        }
    }
}
