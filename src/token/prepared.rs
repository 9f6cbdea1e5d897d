//! A token whose head is done once, for many messages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::domain_key::DomainKey;
use super::mac::{Mac, TAG_BYTES};

/// What is left of a token after its head: the HMAC that has taken the head in, and the bytes at
/// its end whose base64 depends on what follows.
#[derive(Clone)]
pub(crate) struct PreparedToken {
    /// How many of the bytes count: base64 takes three at a time.
    carried: usize,
    carry: [u8; 2],
    mac: Mac,
    ready: Option<Ready>,
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
        let mut prepared = Self {
            carried: rest.len(),
            carry,
            mac,
            ready: None,
        };
        prepared.ready = ready.map(|part| prepared.finished(part));
        (URL_SAFE_NO_PAD.encode(whole), prepared)
    }

    /// Returns how long the text is at most that [`finish`](Self::finish) writes for a part of that length.
    pub(crate) fn finished_len(part_bytes: usize) -> usize {
        base64::encoded_len(2 + part_bytes + TAG_BYTES, false).unwrap_or(0)
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
        let mut mac = self.mac.clone();
        mac.update(part);
        scratch.clear();
        scratch.extend_from_slice(self.carry.get(..self.carried).unwrap_or_default());
        scratch.extend_from_slice(part);
        scratch.extend_from_slice(&mac.tag());
        write_base64(scratch, write);
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
