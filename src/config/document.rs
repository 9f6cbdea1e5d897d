//! Settings: what in a document is left alone, and where its pixel goes.

use super::DomainConfig;
use super::error::ConfigError;
use crate::parameters::LinkParameters;
use crate::pixel::PixelPlacement;
use crate::placeholder::check_placeholder;

impl DomainConfig {
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

    /// Sets a text that the open pixel takes the place of, besides those that
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

    /// Keeps markers in the output, for a system further on that reads them too.
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

    /// Excludes links to `host` from tracking: that host exactly, or with `*.` before it all its subdomains
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
        let excluded = &mut self.settings_mut().excluded_hosts;
        let added = excluded.add(host);
        added.map_err(|source| ConfigError::ExcludedHost {
            host: host.to_owned(),
            source,
        })?;
        Ok(self)
    }

    /// Sets campaign parameters, which the destinations of links get; there are none when new.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{LinkParameters, rewrite_with_report};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let parameters = LinkParameters::new(["shop.example"])?.with_parameter("utm_source", "news")?;
    /// let domain = domain.with_link_parameters(parameters);
    /// let (_, report) = rewrite_with_report("<a href='https://shop.example/'>Shop</a>", &domain);
    /// assert_eq!(report.links()[0].destination(), Some("https://shop.example/?utm_source=news"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_link_parameters(mut self, parameters: LinkParameters) -> Self {
        self.settings_mut().link_parameters = Some(parameters);
        self
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
    /// as well, such as `rel`, is not a good choice.
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
}
