//! Settings, read back.

use super::DomainConfig;
use crate::domain_status::DomainStatus;
use crate::key::KeyId;
use crate::message::Message;
use crate::parameters::LinkParameters;
use crate::pixel::PixelPlacement;
use crate::sending_domain::SendingDomain;
#[cfg(feature = "sealed")]
use crate::token::TokenVersion;
use crate::tracking_host::TrackingHost;
use crate::tracking_level::TrackingLevel;

impl DomainConfig {
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
        self.settings.excluded_hosts.iter()
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

    /// Returns the campaign parameters that the destinations of links get, if any were set.
    #[must_use]
    pub fn link_parameters(&self) -> Option<&LinkParameters> {
        self.settings.link_parameters.as_ref()
    }

    /// Returns whether tokens are sealed.
    #[cfg(feature = "sealed")]
    #[must_use]
    pub fn seals_tokens(&self) -> bool {
        self.token_version() == TokenVersion::Sealed
    }

    /// Returns whether links in plain text parts of messages are tracked.
    #[cfg(feature = "mime")]
    #[must_use]
    pub fn tracks_plain_text_links(&self) -> bool {
        self.settings.plain_text_links
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
}
