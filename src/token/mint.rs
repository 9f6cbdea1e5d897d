//! Writing tokens. A payload has a head, the same for every recipient of a document, and a tail.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::TAG_BYTES;
use super::event::Placement;
use super::wire::{put_field, put_varint};
use crate::key::KeyId;
use crate::message::Message;

pub(super) const CLICK: u8 = 0x11;
pub(super) const OPEN: u8 = 0x12;

/// Appends what a click's payload starts with; `None` when `destination` is not http or https.
pub(crate) fn click_head(
    key_id: KeyId,
    position: u32,
    name: &str,
    destination: &str,
    out: &mut Vec<u8>,
) -> Option<()> {
    let (scheme, rest) = if let Some(rest) = destination.strip_prefix("https://") {
        (1, rest)
    } else {
        (0, destination.strip_prefix("http://")?)
    };
    out.push(CLICK);
    put_varint(key_id.0.into(), out);
    put_varint(position.into(), out);
    put_field(&[name.as_bytes()], out);
    put_field(&[&[scheme], rest.as_bytes()], out);
    Some(())
}

/// Appends what an open's payload starts with.
pub(crate) fn open_head(key_id: KeyId, placement: Placement, out: &mut Vec<u8>) {
    out.push(OPEN);
    put_varint(key_id.0.into(), out);
    out.push(placement.code());
}

/// Returns what every payload of `message` ends with.
pub(crate) fn message_tail(message: &Message) -> Vec<u8> {
    let mut tail = Vec::with_capacity(message.id().len() + message.recipient().len() + 13);
    put_varint(message.sent_at(), &mut tail);
    put_field(&[message.id().as_bytes()], &mut tail);
    put_field(&[message.recipient().as_bytes()], &mut tail);
    tail
}

/// Appends the token of `payload`, which is left with its tag behind it, in unpadded base64url
/// (RFC 4648 §5).
pub(crate) fn encode(payload: &mut Vec<u8>, tag: [u8; TAG_BYTES], out: &mut Vec<u8>) {
    payload.extend_from_slice(&tag);
    let start = out.len();
    let length = base64::encoded_len(payload.len(), false).unwrap_or(0);
    out.resize(start + length, b'A');
    if let Some(target) = out.get_mut(start..) {
        // The room was computed for these bytes; a token in part would be no token.
        if URL_SAFE_NO_PAD.encode_slice(payload, target).is_err() {
            out.truncate(start);
        }
    }
}
