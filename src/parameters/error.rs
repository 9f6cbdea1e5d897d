//! Why campaign parameters are refused.

use crate::host::HostError;

/// Why settings don't make [`LinkParameters`](crate::LinkParameters).
///
/// ```
/// use linkseal::LinkParameters;
/// use linkseal::error::ParameterError;
///
/// let parameters = LinkParameters::new(["shop.example"])?;
/// let error = parameters.with_parameter("", "news").unwrap_err();
/// assert!(matches!(error, ParameterError::Name { .. }));
/// assert_eq!(LinkParameters::new([""; 0]).unwrap_err(), ParameterError::NoHosts);
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// Two parameters have one name, letter case aside.
    #[error("campaign parameter `{name}` comes twice, expected each name once, in any letter case")]
    Duplicate {
        /// The name as it was given.
        name: String,
    },
    /// A host of the list is not a host.
    #[error(
        "host `{host}` of campaign parameters is not usable, expected a domain name, an IP address, or `*.` before \
         a domain name"
    )]
    Host {
        /// The text as it was given.
        host: String,
        /// What is wrong with it.
        source: HostError,
    },
    /// The name is empty.
    #[error("name `{name}` of a campaign parameter is empty, expected one such as `utm_source`")]
    Name {
        /// The name as it was given.
        name: String,
    },
    /// There is no host whose links may get parameters.
    #[error("campaign parameters have no hosts, expected those whose links may get them")]
    NoHosts,
    /// A parameter has a name that says of a query that it is signed.
    #[error(
        "campaign parameter `{name}` is a name of signed queries, expected one that signs nothing"
    )]
    SigningName {
        /// The name as it was given.
        name: String,
    },
}
