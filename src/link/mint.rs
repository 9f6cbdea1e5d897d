//! Making tracking URLs and the pixel of one message.

use crate::config::DomainConfig;
use crate::report::SkipReason;
use crate::token::{MAX_TOKEN_BYTES, Placement, TAG_BYTES, click_head, encode, open_head, tail};

const PIXEL_BEFORE_URL: &str = "<img src=\"";

/// Out of the flow, so that the page grows by nothing; where a client drops `position`, a block of
/// one pixel. `!important` stands against style sheets that stretch every image.
const PIXEL_AFTER_URL: &str = "\" width=\"1\" height=\"1\" alt=\"\" border=\"0\" style=\"\
    position:absolute!important;display:block!important;\
    width:1px!important;height:1px!important;min-width:0!important;max-width:1px!important;\
    margin:0!important;padding:0!important;border:0!important\">";

/// Signs for one message.
#[derive(Debug)]
pub(crate) struct Minter {
    domain: DomainConfig,
    payload: Vec<u8>,
    tail: Vec<u8>,
}

impl Minter {
    pub(crate) fn new(domain: DomainConfig) -> Self {
        let mut tail_bytes = Vec::new();
        tail(domain.message(), &mut tail_bytes);
        Self {
            domain,
            payload: Vec::new(),
            tail: tail_bytes,
        }
    }

    /// Appends the tracking URL of a click, or says why this message may not have one.
    pub(crate) fn click_url(
        &mut self,
        position: u32,
        name: &str,
        destination: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), SkipReason> {
        if self.domain.message().is_list_unsubscribe(destination) {
            return Err(SkipReason::Unsubscribe);
        }
        let key = self.domain.signing_key();
        self.payload.clear();
        click_head(key.id, position, name, destination, &mut self.payload)
            .ok_or(SkipReason::Scheme)?;
        if self.payload.len() + self.tail.len() + TAG_BYTES > MAX_TOKEN_BYTES {
            return Err(SkipReason::TooLong);
        }
        out.extend_from_slice(self.domain.click_url_prefix().as_bytes());
        self.sign_and_encode(out);
        Ok(())
    }

    /// Appends the open pixel.
    pub(crate) fn pixel(&mut self, placement: Placement, out: &mut Vec<u8>) {
        out.extend_from_slice(PIXEL_BEFORE_URL.as_bytes());
        out.extend_from_slice(self.domain.open_url_prefix().as_bytes());
        self.payload.clear();
        open_head(self.domain.signing_key().id, placement, &mut self.payload);
        self.sign_and_encode(out);
        out.extend_from_slice(PIXEL_AFTER_URL.as_bytes());
    }

    fn sign_and_encode(&mut self, out: &mut Vec<u8>) {
        self.payload.extend_from_slice(&self.tail);
        let mut mac = self.domain.signing_key().mac.clone();
        mac.update(&self.payload);
        encode(&mut self.payload, mac.tag(), out);
    }
}
