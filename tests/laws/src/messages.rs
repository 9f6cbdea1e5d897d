//! Laws of whole messages. What a message is made of is known from its making, so that no parser judges.

mod build;
mod codes;
mod leaf;

use encoding_rs::Encoding;
use linkseal::{
    Charset, DomainConfig, DomainStatus, Message, MessageReport, PartOutcome, TrackingLevel,
    rewrite_bytes, rewrite_message, rewrite_message_with_report,
};
use memchr::memmem;

pub use self::build::{Built, Html, Leaf, message};
pub use self::codes::Code;
use super::rewriting::{changes_again, count_no_track};
use super::settings::Settings;
use super::{Verdict, ensure};

/// The laws that hold for any bytes.
pub fn any_bytes(input: &[u8], settings: Settings) -> Verdict {
    idle(input)?;
    for tracks_text in [false, true] {
        let domain = without_line_limit(settings).domain();
        frame(input, &domain.with_plain_text_links(tracks_text))?;
        twice(input, settings, tracks_text)?;
    }
    Ok(())
}

/// The laws that need to know what the message is made of.
pub fn of_known_parts(built: &Built, settings: Settings) -> Verdict {
    any_bytes(&built.bytes, settings)?;
    parts(built, settings, true)?;
    parts(built, settings, false)
}

/// With all tracking off the output is the input, byte for byte, but for Postal's opt-out.
pub fn idle(input: &[u8]) -> Verdict {
    let domain = without_line_limit(Settings::DEFAULT).domain();
    let domain = domain.with_plain_text_links(true);
    for status in [DomainStatus::External, DomainStatus::Pending] {
        let output = rewrite_message(input, &domain.clone().with_status(status));
        ensure!(
            output == input,
            "{} of a domain that is {status:?} became {}",
            shown(input),
            shown(&output)
        );
    }
    let off = without_opens(domain.message()).with_click_tracking(TrackingLevel::Off);
    let (output, report) = rewrite_message_with_report(input, &domain.for_message(off));
    let cuts: usize = reports(&report).map(count_no_track).sum();
    ensure!(
        output == input || cuts > 0,
        "{} became {} with nothing to track",
        shown(input),
        shown(&output)
    );
    Ok(())
}

/// The header and all delimiters stay, and what is reported is what was done.
pub fn frame(input: &[u8], domain: &DomainConfig) -> Verdict {
    let (output, report) = rewrite_message_with_report(input, domain);
    let became = || format!("{} with {domain:?} became {}", shown(input), shown(&output));
    let header = header_length(input);
    ensure!(
        output.starts_with(&input[..header]),
        "{}: another header",
        became()
    );
    ensure!(
        delimiters(&input[..header], input) == delimiters(&input[..header], &output),
        "{}: other delimiters",
        became()
    );
    let mut outcomes = report.parts().iter().map(|part| part.outcome());
    ensure!(
        output == input || outcomes.any(|outcome| outcome == PartOutcome::Rewritten),
        "{}: no part is reported as rewritten",
        became()
    );
    let counts = (report.input_bytes(), report.output_bytes());
    let expected = [input, &output].map(|bytes| u64::try_from(bytes.len()).unwrap());
    ensure!(
        counts == expected.into(),
        "{}: reported as {counts:?} bytes",
        became()
    );
    Ok(())
}

/// A second run changes nothing, with markers kept, as `rewriting::stability` has it.
pub fn twice(input: &[u8], settings: Settings, tracks_text: bool) -> Verdict {
    let settings = without_line_limit(settings).keeping_markers();
    let domain = settings.domain().with_plain_text_links(tracks_text);
    let (once, report) = rewrite_message_with_report(input, &domain);
    // The limit that parts have whose lines are not folded.
    let limited = Settings {
        line_limit: Some(998),
        ..settings
    };
    if reports(&report).any(|report| changes_again(report, limited)) {
        return Ok(());
    }
    let twice = rewrite_message(&once, &domain);
    ensure!(
        twice == once,
        "{} with {settings:?} became {} and then {}",
        shown(input),
        shown(&once),
        shown(&twice)
    );
    Ok(())
}

/// Outside the parts to be rewritten nothing changes, and each of these decodes to what `rewrite_bytes` makes of what
/// it decoded to.
pub fn parts(built: &Built, settings: Settings, is_id_given: bool) -> Verdict {
    let domain = without_line_limit(settings).domain();
    let domain = match is_id_given {
        true => domain,
        false => domain.for_message(Message::default()),
    };
    let output = rewrite_message(&built.bytes, &domain);
    let became = || {
        format!(
            "{} with {settings:?} became {}",
            shown(&built.bytes),
            shown(&output)
        )
    };
    let Some(bodies) = bodies(built, &output) else {
        return Err(format!("{}: other bytes changed", became()));
    };
    let domain = domain.for_message(told(built, domain.message()));
    let (mut pixels, mut can_all_have_one, mut is_any_left) = (0, true, true);
    for (leaf, body) in built.leaves.iter().zip(bodies) {
        let Some(html) = leaf.html else { continue };
        let before = &built.bytes[leaf.range.clone()];
        let [with, without] = expected(html, before, &domain);
        let decoded = html.code.decode(body);
        if built.is_ambiguous && body == before {
            can_all_have_one = false;
            continue;
        }
        ensure!(
            decoded == with || decoded == without,
            "{}: a part decodes to {}, expected {} or {}",
            became(),
            shown(&decoded),
            shown(&with),
            shown(&without)
        );
        is_any_left = false;
        can_all_have_one &= with != without;
        pixels += usize::from(with != without && decoded == with);
    }
    let is_missing = can_all_have_one && !is_any_left && pixels == 0;
    ensure!(
        pixels <= 1 && !is_missing,
        "{}: {pixels} pixels, expected one",
        became()
    );
    Ok(())
}

/// What a part is to become, with the pixel and without.
fn expected(html: Html, before: &[u8], domain: &DomainConfig) -> [Vec<u8>; 2] {
    let decoded = html.code.decode(before);
    let charset = match (html.charset, std::str::from_utf8(&decoded)) {
        (Some(encoding), _) => charset(encoding),
        (None, Ok(_)) => Charset::UTF_8,
        (None, Err(_)) => match Charset::stated_in(&decoded) {
            Some(Ok(stated)) if Encoding::for_bom(&decoded).is_none() => stated,
            _ => Charset::UTF_8,
        },
    };
    let domain = match html.code.line_limit() {
        Some(limit) => domain.clone().with_line_limit(limit),
        None => domain.clone(),
    };
    let off = domain.for_message(without_opens(domain.message()));
    [domain, off].map(|domain| rewrite_bytes(&decoded, charset, &domain).0)
}

/// What a message that was given becomes by the header of another.
fn told(built: &Built, given: &Message) -> Message {
    let message = match (given.id(), &built.message_id) {
        (None, Some(id)) => Message::new(id.clone()).unwrap(),
        _ => given.clone(),
    };
    match built.list_unsubscribe {
        Some(value) => message.with_list_unsubscribe(value),
        None => message,
    }
}

/// The bytes of each part in the output, if all that is around them is as it was.
fn bodies<'a>(built: &Built, output: &'a [u8]) -> Option<Vec<&'a [u8]>> {
    let mut bodies = Vec::new();
    let (mut rest, mut from) = (output, 0);
    for (at, leaf) in built.leaves.iter().enumerate() {
        rest = rest.strip_prefix(&built.bytes[from..leaf.range.start])?;
        from = leaf.range.end;
        let next = built.leaves.get(at + 1).map(|next| next.range.start);
        let behind = &built.bytes[from..next.unwrap_or(built.bytes.len())];
        let length = match (leaf.html, behind) {
            (None, _) => leaf.range.len(),
            (Some(_), []) => rest.len(),
            (Some(_), behind) => memmem::find(rest, behind)?,
        };
        let (body, after) = rest.split_at_checked(length)?;
        if leaf.html.is_none() && body != &built.bytes[leaf.range.clone()] {
            return None;
        }
        bodies.push(body);
        rest = after;
    }
    (rest == &built.bytes[from..]).then_some(bodies)
}

fn reports(report: &MessageReport) -> impl Iterator<Item = &linkseal::Report> {
    report.parts().iter().filter_map(|part| part.report())
}

/// A limit of the domain is not what is tried here.
fn without_line_limit(settings: Settings) -> Settings {
    Settings {
        line_limit: None,
        ..settings
    }
}

fn without_opens(message: &Message) -> Message {
    message.clone().with_open_tracking(TrackingLevel::Off)
}

fn charset(encoding: &'static Encoding) -> Charset {
    encoding.name().parse().unwrap()
}

/// The bytes up to the first line that is empty, and that line.
fn header_length(message: &[u8]) -> usize {
    let mut length = 0;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        length += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            break;
        }
    }
    length
}

/// The lines that start with two hyphens and the boundary of a header. That of the whole message is open in all parts.
fn delimiters<'a>(header: &[u8], message: &'a [u8]) -> Vec<&'a [u8]> {
    let Some(boundary) = boundary(header) else {
        return Vec::new();
    };
    let lines = message.split(|byte| *byte == b'\n');
    lines
        .filter(|line| {
            let text = line.strip_prefix(b"--");
            text.is_some_and(|text| text.starts_with(boundary))
        })
        .collect()
}

/// The boundary, if it is stated so plainly that no reader takes it for another.
fn boundary(header: &[u8]) -> Option<&[u8]> {
    const FIELD: &[u8] = b"\ncontent-type: multipart/";
    const PARAMETER: &[u8] = b"boundary=";
    let lower = header.to_ascii_lowercase();
    let only = |what: &[u8]| {
        let mut found = memmem::find_iter(&lower, what);
        found.next().filter(|_| found.next().is_none())
    };
    let (field, at) = (only(FIELD)?, only(PARAMETER)?);
    only(b"content-type")?;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/; _-=\"\t\r\n".contains(byte);
    let before = header.get(field + FIELD.len()..at)?;
    let quoted = header[at + PARAMETER.len()..].strip_prefix(b"\"")?;
    let end = quoted.iter().position(|byte| b"\"\\\r\n".contains(byte))?;
    let is_one_field = !before.contains(&b'"') && before.iter().all(is_plain);
    (is_one_field && end > 0 && quoted[end] == b'"').then(|| &quoted[..end])
}

fn shown(bytes: &[u8]) -> String {
    format!("b\"{}\"", bytes.escape_ascii())
}
