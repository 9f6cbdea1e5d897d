//! A second reader of tokens, by the letter of `docs/token-format.md` and too simple to be wrong.

use linkseal::error::TokenError;
use linkseal::{Event, EventKind};

use super::setup::SECRET;
use super::signer::{DOMAIN, full_tag, opened, sealed_head, varint};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What an event says, part by part; a click has a destination, an open a placement.
#[derive(Debug, Default, PartialEq)]
pub struct Said {
    position: u64,
    name: String,
    destination: Option<String>,
    placement: Option<&'static str>,
    sent_at: u64,
    message: String,
    recipient: String,
}

impl Said {
    pub fn by(event: &Event) -> Self {
        let common = Self {
            sent_at: event.sent_at().unwrap_or_default(),
            message: event.message().unwrap_or_default().to_owned(),
            recipient: event.recipient().unwrap_or_default().to_owned(),
            ..Self::default()
        };
        match event.kind() {
            EventKind::Click(click) => Self {
                position: click.position().into(),
                name: click.name().unwrap_or_default().to_owned(),
                destination: Some(click.destination().to_owned()),
                ..common
            },
            EventKind::Open(open) => Self {
                placement: Some(open.placement().as_str()),
                ..common
            },
        }
    }
}

/// All bits in a row, eight at a time; what is left must be fewer than six, and zero.
fn decode(token: &str) -> Option<Vec<u8>> {
    let mut bits = Vec::new();
    for sign in token.bytes() {
        let value = ALPHABET.iter().position(|known| *known == sign)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let (bytes, left) = bits.as_chunks::<8>();
    let number = |byte: &[usize; 8]| byte.iter().fold(0, |sum, bit| 2 * sum + bit);
    let bytes = bytes.iter().map(|byte| u8::try_from(number(byte)).unwrap());
    (left.len() < 6 && !left.contains(&1)).then(|| bytes.collect())
}

/// Takes a varint off the front: there is one spelling, so whoever writes the number gets it back.
fn take_varint(rest: &mut &[u8], limit: u128) -> Option<u64> {
    let length = 1 + rest.iter().position(|byte| *byte < 128)?;
    let (number, after) = rest.split_at(length);
    if length > 10 {
        return None;
    }
    let digits = number.iter().rev();
    let value = digits.fold(0_u128, |sum, byte| sum * 128 + u128::from(byte % 128));
    *rest = after;
    let value = u64::try_from(value).ok()?;
    (u128::from(value) < limit && varint(value) == number).then_some(value)
}

fn take_field(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(take_varint(rest, 1 << 63)?).unwrap();
    let field = rest.get(..length)?.to_vec();
    *rest = &rest[length..];
    Some(field)
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    String::from_utf8(take_field(rest)?).ok()
}

/// Rule 6.
fn parts(payload: &[u8]) -> Option<Said> {
    let mut rest = &payload[1..];
    take_varint(&mut rest, 1 << 32)?;
    let mut said = Said::default();
    match payload[0] & 15 {
        1 => {
            said.position = take_varint(&mut rest, 1 << 32)?;
            said.name = take_text(&mut rest)?;
            let destination = take_text(&mut rest)?;
            let scheme = match destination.bytes().next()? {
                0 => "http://",
                1 => "https://",
                _ => return None,
            };
            let target = &destination[1..];
            if target.is_empty() || target.bytes().any(|byte| !(0x21..=0x7e).contains(&byte)) {
                return None;
            }
            said.destination = Some(format!("{scheme}{target}"));
        }
        2 => {
            said.placement =
                Some(["end", "start"][usize::from(*rest.first().filter(|byte| **byte < 2)?)]);
            rest = &rest[1..];
        }
        _ => return None,
    }
    said.sent_at = take_varint(&mut rest, 1 << 63)?;
    said.message = take_text(&mut rest)?;
    said.recipient = take_text(&mut rest)?;
    rest.is_empty().then_some(said)
}

/// All six rules, in their order.
pub fn read(token: &str) -> Result<Said, TokenError> {
    if token.is_empty() || token.len() > 8192 {
        return Err(TokenError::Malformed);
    }
    let bytes = decode(token).ok_or(TokenError::Malformed)?;
    let version = bytes[0] >> 4;
    if ![1, 2].contains(&version) {
        return Err(TokenError::UnsupportedVersion);
    }
    // Where the tag, or the synthetic IV, must end at the latest, and where the key id must.
    let (shortest, end) = match version {
        1 => (3 + 16, bytes.len().saturating_sub(16)),
        _ => (sealed_head(&bytes) + 16 + 1, bytes.len()),
    };
    if bytes.len() < shortest {
        return Err(TokenError::Malformed);
    }
    match take_varint(&mut &bytes[1..end], 1 << 32) {
        None => return Err(TokenError::Malformed),
        Some(1) => {}
        Some(_) => return Err(TokenError::UnknownKey),
    }
    let payload = match version {
        1 => {
            let (payload, tag) = bytes.split_at(end);
            (full_tag(&SECRET, DOMAIN, payload)[..16] == *tag).then(|| payload.to_vec())
        }
        _ => opened(&bytes),
    };
    parts(&payload.ok_or(TokenError::BadSignature)?).ok_or(TokenError::Malformed)
}
