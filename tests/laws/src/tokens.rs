//! Laws of tokens: what was minted comes back, and nothing else does.

use linkseal::error::TokenError;
use linkseal::{
    DomainConfig, Event, EventKind, Link, LinkContext, LinkOutcome, Message, Open, PixelPosition,
    UntrustedToken, rewrite_with_report,
};

use super::reader::{Said, read};
use super::settings::Settings;
use super::setup::{CLICK_PREFIX, OPEN_PREFIX, domain, token_length, tracking_urls, verifier};
use super::signer::{click_payload, of_version, payload, token};
use super::{Verdict, ensure};

/// One in 4,096 recipients will do, of those whose tokens have the right length.
const MAX_TRIED: u32 = 60_000;

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

/// Mints a click and an open of both versions; returns their tokens once all came back with every field.
pub fn round_trip(fields: &Fields) -> Result<Vec<String>, String> {
    let mut minted = Vec::new();
    for is_sealed in [false, true] {
        let domain = domain().with_sealed_tokens(is_sealed);
        minted.extend(round_trip_of(fields, &domain)?);
    }
    Ok(minted)
}

fn round_trip_of(fields: &Fields, minting: &DomainConfig) -> Result<[String; 2], String> {
    let message = fields.message();
    let escaped = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;");
    let html = format!(
        "<a data-track-name=\"{}\" href=\"https://x.test/{}\">x</a>",
        escaped(&fields.name),
        escaped(&fields.path)
    );
    let (output, report) = rewrite_with_report(&html, &minting.for_message(message.clone()));
    let open = output.rsplit(OPEN_PREFIX).next().unwrap_or_default();
    let open = open[..token_length(open.as_bytes())].to_owned();
    let verified = |token: Result<UntrustedToken, TokenError>| {
        token
            .and_then(|token| token.verify(&domain()))
            .map_err(|error| format!("{fields:?}: {error}"))
    };
    let opened = verified(UntrustedToken::parse(&open))?;
    if report.tracked() == 0 {
        return Ok([open.clone(), open]);
    }
    let url = tracking_urls(output.as_bytes()).remove(0);
    let clicked = verified(UntrustedToken::parse_url(&url))?;
    for event in [&clicked, &opened] {
        ensure!(
            (
                event.message(),
                event.recipient(),
                event.sent_at(),
                event.domain().as_str()
            ) == (
                message.id(),
                message.recipient(),
                message.sent_at(),
                "example.com"
            ),
            "{fields:?} came back as {event:?}"
        );
    }
    let is_end = |open: &Open| open.placement() == PixelPosition::End;
    ensure!(
        matches!(opened.kind(), EventKind::Open(open) if is_end(open)),
        "{opened:?}"
    );
    let EventKind::Click(click) = clicked.kind() else {
        return Err(format!("{fields:?} came back as {clicked:?}"));
    };
    let link = &report.links()[0];
    ensure!(
        (Some(click.destination()), click.name()) == (link.destination(), link.name()),
        "{link:?} came back as {click:?}"
    );
    ensure!(
        is_location_safe(click.destination()),
        "{click:?} is not safe to redirect to"
    );
    Ok([url[CLICK_PREFIX.len()..].to_owned(), open])
}

/// A token with one character changed, left out or put in is refused.
pub fn tamper(token: &str, at: usize, character: char) -> Verdict {
    let genuine = verifier().verify(token);
    let at = at % token.len().max(1);
    let (before, after) = token.split_at(at);
    let rest = after.get(1..).unwrap_or_default();
    for altered in [
        format!("{before}{character}{rest}"),
        format!("{before}{character}{after}"),
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

/// Returns the same settings for a recipient for whom the token of the last link in a comment ends in `--`, if
/// there is such a link.
pub fn dashed(html: &str, settings: Settings) -> Option<Settings> {
    let (_, report) = rewrite_with_report(html, &settings.domain());
    let is_in_comment = |link: &&Link| {
        link.outcome() == LinkOutcome::Tracked && link.context() == LinkContext::ConditionalComment
    };
    let link = report.links().iter().rfind(is_in_comment)?;
    let (position, name) = (link.position()?, link.name().unwrap_or_default());
    let is_dashed = |recipient: &u32| {
        let settings = Settings {
            recipient: *recipient,
            ..settings
        };
        let ids = ("msg-7f3a", &*settings.recipient());
        let payload = click_payload(1, position, name, link.destination().unwrap(), ids);
        let payload = of_version(settings.token_version(), &payload);
        // Elsewhere the last character has bits that are always zero.
        (payload.len() + 16).is_multiple_of(3) && token(&payload).ends_with("--")
    };
    let recipient = (0..MAX_TRIED).find(is_dashed)?;
    Some(Settings {
        recipient,
        ..settings
    })
}

/// No text verifies, whichever way it is asked, but a token just as the key's holder mints it. In a URL it may be
/// escaped and folded.
pub fn only_minted_verifies(text: &str) -> Verdict {
    let bare = [
        verifier().verify(text),
        UntrustedToken::parse(text).and_then(|token| token.verify(&domain())),
    ];
    for event in bare.into_iter().flatten() {
        let minted = minted(&event);
        ensure!(
            minted.iter().any(|minted| text == minted),
            "{text:?} verifies as {event:?}, but is not {minted:?}"
        );
    }
    let urls = [
        text.to_owned(),
        format!("/c/{text}"),
        format!("{OPEN_PREFIX}{text}"),
    ];
    for url in urls {
        let asked = [
            verifier().verify_url(&url),
            UntrustedToken::parse_url(&url).and_then(|token| token.verify(&domain())),
        ];
        for event in asked.into_iter().flatten() {
            let minted = minted(&event);
            let url_unfolded = unfolded(&url);
            ensure!(
                minted.iter().any(|minted| url_unfolded.contains(minted)),
                "{url:?} verifies as {event:?}, but does not hold {minted:?}"
            );
        }
    }
    Ok(())
}

/// The tokens that say this: one of each version.
fn minted(event: &Event) -> [String; 2] {
    [1, 2].map(|version| token(&of_version(version, &payload(event))))
}

/// Decodes percent escapes, and leaves out what a server that folds lines puts in.
fn unfolded(url: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = url.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .and_then(|digits| str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| *first == b'%' && !digits.starts_with('+'));
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(*first));
        rest = &after[if escaped.is_some() { 2 } else { 0 }..];
    }
    let text = String::from_utf8_lossy(&decoded);
    text.replace([' ', '\t', '\r', '\n'], "")
}

/// Any token is read as a second reader reads it, and what it leads to is safe to redirect to.
pub fn read_alike(token: &str) -> Verdict {
    let event = verifier().verify(token);
    let said = event.as_ref().map(Said::by).map_err(|error| *error);
    let expected = read(token);
    ensure!(
        said == expected,
        "{token:?} is read as {event:?}, and by a second reader as {expected:?}"
    );
    if let Ok(EventKind::Click(click)) = event.as_ref().map(Event::kind) {
        ensure!(
            is_location_safe(click.destination()),
            "{click:?} is not safe to redirect to"
        );
    }
    Ok(())
}

/// What can't end a header field, start another, or lead elsewhere than to the web.
fn is_location_safe(destination: &str) -> bool {
    let rest = destination.strip_prefix("https://");
    let rest = rest.or(destination.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
    })
}
