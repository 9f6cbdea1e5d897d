//! The settings of one sending domain.

mod document;
mod error;
mod getters;
mod tracking;

use std::fmt;
use std::sync::Arc;

use crate::dialect::Dialect;
use crate::domain_status::DomainStatus;
use crate::host::{is_dns_name, is_subdomain};
use crate::host_list::HostList;
use crate::key::SigningKey;
use crate::message::Message;
use crate::parameters::LinkParameters;
use crate::pixel::PixelPlacement;
use crate::sending_domain::SendingDomain;
use crate::token::{DomainKey, TokenVersion};
use crate::tracking_host::TrackingHost;
use crate::tracking_level::TrackingLevel;

pub use error::ConfigError;

/// One sending domain's settings: where its tracking URLs point, what signs them, what is tracked.
///
/// Cheap to clone and immutable; each `with_*` method returns changed settings. Scoped to a message
/// by [`for_message`](Self::for_message); without that it mints anonymous tokens.
///
/// ```
/// use linkseal::{DomainConfig, KeyId, Message, PixelPlacement, SigningKey, TrackingHost};
///
/// let host = TrackingHost::custom("link.example.com")?;
/// let domain = DomainConfig::new("example.com".parse()?, host, SigningKey::new(KeyId(2), &[7; 32])?)?
///     .with_retired_key(SigningKey::new(KeyId(1), &[6; 32])?)?
///     .with_excluded_host("docs.example.com")?
///     .with_pixel_placement(PixelPlacement::Both);
/// let scoped = domain.for_message(Message::new("msg-7f3a")?.with_recipient("rcpt-42")?);
/// assert_eq!(scoped.sending_domain(), "example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DomainConfig {
    message: Arc<Message>,
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    click_tracking: TrackingLevel,
    click_url_prefix: String,
    dialect: Dialect,
    excluded_hosts: HostList,
    host: TrackingHost,
    keep_markers: bool,
    line_limit: Option<usize>,
    link_parameters: Option<LinkParameters>,
    open_tracking: TrackingLevel,
    open_url_prefix: String,
    pixel_placeholder: Option<String>,
    pixel_placement: PixelPlacement,
    #[cfg(feature = "mime")]
    plain_text_links: bool,
    retired_keys: Vec<DomainKey>,
    sending_domain: SendingDomain,
    signing_key: DomainKey,
    status: DomainStatus,
    token_version: TokenVersion,
}

impl DomainConfig {
    /// Creates the settings of a validated sending domain that tracks clicks and opens.
    ///
    /// ```
    /// use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::error::ConfigError;
    ///
    /// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// let host = TrackingHost::custom("link.example.org")?;
    /// let error = DomainConfig::new("example.com".parse()?, host, key).unwrap_err();
    /// assert!(matches!(error, ConfigError::NotSubdomain { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::NotSubdomain`] when a custom tracking host is not a real subdomain of the sending
    /// domain.
    pub fn new(
        sending_domain: SendingDomain,
        host: TrackingHost,
        signing_key: SigningKey,
    ) -> Result<Self, ConfigError> {
        if !host.serves(&sending_domain) {
            return Err(ConfigError::NotSubdomain {
                host: host.host().to_owned(),
                domain: sending_domain,
            });
        }
        let (click_url_prefix, open_url_prefix) = (format!("{host}/c/"), format!("{host}/o/"));
        Ok(Self {
            message: Arc::default(),
            settings: Arc::new(Settings {
                click_tracking: TrackingLevel::Identified,
                click_url_prefix,
                dialect: Dialect::default(),
                excluded_hosts: HostList::default(),
                host,
                keep_markers: false,
                line_limit: None,
                link_parameters: None,
                open_tracking: TrackingLevel::Identified,
                open_url_prefix,
                pixel_placeholder: None,
                pixel_placement: PixelPlacement::End,
                #[cfg(feature = "mime")]
                plain_text_links: false,
                retired_keys: Vec::new(),
                signing_key: DomainKey::new(&signing_key, sending_domain.clone()),
                sending_domain,
                status: DomainStatus::Validated,
                token_version: TokenVersion::Signed,
            }),
        })
    }

    /// Scopes the settings to a message, whose ids its tokens then carry.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Message, Verifier, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let scoped = domain.for_message(Message::new("msg-7f3a")?);
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &scoped);
    /// let event = Verifier::new([&domain])?.verify_url(html.split('\'').nth(1).unwrap())?;
    /// assert_eq!(event.message(), Some("msg-7f3a"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn for_message(&self, message: Message) -> Self {
        Self {
            message: Arc::new(message),
            settings: Arc::clone(&self.settings),
        }
    }

    /// Returns whether a host may answer requests with tracking URLs of this domain: the host of a request, as
    /// its `Host` field has it, with a port or without.
    ///
    /// A redirect tells the reader of a mail that whoever owns the host stands for where it leads. On a server
    /// that all customers' tracking hosts end at, a customer could otherwise send links to anywhere on the
    /// tracking host of another. So the links of a domain count on the domain itself, on its subdomains, and on
    /// its own tracking host, which may be one that all share. Letter case, a final dot and the port make no
    /// difference; a host that is not a domain name may present nothing.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// let host = TrackingHost::shared("click.service.example")?;
    /// let domain = DomainConfig::new("example.com".parse()?, host, key)?;
    /// assert!(domain.may_present("Click.Service.example:443"));
    /// assert!(domain.may_present("link.example.com"));
    /// assert!(!domain.may_present("link.bank.example"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn may_present(&self, host: &str) -> bool {
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let name = match host.rsplit_once(':') {
            Some((name, port)) if is_port(port) => name,
            _ => host,
        };
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let domain = self.sending_domain().as_str();
        is_dns_name(&name)
            && (name == self.tracking_host().host()
                || name == domain
                || is_subdomain(&name, domain))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &DomainKey> {
        std::iter::once(self.signing_key()).chain(&self.settings.retired_keys)
    }

    pub(crate) fn token_version(&self) -> TokenVersion {
        self.settings.token_version
    }

    pub(crate) fn signing_key(&self) -> &DomainKey {
        &self.settings.signing_key
    }

    pub(crate) fn click_url_prefix(&self) -> &str {
        &self.settings.click_url_prefix
    }

    pub(crate) fn open_url_prefix(&self) -> &str {
        &self.settings.open_url_prefix
    }

    pub(crate) fn dialect(&self) -> &Dialect {
        &self.settings.dialect
    }

    pub(crate) fn tracks_clicks(&self) -> bool {
        self.click_level(self.message()) > TrackingLevel::Off
    }

    pub(crate) fn tracks_opens(&self) -> bool {
        self.open_level(self.message()) > TrackingLevel::Off
    }

    /// How closely the clicks of a message are tracked.
    pub(crate) fn click_level(&self, message: &Message) -> TrackingLevel {
        self.if_validated(self.click_tracking().min(message.click_tracking()))
    }

    /// How closely the opens of a message are tracked.
    pub(crate) fn open_level(&self, message: &Message) -> TrackingLevel {
        self.if_validated(self.open_tracking().min(message.open_tracking()))
    }

    fn if_validated(&self, level: TrackingLevel) -> TrackingLevel {
        match self.status() {
            DomainStatus::Validated => level,
            DomainStatus::External | DomainStatus::Pending => TrackingLevel::Off,
        }
    }

    /// `host` as the URL standard serialises it.
    pub(crate) fn excludes(&self, host: &str) -> bool {
        self.settings.excluded_hosts.contains(host)
    }

    /// Returns the parameters that links get: none while the domain is not validated.
    pub(crate) fn parameters_in_force(&self) -> Option<&LinkParameters> {
        let parameters = self.link_parameters();
        parameters.filter(|_| self.status() == DomainStatus::Validated)
    }

    /// Whether links may get parameters that are not tracked.
    pub(crate) fn extends_untracked_links(&self) -> bool {
        let parameters = self.parameters_in_force();
        parameters.is_some_and(LinkParameters::reaches_untracked_links)
    }

    fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }
}

impl fmt::Debug for DomainConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys().map(|key| key.id).collect();
        formatter
            .debug_struct("DomainConfig")
            .field("sending_domain", &self.sending_domain())
            .field("status", &self.status())
            .field("tracking_host", self.tracking_host())
            .field("keys", &ids)
            .field("message", self.message())
            .finish_non_exhaustive()
    }
}
