//! A token whose head is done once, for many messages.

#[cfg(feature = "sealed")]
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::domain_key::DomainKey;
use super::mac::{Mac, TAG_BYTES};
#[cfg(feature = "sealed")]
use super::seal::seal_fields;
#[cfg(feature = "sealed")]
use super::sealing_key::SealingKey;
use super::version::TokenVersion;

/// What is left of a token after its head.
#[derive(Clone)]
pub(crate) struct PreparedToken {
    rest: Rest,
    ready: Option<Ready>,
}

/// How the rest is made for a message.
#[derive(Clone)]
enum Rest {
    /// The HMAC that has taken the head in, and the bytes at the head's end whose base64 depends on what follows.
    Signed {
        /// How many of the bytes count: base64 takes three at a time.
        carried: usize,
        carry: [u8; 2],
        mac: Mac,
    },
    /// The key, and all of the head: every byte of a sealed token depends on what follows.
    #[cfg(feature = "sealed")]
    Sealed {
        head: Box<[u8]>,
        key: Arc<SealingKey>,
    },
}

/// The rest of the token of those messages whose payload ends with `part`.
#[derive(Clone)]
struct Ready {
    part: Box<[u8]>,
    text: Box<str>,
}

impl PreparedToken {
    /// Takes in a head; returns the token's text as far as it is the same for every message, too. The rest of
    /// it is made now for those messages whose payload ends with `ready`.
    pub(crate) fn new(key: &DomainKey, head: &[u8], ready: Option<&[u8]>) -> (String, Self) {
        let version = head.first().and_then(|header| TokenVersion::of(*header));
        let (text, rest) = match version {
            #[cfg(feature = "sealed")]
            Some(TokenVersion::Sealed) => {
                let rest = Rest::Sealed {
                    head: head.into(),
                    key: Arc::clone(key.sealing()),
                };
                (String::new(), rest)
            }
            _ => Rest::signed(key, head),
        };
        let mut prepared = Self { rest, ready: None };
        prepared.ready = ready.map(|part| prepared.finished(part));
        (text, prepared)
    }

    /// Returns how long the text is at most that [`finish`](Self::finish) writes, for a head and a part of these lengths.
    pub(crate) fn finished_len(
        version: TokenVersion,
        head_bytes: usize,
        part_bytes: usize,
    ) -> usize {
        let carried = match version {
            TokenVersion::Signed => head_bytes.min(2),
            #[cfg(feature = "sealed")]
            TokenVersion::Sealed => head_bytes,
        };
        base64::encoded_len(carried + part_bytes + TAG_BYTES, false).unwrap_or(0)
    }

    fn finished(&self, part: &[u8]) -> Ready {
        let mut text = String::new();
        self.finish(part, &mut Vec::new(), |piece| text.push_str(piece));
        Ready {
            part: part.into(),
            text: text.into(),
        }
    }

    /// Writes the rest of the token of a message, whose payload ends with `part`. `scratch` is overwritten.
    pub(crate) fn finish(&self, part: &[u8], scratch: &mut Vec<u8>, mut write: impl FnMut(&str)) {
        if let Some(ready) = self.ready.as_ref().filter(|ready| *ready.part == *part) {
            return write(&ready.text);
        }
        scratch.clear();
        match &self.rest {
            Rest::Signed {
                carried,
                carry,
                mac,
            } => {
                let mut mac = mac.clone();
                mac.update(part);
                scratch.extend_from_slice(carry.get(..*carried).unwrap_or_default());
                scratch.extend_from_slice(part);
                scratch.extend_from_slice(&mac.tag());
            }
            #[cfg(feature = "sealed")]
            Rest::Sealed { head, key } => {
                scratch.extend_from_slice(head);
                scratch.extend_from_slice(part);
                seal_fields(key, scratch);
            }
        }
        write_base64(scratch, write);
    }
}

impl Rest {
    fn signed(key: &DomainKey, head: &[u8]) -> (String, Self) {
        let mut mac = key.start_tag();
        mac.update(head);
        let (whole, rest) = head
            .split_at_checked(head.len() / 3 * 3)
            .unwrap_or((head, &[]));
        let mut carry = [0; 2];
        carry
            .iter_mut()
            .zip(rest)
            .for_each(|(to, from)| *to = *from);
        let signed = Self::Signed {
            carried: rest.len(),
            carry,
            mac,
        };
        (URL_SAFE_NO_PAD.encode(whole), signed)
    }
}

impl std::fmt::Debug for PreparedToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PreparedToken")
    }
}

/// Writes base64url by way of the stack, so that a `String` takes it without a second pass over what it
/// holds.
fn write_base64(bytes: &[u8], mut write: impl FnMut(&str)) {
    // Whole groups of three, so that the parts' texts join to the whole's.
    for part in bytes.chunks(96) {
        let mut text = [0; 128];
        let length = URL_SAFE_NO_PAD.encode_slice(part, &mut text).unwrap_or(0);
        let text = text.get(..length).unwrap_or_default();
        write(std::str::from_utf8(text).unwrap_or_default());
    }
}
