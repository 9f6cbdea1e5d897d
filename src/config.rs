//! The settings of one sending domain.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use url::Host;

use crate::dialect::{Dialect, DialectError};
use crate::domain_status::DomainStatus;
use crate::host::{HostError, is_dns_name, is_subdomain, parse_domain};
use crate::key::{KeyId, SigningKey};
use crate::message::Message;
use crate::pixel::PixelPlacement;
use crate::placeholder::{PlaceholderError, check_placeholder};
use crate::sending_domain::SendingDomain;
use crate::token::DomainKey;
use crate::tracking_host::TrackingHost;
use crate::tracking_level::TrackingLevel;

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
    excluded_hosts: BTreeSet<String>,
    host: TrackingHost,
    keep_markers: bool,
    line_limit: Option<usize>,
    open_tracking: TrackingLevel,
    open_url_prefix: String,
    pixel_placeholder: Option<String>,
    pixel_placement: PixelPlacement,
    retired_keys: Vec<DomainKey>,
    sending_domain: SendingDomain,
    signing_key: DomainKey,
    status: DomainStatus,
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
                excluded_hosts: BTreeSet::new(),
                host,
                keep_markers: false,
                line_limit: None,
                open_tracking: TrackingLevel::Identified,
                open_url_prefix,
                pixel_placeholder: None,
                pixel_placement: PixelPlacement::End,
                retired_keys: Vec::new(),
                signing_key: DomainKey::new(&signing_key, sending_domain.clone()),
                sending_domain,
                status: DomainStatus::Validated,
            }),
        })
    }

    /// Adds a key that signs no more but still verifies: mail is clicked years after it was sent.
    ///
    /// ```
    /// use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost, Verifier, rewrite};
    ///
    /// let host = TrackingHost::custom("link.example.com")?;
    /// let old_key = SigningKey::new(KeyId(1), &[0x41; 32])?;
    /// let before = DomainConfig::new("example.com".parse()?, host.clone(), old_key.clone())?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &before);
    ///
    /// let key = SigningKey::new(KeyId(2), &[0x42; 32])?;
    /// let domain = DomainConfig::new("example.com".parse()?, host, key)?.with_retired_key(old_key)?;
    /// let url = html.split('\'').nth(1).unwrap();
    /// assert!(Verifier::new([&domain])?.verify_url(url).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::DuplicateKeyId`] when another key of this domain has the same id.
    pub fn with_retired_key(mut self, key: SigningKey) -> Result<Self, ConfigError> {
        if self.keys().any(|known| known.id == key.id()) {
            return Err(ConfigError::DuplicateKeyId {
                key_id: key.id(),
                domain: self.sending_domain().clone(),
            });
        }
        let key = DomainKey::new(&key, self.sending_domain().clone());
        self.settings_mut().retired_keys.push(key);
        Ok(self)
    }

    /// Sets whether the domain may be rewritten; it is [`DomainStatus::Validated`] when new.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{DomainStatus, Untouched, rewrite_with_report};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_status(DomainStatus::Pending);
    /// let (html, report) = rewrite_with_report("<a href='https://shop.example/'>Shop</a>", &domain);
    /// assert_eq!(html, "<a href='https://shop.example/'>Shop</a>");
    /// assert_eq!(report.untouched(), Some(Untouched::DomainPending));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_status(mut self, status: DomainStatus) -> Self {
        self.settings_mut().status = status;
        self
    }

    /// Sets how closely clicks are tracked at most; it is [`TrackingLevel::Identified`] when new.
    ///
    /// A message can lower it, and not raise it: [`Message::with_click_tracking`].
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Message, TrackingLevel, UntrustedToken, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_click_tracking(TrackingLevel::Anonymous);
    /// let message = Message::new("msg-7f3a")?.with_recipient("rcpt-42")?;
    /// let html = rewrite("<a href='https://shop.example/'>Shop</a>", &domain.for_message(message));
    /// let event = UntrustedToken::parse_url(html.split('\'').nth(1).unwrap())?.verify(&domain)?;
    /// assert_eq!((event.message(), event.recipient()), (Some("msg-7f3a"), None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_click_tracking(mut self, level: TrackingLevel) -> Self {
        self.settings_mut().click_tracking = level;
        self
    }

    /// Sets how closely opens are tracked at most; it is [`TrackingLevel::Identified`] when new.
    ///
    /// A message can lower it, and not raise it: [`Message::with_open_tracking`].
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{TrackingLevel, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_open_tracking(TrackingLevel::Off);
    /// assert_eq!(rewrite("<p>Hi</p>", &domain), "<p>Hi</p>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_open_tracking(mut self, level: TrackingLevel) -> Self {
        self.settings_mut().open_tracking = level;
        self
    }

    /// Sets where the open pixel goes; it is [`PixelPlacement::End`] when new.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{PixelPlacement, rewrite};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_pixel_placement(PixelPlacement::Start);
    /// assert!(rewrite("<body><p>Hi</p></body>", &domain).starts_with("<body><img "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_pixel_placement(mut self, placement: PixelPlacement) -> Self {
        self.settings_mut().pixel_placement = placement;
        self
    }

    /// Puts the open pixel in the place of `placeholder`, besides those that
    /// [`PixelPlacement::Placeholder`] knows: a text, or one whole tag or comment, matched as it
    /// is written.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_pixel_placeholder("<!-- pixel -->")?;
    /// let html = linkseal::rewrite("<p>Hi</p><!-- pixel --><p>Bye</p>", &domain);
    /// assert!(html.starts_with("<p>Hi</p><img "));
    /// assert!(html.ends_with("><p>Bye</p>"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::Placeholder`] when it is empty or over 256 bytes; has `<` or `>`, and is not one whole
    /// comment or start tag without quotes; is a tag of `a`, `area`, `base`, `img` or `noscript`; or overlaps
    /// `{{ses:openTracker}}`.
    pub fn with_pixel_placeholder(mut self, placeholder: &str) -> Result<Self, ConfigError> {
        check_placeholder(placeholder)?;
        let settings = self.settings_mut();
        settings.pixel_placement = PixelPlacement::Placeholder;
        settings.pixel_placeholder = Some(placeholder.to_owned());
        Ok(self)
    }

    /// Leaves markers in the output, for a system further on that reads them too.
    ///
    /// It also keeps opted-out links opted out when a mail is rewritten a second time. The exception is
    /// Postal's `https+notrack`, which must go for the link to work.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::TrackingLevel;
    /// use linkseal::rewrite;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_open_tracking(TrackingLevel::Off);
    /// let html = "<a data-track=off href='https://shop.example/'>Shop</a>";
    /// assert_eq!(rewrite(html, &domain), "<a href='https://shop.example/'>Shop</a>");
    /// assert_eq!(rewrite(html, &domain.with_markers_kept()), html);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_markers_kept(mut self) -> Self {
        self.settings_mut().keep_markers = true;
        self
    }

    /// Leaves links to `host` alone: that host exactly, or with `*.` before it all its subdomains
    /// (`*.example.com` does not include `example.com`).
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{SkipReason, rewrite_with_report};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_excluded_host("*.example.com")?;
    /// let (_, report) = rewrite_with_report("<a href='https://docs.example.com/'>Docs</a>", &domain);
    /// assert_eq!(report.links()[0].outcome().skip_reason(), Some(SkipReason::Excluded));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::ExcludedHost`] when it is not a host by the URL standard.
    pub fn with_excluded_host(mut self, host: &str) -> Result<Self, ConfigError> {
        let (wildcard, name) = match host.strip_prefix("*.") {
            Some(name) => ("*.", name),
            None => ("", host),
        };
        let name = match Host::parse(name) {
            Ok(address @ (Host::Ipv4(_) | Host::Ipv6(_))) if wildcard.is_empty() => {
                address.to_string()
            }
            _ => parse_domain(name).map_err(|source| ConfigError::ExcludedHost {
                host: host.to_owned(),
                source,
            })?,
        };
        self.settings_mut()
            .excluded_hosts
            .insert(format!("{wildcard}{name}"));
        Ok(self)
    }

    /// Adds the delimiters of the sender's own merge tags, besides those that are known: links that
    /// hold one are left alone until it is filled. Can be called again.
    ///
    /// An opener counts without its closer, which the end of an attribute may have cut off. One of a
    /// single character, such as `#`, is usual in URLs: it counts only before its closer.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{SkipReason, rewrite_with_report};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_merge_tag("[[", "]]")?;
    /// let (_, report) = rewrite_with_report("<a href='https://shop.example/[[user]]'>Shop</a>", &domain);
    /// assert_eq!(report.links()[0].outcome().skip_reason(), Some(SkipReason::MergeTag));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::Dialect`] when one of both is empty, over 64 bytes, or has white space or control
    /// characters; or when `open` has only ASCII letters, digits and `-._~/:`, which a tracking URL may
    /// hold too.
    pub fn with_merge_tag(mut self, open: &str, close: &str) -> Result<Self, ConfigError> {
        self.settings_mut().dialect.add_merge_tag(open, close)?;
        Ok(self)
    }

    /// Adds an attribute by which the sender's templates opt a link out, besides the markers that are
    /// known: by `value`, compared in any letter case and without the white space around it, or with
    /// `None` by being there. Can be called again, for the same attribute too.
    ///
    /// Like any marker it is removed from the output once it was read, so one that mail clients need
    /// as well, such as `rel`, is no good choice.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::TrackingLevel;
    /// use linkseal::{SkipReason, rewrite_with_report};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_opt_out_attribute("data-plain", None)?;
    /// let domain = domain.with_opt_out_attribute("data-count", "never")?;
    /// let html = "<a data-count='Never' href='https://shop.example/'>Shop</a>";
    /// let (output, report) = rewrite_with_report(html, &domain.with_open_tracking(TrackingLevel::Off));
    /// assert_eq!(output, "<a href='https://shop.example/'>Shop</a>");
    /// assert_eq!(report.links()[0].outcome().skip_reason(), Some(SkipReason::OptedOut));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::Dialect`] when the name is not 1 to 64 visible ASCII characters, has
    /// quotes, `<`, `=`, `>` or `/`, or is `class`, `href` or `src`; when the value is over 256 bytes; and
    /// over 32 names.
    pub fn with_opt_out_attribute<'a>(
        mut self,
        name: &str,
        value: impl Into<Option<&'a str>>,
    ) -> Result<Self, ConfigError> {
        let dialect = &mut self.settings_mut().dialect;
        dialect.add_attribute(name, value.into())?;
        Ok(self)
    }

    /// Adds a word of `class` by which the sender's templates opt a link out, besides those that are
    /// known. Can be called again.
    ///
    /// It is compared exactly, as classes are in HTML, and stays in the output: style sheets may speak
    /// of it.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{SkipReason, rewrite_with_report};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_opt_out_class("plain")?;
    /// let html = "<a class='button plain' href='https://shop.example/'>Shop</a>";
    /// let (_, report) = rewrite_with_report(html, &domain);
    /// assert_eq!(report.links()[0].outcome().skip_reason(), Some(SkipReason::OptedOut));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::Dialect`] when it is empty, over 64 bytes, or has white space or control
    /// characters.
    pub fn with_opt_out_class(mut self, name: &str) -> Result<Self, ConfigError> {
        self.settings_mut().dialect.add_class(name)?;
        Ok(self)
    }

    /// Limits how long an edit may make a line, in bytes without the line ending.
    ///
    /// No edit makes a line longer than that, or than it was if it was longer already. Where one would,
    /// a line ending takes the place of white space in the tag; a link in whose tag there is none is
    /// left alone. SMTP allows 998 bytes (RFC 5322 §2.1.1), and servers fold longer lines wherever they
    /// are that long. A part in quoted-printable or base64 needs no limit: its lines are folded by that.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// assert_eq!(domain.line_limit(), None);
    /// assert_eq!(domain.with_line_limit(998).line_limit(), Some(998));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_line_limit(mut self, bytes: usize) -> Self {
        self.settings_mut().line_limit = Some(bytes);
        self
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

    /// Returns the sending domain.
    #[must_use]
    pub fn sending_domain(&self) -> &SendingDomain {
        &self.settings.sending_domain
    }

    /// Returns the tracking host.
    #[must_use]
    pub fn tracking_host(&self) -> &TrackingHost {
        &self.settings.host
    }

    /// Returns whether the domain may be rewritten.
    #[must_use]
    pub fn status(&self) -> DomainStatus {
        self.settings.status
    }

    /// Returns how closely clicks are tracked at most.
    #[must_use]
    pub fn click_tracking(&self) -> TrackingLevel {
        self.settings.click_tracking
    }

    /// Returns how closely opens are tracked at most.
    #[must_use]
    pub fn open_tracking(&self) -> TrackingLevel {
        self.settings.open_tracking
    }

    /// Returns where the open pixel goes.
    #[must_use]
    pub fn pixel_placement(&self) -> PixelPlacement {
        self.settings.pixel_placement
    }

    /// Returns the domain's own placeholder of the open pixel, if it has one.
    #[must_use]
    pub fn pixel_placeholder(&self) -> Option<&str> {
        self.settings.pixel_placeholder.as_deref()
    }

    /// Returns whether markers stay in the output.
    #[must_use]
    pub fn keeps_markers(&self) -> bool {
        self.settings.keep_markers
    }

    /// Returns the hosts that links are left alone to, in lower case and punycode, each with `*.` before it when
    /// it stands for its subdomains.
    pub fn excluded_hosts(&self) -> impl Iterator<Item = &str> {
        self.settings.excluded_hosts.iter().map(String::as_str)
    }

    /// Returns the delimiters of the sender's own merge tags, opener and closer.
    pub fn merge_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.dialect().merge_tags()
    }

    /// Returns the sender's own attributes that opt a link out: the name, and the value that does, or `None`
    /// when the attribute does by being there.
    pub fn opt_out_attributes(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.dialect().opt_out_attributes()
    }

    /// Returns the sender's own classes that opt a link out.
    pub fn opt_out_classes(&self) -> impl Iterator<Item = &str> {
        self.dialect().opt_out_classes()
    }

    /// Returns how long an edit may make a line; `None` when there is no limit.
    #[must_use]
    pub fn line_limit(&self) -> Option<usize> {
        self.settings.line_limit
    }

    /// Returns the id of the key that signs.
    #[must_use]
    pub fn signing_key_id(&self) -> KeyId {
        self.signing_key().id
    }

    /// Returns the ids of the keys that sign no more but still verify.
    pub fn retired_key_ids(&self) -> impl Iterator<Item = KeyId> {
        self.settings.retired_keys.iter().map(|key| key.id)
    }

    /// Returns the message that the settings are scoped to; an anonymous one when to none.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &DomainKey> {
        std::iter::once(self.signing_key()).chain(&self.settings.retired_keys)
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
        let excluded = &self.settings.excluded_hosts;
        if excluded.is_empty() {
            return false;
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        let mut parents = host
            .match_indices('.')
            .filter_map(|(at, _)| host.get(at..))
            .map(|parent| format!("*{parent}"));
        excluded.contains(host) || parents.any(|parent| excluded.contains(&parent))
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

/// Why settings don't make a [`DomainConfig`].
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::error::ConfigError;
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let key = SigningKey::new(KeyId(1), &[0x43; 32])?;
/// let error = domain.with_retired_key(key).unwrap_err();
/// assert!(matches!(error, ConfigError::DuplicateKeyId { key_id: KeyId(1), .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A merge tag or an opt-out can't be added.
    #[error(transparent)]
    Dialect(#[from] DialectError),
    /// Two keys of one domain have the same id, so a token could not say which one signed it.
    #[error("key id {key_id} is used twice for {domain}, expected each key to have its own id")]
    DuplicateKeyId {
        /// The id that came twice.
        key_id: KeyId,
        /// The sending domain.
        domain: SendingDomain,
    },
    /// A host on the exclusion list is not a host.
    #[error(
        "excluded host `{host}` is not usable, expected a domain name, an IP address, or `*.` before a domain name"
    )]
    ExcludedHost {
        /// The text as it was given.
        host: String,
        /// What is wrong with it.
        source: HostError,
    },
    /// A custom tracking host lies outside the sending domain.
    #[error("tracking host `{host}` is not a subdomain of the sending domain `{domain}`")]
    NotSubdomain {
        /// The tracking host.
        host: String,
        /// The sending domain.
        domain: SendingDomain,
    },
    /// The text can't be the pixel's placeholder.
    #[error(transparent)]
    Placeholder(#[from] PlaceholderError),
}
