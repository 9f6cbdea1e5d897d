//! From a payload to the text of its token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::domain_key::DomainKey;
use super::mac::TAG_BYTES;

/// Longer texts are refused before they are decoded.
pub(super) const MAX_TOKEN_CHARS: usize = 8192;

/// What fits into [`MAX_TOKEN_CHARS`]: four characters for three bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = MAX_TOKEN_CHARS / 4 * 3;

/// Appends the token of `payload`, signed by `key`. The payload is left with its tag after it.
pub(crate) fn seal(key: &DomainKey, payload: &mut Vec<u8>, out: &mut Vec<u8>) {
    let mut mac = key.start_tag();
    mac.update(payload);
    encode(payload, mac.tag(), out);
}

/// Appends payload and tag in unpadded base64url (RFC 4648 §5).
fn encode(payload: &mut Vec<u8>, tag: [u8; TAG_BYTES], out: &mut Vec<u8>) {
    payload.extend_from_slice(&tag);
    let start = out.len();
    let length = base64::encoded_len(payload.len(), false).unwrap_or(0);
    out.resize(start + length, b'A');
    if let Some(target) = out.get_mut(start..) {
        // The length was computed for these bytes; a part of a token would not be a token.
        if URL_SAFE_NO_PAD.encode_slice(payload, target).is_err() {
            out.truncate(start);
        }
    }
}
