//! What a token says: the table of `docs/token-format.md`, written and read.

use super::event::{Click, Event, EventKind, Open};
use super::version::TokenVersion;
use super::wire::{Reader, put_field, put_varint};
use crate::key::KeyId;
use crate::message::Message;
use crate::pixel::PixelPosition;
use crate::sending_domain::SendingDomain;
use crate::tracking_level::TrackingLevel;

/// The low four bits of the header.
const CLICK: u8 = 1;
const OPEN: u8 = 2;

/// Appends the part of a click's payload that is the same for every message; `None` when `destination` is
/// neither http nor https.
pub(crate) fn write_click(
    version: TokenVersion,
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
    out.push(version.header(CLICK));
    put_varint(key_id.0.into(), out);
    put_varint(position.into(), out);
    put_field(&[name.as_bytes()], out);
    put_field(&[&[scheme], rest.as_bytes()], out);
    Some(())
}

/// Appends the part of an open's payload that is the same for every message.
pub(crate) fn write_open(
    version: TokenVersion,
    key_id: KeyId,
    position: PixelPosition,
    out: &mut Vec<u8>,
) {
    out.push(version.header(OPEN));
    put_varint(key_id.0.into(), out);
    out.push(match position {
        PixelPosition::End => 0,
        PixelPosition::Start => 1,
    });
}

/// Returns what every payload of `message` ends with. Below the level of single recipients it is the same for
/// all of them.
pub(crate) fn message_part(message: &Message, level: TrackingLevel) -> Vec<u8> {
    let id = message.id().unwrap_or_default();
    let (sent_at, recipient) = match level {
        TrackingLevel::Identified => (message.sent_at(), message.recipient()),
        TrackingLevel::Anonymous | TrackingLevel::Off => (None, None),
    };
    let recipient = recipient.unwrap_or_default();
    let mut part = Vec::with_capacity(id.len() + recipient.len() + 13);
    put_varint(sent_at.unwrap_or_default(), &mut part);
    put_field(&[id.as_bytes()], &mut part);
    put_field(&[recipient.as_bytes()], &mut part);
    part
}

/// Reads which key a token names, and returns how many bytes come up to there; nothing else of it is looked at.
pub(super) fn read_key_id(token: &[u8]) -> Option<(KeyId, usize)> {
    let mut reader = Reader::new(token);
    reader.byte()?;
    let key_id = reader.varint_32().map(KeyId)?;
    Some((key_id, token.len() - reader.remaining()))
}

/// Reads a payload whose tag has been checked; `None` when the key's holder signed nonsense.
pub(super) fn read(payload: &[u8], domain: &SendingDomain) -> Option<Event> {
    let mut reader = Reader::new(payload);
    let header = reader.byte()?;
    let key_id = KeyId(reader.varint_32()?);
    let kind = match header & 0x0f {
        CLICK => EventKind::Click(read_click(&mut reader)?),
        OPEN => EventKind::Open(read_open(&mut reader)?),
        _ => return None,
    };
    let sent_at = reader.varint(63)?;
    let (message, recipient) = (reader.text()?, reader.text()?);
    reader
        .is_at_end()
        .then(|| Event::new(domain.clone(), key_id, kind, sent_at, message, recipient))
}

fn read_click(reader: &mut Reader<'_>) -> Option<Click> {
    let position = reader.varint_32()?;
    let name = reader.text()?;
    let (scheme, rest) = read_destination(reader.field()?)?;
    Some(Click::new(position, name, scheme, rest))
}

/// Splits a destination into its scheme and the rest. A URL that the URL standard serialised has no
/// other bytes than visible ASCII; anything else, from another implementation with the key, could
/// break out of a `Location` field.
fn read_destination(field: &[u8]) -> Option<(&'static str, &str)> {
    let (scheme, rest) = field.split_first()?;
    let scheme = match scheme {
        0 => "http://",
        1 => "https://",
        _ => return None,
    };
    let is_safe = !rest.is_empty() && rest.iter().all(u8::is_ascii_graphic);
    let rest = std::str::from_utf8(rest).ok()?;
    is_safe.then_some((scheme, rest))
}

fn read_open(reader: &mut Reader<'_>) -> Option<Open> {
    match reader.byte()? {
        0 => Some(Open::new(PixelPosition::End)),
        1 => Some(Open::new(PixelPosition::Start)),
        _ => None,
    }
}
