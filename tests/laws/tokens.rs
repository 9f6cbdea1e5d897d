//! Laws of tokens: what was minted comes back, and nothing else does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use linkseal::{Event, Message, Placement, TokenError, Verifier, rewrite_with_report};
use sha2::Sha256;

use super::setup::{
    CLICK_PREFIX, OPEN_PREFIX, SECRET, domain, token_length, tracking_urls, verifier,
};
use super::{Verdict, ensure};

const TAG_BYTES: usize = 16;

/// What a click's token says, in the sender's words.
#[derive(Clone, Debug)]
pub struct Fields {
    /// Goes into the path of the destination.
    pub path: String,
    pub name: String,
    pub message: String,
    pub recipient: String,
    pub sent_at: u64,
}

impl Fields {
    fn message(&self) -> Message {
        let message = Message::new(cut(&self.message)).unwrap();
        let message = message.with_recipient(cut(&self.recipient)).unwrap();
        message
            .with_sent_at(self.sent_at & Message::MAX_SENT_AT)
            .unwrap()
    }
}

/// Cuts an id to what a message takes.
fn cut(id: &str) -> &str {
    let mut end = id.len().min(Message::MAX_ID_BYTES);
    while !id.is_char_boundary(end) {
        end -= 1;
    }
    &id[..end]
}

/// Mints a click and an open; returns their tokens once both came back with every field.
pub fn round_trip(fields: &Fields) -> Result<[String; 2], String> {
    let message = fields.message();
    let escaped = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;");
    let html = format!(
        "<a data-track-name=\"{}\" href=\"https://x.test/{}\">x</a>",
        escaped(&fields.name),
        escaped(&fields.path)
    );
    let (output, report) = rewrite_with_report(&html, &domain().for_message(message.clone()));
    let open = output.rsplit(OPEN_PREFIX).next().unwrap_or_default();
    let open = open[..token_length(open.as_bytes())].to_owned();
    let opened = verifier()
        .verify_open(&open)
        .map_err(|error| format!("{fields:?}: {error}"))?;
    if report.tracked() == 0 {
        return Ok([open.clone(), open]);
    }
    let url = tracking_urls(output.as_bytes()).remove(0);
    let clicked = verifier()
        .verify_url(&url)
        .map_err(|error| format!("{fields:?}: {error}"))?;
    for event in [&clicked, &Event::Open(opened.clone())] {
        ensure!(
            (
                event.message(),
                event.recipient(),
                event.sent_at(),
                event.domain()
            ) == (
                message.id(),
                message.recipient(),
                message.sent_at(),
                "example.com"
            ),
            "{fields:?} came back as {event:?}"
        );
    }
    ensure!(opened.placement() == Placement::End, "{opened:?}");
    let Event::Click(click) = clicked else {
        return Err(format!("{fields:?} came back as {clicked:?}"));
    };
    let link = &report.links()[0];
    ensure!(
        (Some(click.destination()), click.name())
            == (link.destination(), link.name().unwrap_or_default()),
        "{link:?} came back as {click:?}"
    );
    ensure!(
        is_location_safe(click.destination()),
        "{click:?} is not safe to redirect to"
    );
    Ok([url[CLICK_PREFIX.len()..].to_owned(), open])
}

/// A token with one character changed, left out or put in is refused.
pub fn tamper(token: &str, at: usize, sign: char) -> Verdict {
    let genuine = verifier().verify(token);
    let at = at % token.len().max(1);
    let (before, after) = token.split_at(at);
    let rest = after.get(1..).unwrap_or_default();
    for altered in [
        format!("{before}{sign}{rest}"),
        format!("{before}{sign}{after}"),
        format!("{before}{rest}"),
        before.to_owned(),
    ] {
        let event = verifier().verify(&altered);
        ensure!(
            altered == token || event.is_err(),
            "{altered:?}, altered from {token:?}, verifies as {event:?}, as {genuine:?} did"
        );
    }
    Ok(())
}

/// No text verifies, whichever way it is asked, but a token just as the key's holder mints it.
pub fn only_minted_verifies(text: &str) -> Verdict {
    let asked = [
        verifier().verify(text),
        verifier().verify_url(text),
        verifier().verify_url(&format!("/c/{text}")),
        verifier().verify_url(&format!("{OPEN_PREFIX}{text}")),
        verifier().verify_click(text).map(Event::Click),
        verifier().verify_open(text).map(Event::Open),
        Verifier::from_lookup(|_| Some(domain())).verify(text),
    ];
    for event in asked.into_iter().flatten() {
        let minted = sign(&naive_payload(&event));
        ensure!(
            text.contains(&minted),
            "{text:?} verifies as {event:?}, but is not {minted:?}"
        );
    }
    Ok(())
}

/// What minting signs for an event.
fn naive_payload(event: &Event) -> Vec<u8> {
    let (key_id, number, sent_at, message, recipient, name, destination) = fields_of(event);
    let mut payload = Vec::new();
    let put_varint = |mut value: u64, payload: &mut Vec<u8>| {
        while value >= 128 {
            payload.push(u8::try_from(value % 128 + 128).unwrap());
            value /= 128;
        }
        payload.push(u8::try_from(value).unwrap());
    };
    let put_field = |field: &[u8], payload: &mut Vec<u8>| {
        put_varint(field.len().try_into().unwrap(), payload);
        payload.extend_from_slice(field);
    };
    payload.push(if matches!(event, Event::Click(_)) {
        0x11
    } else {
        0x12
    });
    put_varint(key_id.into(), &mut payload);
    put_varint(number.into(), &mut payload);
    if let Some((scheme, rest)) = destination.split_once("://") {
        put_field(name.as_bytes(), &mut payload);
        let scheme = u8::from(scheme == "https");
        put_field(&[&[scheme], rest.as_bytes()].concat(), &mut payload);
    }
    put_varint(sent_at, &mut payload);
    put_field(message.as_bytes(), &mut payload);
    put_field(recipient.as_bytes(), &mut payload);
    payload
}

/// The token of a payload, signed by the key's holder.
fn sign(payload: &[u8]) -> String {
    let mut mac: Hmac<Sha256> = Hmac::new_from_slice(&SECRET).unwrap();
    mac.update(b"linkseal/1\0\x0bexample.com");
    mac.update(payload);
    let tag = mac.finalize().into_bytes();
    URL_SAFE_NO_PAD.encode([payload, &tag[..TAG_BYTES]].concat())
}

/// A payload signed by the key's holder is read as a naive reader reads it, and what it leads to is
/// safe to redirect to.
pub fn signed_payload(payload: &[u8]) -> Verdict {
    let token = sign(payload);
    let event = verifier().verify(&token);
    let expected = naive(payload, token.len());
    let read = event.as_ref().map(fields_of).map_err(|error| *error);
    ensure!(
        read == expected,
        "b\"{}\", signed, is read as {event:?}, and naively as {expected:?}",
        payload.escape_ascii()
    );
    if let Ok(Event::Click(click)) = event {
        ensure!(
            is_location_safe(click.destination()),
            "{click:?} is not safe to redirect to"
        );
    }
    Ok(())
}

/// What can't end a header field, start another, or lead elsewhere than to the web.
fn is_location_safe(destination: &str) -> bool {
    let rest = destination
        .strip_prefix("https://")
        .or(destination.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
    })
}

/// Key id, position or placement, sent at, message, recipient, name, destination.
type Read = (u32, u32, u64, String, String, String, String);

fn fields_of(event: &Event) -> Read {
    let (number, name, destination) = match event {
        Event::Click(click) => (click.position(), click.name(), click.destination()),
        Event::Open(open) => (u32::from(open.placement() == Placement::Start), "", ""),
        other => panic!("{other:?}"),
    };
    let texts = [event.message(), event.recipient(), name, destination].map(str::to_owned);
    let [message, recipient, name, destination] = texts;
    (
        event.key_id().0,
        number,
        event.sent_at(),
        message,
        recipient,
        name,
        destination,
    )
}

/// Reads a payload whose tag is right by docs/token-format.md, rule by rule.
fn naive(payload: &[u8], token_chars: usize) -> Result<Read, TokenError> {
    if token_chars > 8192 {
        return Err(TokenError::Malformed);
    }
    match payload.first() {
        // The tag's own first byte, which chance has made no version's.
        None => return Err(TokenError::UnsupportedVersion),
        Some(header) if header >> 4 != 1 => return Err(TokenError::UnsupportedVersion),
        Some(_) => {}
    }
    if payload.len() < 3 {
        return Err(TokenError::Malformed);
    }
    let mut rest = &payload[1..];
    let key_id = varint(&mut rest, 32).ok_or(TokenError::Malformed)?;
    if key_id != 1 {
        return Err(TokenError::UnknownKey);
    }
    naive_fields(payload[0] & 15, &mut rest)
        .filter(|_| rest.is_empty())
        .ok_or(TokenError::Malformed)
}

fn naive_fields(kind: u8, rest: &mut &[u8]) -> Option<Read> {
    let (mut name, mut destination) = (String::new(), String::new());
    let number = match kind {
        1 => {
            let position = varint(rest, 32)?;
            name = text(rest)?;
            let field = field(rest)?;
            let scheme = ["http://", "https://"].get(usize::from(*field.first()?))?;
            destination = format!("{scheme}{}", std::str::from_utf8(&field[1..]).ok()?);
            position
        }
        2 => {
            let (placement, after) = rest.split_first()?;
            *rest = after;
            u64::from(*placement)
        }
        _ => return None,
    };
    let sent_at = varint(rest, 63)?;
    let (message, recipient) = (text(rest)?, text(rest)?);
    let is_right = match kind {
        1 => is_location_safe(&destination),
        _ => number < 2,
    };
    let number = u32::try_from(number).ok()?;
    is_right.then_some((1, number, sent_at, message, recipient, name, destination))
}

/// An unsigned LEB128 number of the least length, below two to the power of `bits`.
fn varint(rest: &mut &[u8], bits: u32) -> Option<u64> {
    let length = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let (number, after) = rest.split_at(length);
    *rest = after;
    let is_short = length == 1 || number[length - 1] != 0;
    let mut value = 0_u128;
    for byte in number.iter().rev().take(18) {
        value = value << 7 | u128::from(byte & 0x7f);
    }
    (length <= 18 && is_short && value >> bits == 0).then(|| u64::try_from(value).ok())?
}

fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(rest, 63)?).ok()?;
    let (field, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(field)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    String::from_utf8(field(rest)?.to_vec()).ok()
}
