//! A key at work for one sending domain.

#[cfg(feature = "sealed")]
use std::sync::Arc;

use super::mac::{Mac, TAG_BYTES};
#[cfg(feature = "sealed")]
use super::sealing_key::SealingKey;
use crate::key::{KeyId, SigningKey};
use crate::sending_domain::SendingDomain;

/// A key, as what is derived from it for the domain: the HMAC that has taken in its context, and the key of sealed
/// tokens.
#[derive(Clone)]
pub(crate) struct DomainKey {
    pub(crate) domain: SendingDomain,
    pub(crate) id: KeyId,
    /// In a box, so that no copy of its state stays behind when a list of keys grows.
    mac: Box<Mac>,
    /// Shared with the links of templates.
    #[cfg(feature = "sealed")]
    sealing: Arc<SealingKey>,
}

impl DomainKey {
    pub(crate) fn new(key: &SigningKey, domain: SendingDomain) -> Self {
        Self {
            id: key.id(),
            mac: Box::new(Mac::new(key, &domain)),
            #[cfg(feature = "sealed")]
            sealing: Arc::new(SealingKey::new(key, &domain)),
            domain,
        }
    }

    /// Returns an HMAC that is ready for a payload.
    pub(super) fn start_tag(&self) -> Mac {
        Mac::clone(&self.mac)
    }

    #[cfg(feature = "sealed")]
    pub(super) fn sealing(&self) -> &Arc<SealingKey> {
        &self.sealing
    }

    /// Whether this key made the tag over the payload, for this domain.
    pub(crate) fn accepts(&self, payload: &[u8], tag: &[u8; TAG_BYTES]) -> bool {
        let mut mac = self.start_tag();
        mac.update(payload);
        mac.accepts(tag)
    }
}
