//! The tag over a token: HMAC-SHA-256 (RFC 2104), bound to the sending domain, cut to 16 bytes.

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;

use super::wire::put_field;
use crate::key::SigningKey;
use crate::sending_domain::SendingDomain;

pub(crate) const TAG_BYTES: usize = 16;

/// An HMAC that has taken in the key, the context, and whatever was fed since.
///
/// Cloning it saves the two compressions of the key and the one or two of the context, which are
/// the same for every token of a domain. Its state is zeroised on drop.
#[derive(Clone)]
pub(super) struct Mac(Hmac<Sha256>);

impl Mac {
    /// Starts a tag for `domain`.
    pub(super) fn new(key: &SigningKey, domain: &SendingDomain) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "HMAC takes keys of any length (RFC 2104 §2)"
        )]
        let mut mac = Hmac::new_from_slice(key.secret()).expect("HMAC takes keys of any length");
        let mut context = b"linkseal/1\0".to_vec();
        put_field(&[domain.as_str().as_bytes()], &mut context);
        mac.update(&context);
        Self(mac)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn tag(self) -> [u8; TAG_BYTES] {
        let full: [u8; 32] = self.0.finalize().into_bytes().into();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(full.first_chunk::<TAG_BYTES>().unwrap_or(&[0; TAG_BYTES]));
        tag
    }

    /// Compares in constant time, always all 16 bytes: the crate's own truncated comparison would
    /// take a tag of any length, and one byte is quickly guessed. Here the type fixes the length.
    ///
    /// That the time is constant rests on the dependencies, as read in these versions. digest 0.11.3
    /// finishes the HMAC, cuts it to the tag's length and compares by `CtEq` of ctutils 0.4.8, which is
    /// `CmovEq` of cmov 0.5.4. On x86 and AArch64 that is one exclusive-or and one conditional move in
    /// assembly for each word, and elsewhere arithmetic without a branch, with `black_box` against the
    /// optimiser. The result becomes a `bool` when all words have been compared. The only early return
    /// is for slices of different lengths. The HMAC takes time by the length of the payload, which the
    /// caller chose.
    pub(super) fn accepts(self, tag: &[u8; TAG_BYTES]) -> bool {
        self.0.verify_truncated_left(tag).is_ok()
    }
}
