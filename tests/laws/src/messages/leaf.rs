//! Parts without parts.

use arbitrary::{Result, Unstructured};
use encoding_rs::{Encoding, KOI8_R, UTF_8, WINDOWS_1252};

use super::build::{Draft, Html};
use super::codes::Code;
use crate::documents::document;

/// The bytes that choose a document: the shorter, the more parts there are.
const MAX_CHOICES: usize = 120;

/// Parameters that state a charset, what is stated, and what the document is written in.
const CHARSETS: [(&str, Option<&Encoding>, &Encoding); 9] = [
    ("; charset=utf-8", Some(UTF_8), UTF_8),
    ("; charset=\"UTF-8\"", Some(UTF_8), UTF_8),
    (
        "; format=flowed; charset=iso-8859-1",
        Some(WINDOWS_1252),
        WINDOWS_1252,
    ),
    ("; CHARSET=koi8-r", Some(KOI8_R), KOI8_R),
    ("; charset=utf-8", Some(UTF_8), KOI8_R),
    ("; charset=us-ascii", None, UTF_8),
    ("; charset=us-ascii", None, KOI8_R),
    ("", None, UTF_8),
    ("", None, KOI8_R),
];

/// What keeps an HTML part from being rewritten: fields, and charsets that can't be read.
const FIELDS_THAT_KEEP: [&str; 4] = [
    "Content-Disposition: attachment",
    "Content-Disposition: attachment; filename=page.html",
    "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==",
    "Content-Transfer-Encoding: x-own",
];
const CHARSETS_THAT_KEEP: [&str; 3] = [
    "; charset=utf-16",
    "; charset=iso-2022-jp",
    "; charset=x-unknown",
];

/// Parts that are not HTML, with what they hold.
const OTHERS: [(&str, &str); 8] = [
    (
        "text/plain; format=flowed; DelSp=yes; charset=utf-8",
        "> See https://x.test/ \n> now, and https://y.test/long/ \n> rest.\n-- \nhttps://z.test/\n",
    ),
    (
        "text/plain",
        "(https://x.test/a_(b)), <https://y.test/?a=1&b=2>. https://link.example.com/c/x http://x.test/unsubscribe",
    ),
    ("text/plain; charset=utf-8", "See https://x.test/ now."),
    ("", "See <a href=\"https://x.test/\">this</a>."),
    (
        "text/calendar",
        "BEGIN:VCALENDAR\nURL:https://x.test/\nEND:VCALENDAR",
    ),
    ("text/x-amp-html", "<a href=\"https://x.test/\">"),
    (
        "message/rfc822",
        "From: b@x.test\nContent-Type: text/html\n\n<a href=\"https://x.test/\">",
    ),
    ("image/png", "\u{89}PNG"),
];

pub(super) fn leaf(draft: &mut Draft, is_kept: bool, choices: &mut Unstructured<'_>) -> Result<()> {
    match choices.int_in_range(0..=9)? {
        // In a message that is not in parts, the empty line is its own.
        0 | 1 if draft.boundaries > 0 && choices.ratio(1, 4)? => {
            no_body(draft, choices.arbitrary()?);
            Ok(())
        }
        0 | 1 => other(draft, choices),
        2 => {
            let kept = *choices.choose(&FIELDS_THAT_KEEP)?;
            html(draft, Some(Kept::Field(kept)), choices)
        }
        3 => {
            let kept = *choices.choose(&CHARSETS_THAT_KEEP)?;
            html(draft, Some(Kept::Charset(kept)), choices)
        }
        _ if is_kept => html(draft, Some(Kept::Place), choices),
        _ => html(draft, None, choices),
    }
}

/// Writes a part that ends with its header, or with the line ending behind that: the one that belongs to the delimiter.
fn no_body(draft: &mut Draft, has_end_of_header: bool) {
    draft.line("Content-Type: text/html");
    match has_end_of_header {
        true => draft.line(""),
        false => draft.built.is_ambiguous = true,
    }
    draft.body(b"", None);
    draft.has_no_body = true;
}

fn other(draft: &mut Draft, choices: &mut Unstructured<'_>) -> Result<()> {
    let (kind, text) = *choices.choose(&OTHERS)?;
    if !kind.is_empty() {
        draft.line(&format!("Content-Type: {kind}"));
    }
    draft.line("");
    let mut body = Vec::new();
    for line in text.split_inclusive('\n') {
        body.extend_from_slice(line.trim_end_matches('\n').as_bytes());
        if line.ends_with('\n') {
            body.extend_from_slice(draft.line_end().as_bytes());
        }
    }
    draft.body(&body, None);
    Ok(())
}

/// Why an HTML part must go out as it came.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kept {
    Charset(&'static str),
    Field(&'static str),
    Place,
}

fn html(draft: &mut Draft, kept: Option<Kept>, choices: &mut Unstructured<'_>) -> Result<()> {
    let (stated, charset, written) = *choices.choose(&CHARSETS)?;
    let code = *choices.choose(&Code::ALL)?;
    let stated = match kept {
        Some(Kept::Charset(stated)) => stated,
        _ => stated,
    };
    let kind = *choices.choose(&["text/html", "text/html", "Text/HTML"])?;
    let mut fields = vec![format!("Content-Type: {kind}{stated}")];
    match kept {
        Some(Kept::Field(field)) => fields.push(field.to_owned()),
        _ if choices.ratio(1, 8)? => fields.push("Content-Disposition: inline".to_owned()),
        _ => {}
    }
    let states_code = kept != Some(Kept::Field("Content-Transfer-Encoding: x-own"));
    // Without one it is 7bit (RFC 2045 §6.1).
    if states_code && (code != Code::SevenBit || choices.ratio(1, 2)?) {
        let name = match choices.ratio(1, 8)? {
            true => code.name().to_uppercase(),
            false => code.name().to_owned(),
        };
        fields.push(format!("Content-Transfer-Encoding: {name}"));
    }
    if choices.ratio(1, 2)? {
        fields.reverse();
    }
    for field in fields {
        draft.line(&field);
    }
    draft.line("");
    let length = choices.int_in_range(0..=MAX_CHOICES)?.min(choices.len());
    let text = document(&mut Unstructured::new(choices.bytes(length)?))?;
    let (bytes, _, _) = written.encode(&text);
    let body = code.encode(&bytes, &mut || draft.line_end(), choices)?;
    draft.body(&body, kept.is_none().then_some(Html { code, charset }));
    Ok(())
}
