//! The parts of a message, as mail-parser finds them.

use std::ops::Range;
use std::panic::catch_unwind;

use mail_parser::{HeaderName, MessageParser, MessagePart, MimeHeaders, PartType};
use memchr::memmem;

use super::outline::Outline;

/// How deep parts may be nested.
const MAX_DEPTH: usize = 50;
/// How many parts may hold others: mail-parser looks for the delimiters of each in all that follows.
const MAX_MULTIPARTS: usize = 100;

/// A part of a message, or all of it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) body: Range<usize>,
    pub(super) content_type: ContentType,
    /// What the lines start with that part its parts, if it is a multipart.
    pub(super) delimiter: Option<Vec<u8>>,
    pub(super) header_start: usize,
    /// The part that it is in, by its place in the list.
    pub(super) parent: Option<usize>,
    /// Its number in each multipart that it is in, from 1, as IMAP counts (RFC 9051 §6.4.5).
    pub(super) path: Vec<usize>,
}

/// What mail-parser makes of a part's `Content-Type`.
#[derive(Debug, Default)]
pub(super) struct ContentType {
    /// Type and subtype in lower case, such as `text/html`.
    pub(super) name: String,
    parameters: Vec<(String, String)>,
}

/// A parameter that may be stated once is stated several times.
#[derive(Debug)]
pub(super) struct Repeated;

impl ContentType {
    pub(super) fn parameter(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self
            .parameters
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str());
        let first = values.next();
        values.next().map_or(Ok(first), |_| Err(Repeated))
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.name.starts_with("multipart/")
    }
}

/// Why the parts of a message can't be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unreadable {
    /// mail-parser finds no message.
    NoMessage,
    /// There is more in it than is looked at.
    TooLarge,
}

/// A message, as far as mail-parser reads it.
#[derive(Debug)]
pub(super) struct Structure {
    /// The values of the message's `List-Unsubscribe` fields, with encoded words decoded.
    pub(super) list_unsubscribe: Vec<String>,
    /// In the order of the message, each after the one that it is in.
    pub(super) parts: Vec<Part>,
}

pub(super) fn structure(message: &[u8]) -> Result<Structure, Unreadable> {
    let outline = Outline::of(message).map_err(|_| Unreadable::TooLarge)?;
    let lower_case = outline.bytes.to_ascii_lowercase();
    let multiparts = memmem::find_iter(&lower_case, b"multipart/").count();
    if multiparts > MAX_MULTIPARTS || u32::try_from(message.len()).is_err() {
        return Err(Unreadable::TooLarge);
    }
    // Versions of mail-parser have panicked on odd mail.
    let parsed = catch_unwind(|| parser().parse(&outline.bytes));
    let parsed = parsed.ok().flatten().ok_or(Unreadable::NoMessage)?;
    let mut parts = Vec::new();
    let mut open = vec![(0, None, Vec::new())];
    // Depth first, so that parts come in the order of the message.
    while let Some((number, parent, path)) = open.pop() {
        let found = parsed.parts.get(number).ok_or(Unreadable::NoMessage)?;
        let children = match &found.body {
            PartType::Multipart(children) => children.as_slice(),
            _ => &[],
        };
        if path.len() > MAX_DEPTH {
            return Err(Unreadable::TooLarge);
        }
        for (place, child) in children.iter().enumerate().rev() {
            let path = path.iter().copied().chain([place + 1]).collect();
            let child = usize::try_from(*child).unwrap_or(usize::MAX);
            open.push((child, Some(parts.len()), path));
        }
        parts.push(part(found, parent, path, &outline));
    }
    Ok(Structure {
        list_unsubscribe: list_unsubscribe(&parsed),
        parts,
    })
}

fn list_unsubscribe(message: &mail_parser::Message<'_>) -> Vec<String> {
    let values = message.header_values(HeaderName::ListUnsubscribe);
    values
        .filter_map(|value| value.as_text())
        .map(str::to_owned)
        .collect()
}

/// Reads only the fields that matter here.
fn parser() -> MessageParser {
    MessageParser::new()
        .header_text(HeaderName::ListUnsubscribe)
        .header_content_type(HeaderName::ContentType)
        .default_header_ignore()
}

fn part(
    found: &MessagePart<'_>,
    parent: Option<usize>,
    path: Vec<usize>,
    outline: &Outline,
) -> Part {
    let place = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let content_type = content_type(found);
    let is_multipart = matches!(found.body, PartType::Multipart(_));
    let boundary = content_type.parameter("boundary").ok().flatten();
    Part {
        body: outline.start(place(found.offset_body))..outline.end(place(found.offset_end)),
        delimiter: boundary
            .filter(|_| is_multipart)
            .map(|boundary| [b"--", boundary.as_bytes()].concat()),
        content_type,
        header_start: outline.start(place(found.offset_header)),
        parent,
        // The only part of a message is its first.
        path: match parent.is_none() && !is_multipart {
            true => vec![1],
            false => path,
        },
    }
}

fn content_type(part: &MessagePart<'_>) -> ContentType {
    let Some(found) = part.content_type() else {
        return ContentType::default();
    };
    let name = format!("{}/{}", found.ctype(), found.subtype().unwrap_or_default());
    let parameters = found.attributes().unwrap_or_default();
    let parameters = parameters
        .iter()
        .map(|parameter| (parameter.name.to_string(), parameter.value.to_string()));
    ContentType {
        name: name.to_ascii_lowercase(),
        parameters: parameters.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(message: &str) -> Vec<String> {
        let parts = structure(message.as_bytes()).unwrap().parts;
        let line = |part: &Part| {
            let path: Vec<String> = part.path.iter().map(ToString::to_string).collect();
            let body = match part.delimiter {
                None => message[part.body.clone()].to_owned(),
                Some(_) => "…".to_owned(),
            };
            format!("{} {} {body:?}", path.join("."), part.content_type.name)
        };
        parts.iter().map(line).collect()
    }

    #[test]
    fn parts_are_numbered_in_order() {
        let message = "Content-Type: multipart/mixed; boundary=a\n\npreamble\n--a\n\
            Content-Type: Multipart/Alternative; BOUNDARY=\"b c\"\n\n--b c\n\none\n--b c\n\
            Content-Type: text/html\n\n<p>two\n--b c--\n\n--a\nContent-Type: image/png\n\nAAAA\n\n--a--\nepilogue";
        let expected = [
            " multipart/mixed \"…\"",
            "1 multipart/alternative \"…\"",
            "1.1  \"one\"",
            "1.2 text/html \"<p>two\"",
            "2 image/png \"AAAA\\n\"",
        ];
        assert_eq!(outline(message), expected);
        let crlf = outline(&message.replace('\n', "\r\n"));
        assert_eq!(crlf.len(), expected.len());
        assert_eq!(crlf[3], expected[3]);
    }

    #[test]
    fn messages_and_unfinished_parts_are_leaves() {
        assert_eq!(
            outline("Content-Type: text/html\n\n<p>\n"),
            ["1 text/html \"<p>\\n\""]
        );
        let message = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\n\
            Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--a\n\nlast";
        let found = outline(message);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[1].starts_with("1 message/rfc822"));
        assert_eq!(found[2], "2  \"last\"");
        let found = outline("Content-Type: multipart/mixed; boundary=a\n\nnothing");
        assert_eq!(found, ["1 multipart/mixed \"nothing\""]);
    }

    #[test]
    fn limits_hold() {
        let level = |number| {
            format!("Content-Type: multipart/mixed; boundary=b{number}e\n\n--b{number}e\n")
        };
        let nested: String = (0..MAX_DEPTH + 2).map(level).collect();
        assert_eq!(
            structure(nested.as_bytes()).err(),
            Some(Unreadable::TooLarge)
        );
        let nested: String = (0..MAX_DEPTH / 2).map(level).collect();
        assert!(structure(nested.as_bytes()).is_ok());
        let many: String = (0..=MAX_MULTIPARTS).map(|_| level(1)).collect();
        assert_eq!(structure(many.as_bytes()).err(), Some(Unreadable::TooLarge));
        assert_eq!(structure(b"").err(), Some(Unreadable::NoMessage));
    }
}
