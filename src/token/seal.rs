//! From a payload to the text of its token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::domain_key::DomainKey;
#[cfg(feature = "sealed")]
use super::payload::read_key_id;
#[cfg(feature = "sealed")]
use super::sealing_key::SealingKey;
use super::version::TokenVersion;

/// Longer texts are refused before they are decoded.
pub(super) const MAX_TOKEN_CHARS: usize = 8192;

/// What fits into [`MAX_TOKEN_CHARS`]: four characters for three bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = MAX_TOKEN_CHARS / 4 * 3;

/// Appends the token of `payload`, signed or sealed by `key` as its header says. The payload is overwritten.
pub(crate) fn seal(key: &DomainKey, payload: &mut Vec<u8>, out: &mut Vec<u8>) {
    complete(key, payload);
    encode(payload, out);
}

/// Makes the bytes of a token of its payload.
fn complete(key: &DomainKey, payload: &mut Vec<u8>) {
    match payload.first().and_then(|header| TokenVersion::of(*header)) {
        #[cfg(feature = "sealed")]
        Some(TokenVersion::Sealed) => seal_fields(key.sealing(), payload),
        _ => {
            let mut mac = key.start_tag();
            mac.update(payload);
            payload.extend_from_slice(&mac.tag());
        }
    }
}

/// Puts the synthetic IV between the key id and what follows, which is encrypted.
#[cfg(feature = "sealed")]
pub(super) fn seal_fields(key: &SealingKey, payload: &mut Vec<u8>) {
    let head_bytes = read_key_id(payload).map_or(0, |(_, bytes)| bytes);
    let Some((head, fields)) = payload.split_at_mut_checked(head_bytes) else {
        return;
    };
    let iv = key.seal(head, fields);
    payload.splice(head_bytes..head_bytes, iv);
}

/// Appends bytes in unpadded base64url (RFC 4648 §5).
fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let length = base64::encoded_len(bytes.len(), false).unwrap_or(0);
    out.resize(start + length, b'A');
    if let Some(target) = out.get_mut(start..) {
        // The length was computed for these bytes; a part of a token would not be a token.
        if URL_SAFE_NO_PAD.encode_slice(bytes, target).is_err() {
            out.truncate(start);
        }
    }
}
