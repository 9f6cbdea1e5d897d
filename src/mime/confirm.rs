//! Whether a part is where mail-parser says, and nowhere else for another reader.

use memchr::memmem;

use super::header::Header;
use super::line::{is_blank, line_end, split_ending};
use super::structure::Part;

/// Fields of a part that may come once.
const SINGLE_FIELDS: [&str; 3] = [
    "content-disposition",
    "content-transfer-encoding",
    "content-type",
];

/// Returns the header of each part, in the same order; `None` for a part of which readers may differ.
///
/// A part is confirmed when its header can be read and ends where its body starts, states once what may be
/// stated once, follows a delimiter line of the part that it is in, and when that is confirmed. For one that holds
/// no others, the body must also end before such a line, or with the message, and no line in it may look like a
/// delimiter.
pub(super) fn confirmed<'a>(message: &'a [u8], parts: &[Part]) -> Vec<Option<Header<'a>>> {
    let mut headers: Vec<Option<Header<'a>>> = Vec::with_capacity(parts.len());
    let mut is_told_apart = true;
    for part in parts {
        let is_in_confirmed = match part.parent {
            Some(parent) => headers.get(parent).is_some_and(Option::is_some),
            None => true,
        };
        // What comes behind delimiters of two parts may be in either.
        is_told_apart &= has_own_delimiter(parts, part);
        let header = match is_told_apart && is_in_confirmed {
            true => header(message, parts, part),
            false => None,
        };
        headers.push(header);
    }
    headers
}

fn header<'a>(message: &'a [u8], parts: &[Part], part: &Part) -> Option<Header<'a>> {
    let header = Header::read(message, part.header_start)?;
    let states_once = |name: &&str| header.single(name).is_ok();
    let is_multipart = part.delimiter.is_some();
    let is_confirmed = header.has_body
        && header.end == part.body.start
        && SINGLE_FIELDS.iter().all(states_once)
        && part.content_type.parameter("boundary").is_ok()
        && part.content_type.is_multipart() == is_multipart
        && starts_after_delimiter(message, parts, part)
        && (is_multipart || ends_before_delimiter(message, parts, part))
        && (is_multipart || !holds_delimiter(message.get(part.body.clone())?, parts, part));
    is_confirmed.then_some(header)
}

/// Returns the delimiters of the parts that `part` is in, from the inside out.
pub(super) fn delimiters<'p>(parts: &'p [Part], part: &Part) -> impl Iterator<Item = &'p [u8]> {
    let parent = |part: &Part| part.parent.and_then(|parent| parts.get(parent));
    std::iter::successors(parent(part), move |part| parent(part))
        .filter_map(|part| part.delimiter.as_deref())
}

/// Whether no line is a delimiter of the part and of one that it is in. Some readers only compare how a line starts.
fn has_own_delimiter(parts: &[Part], part: &Part) -> bool {
    let Some(own) = &part.delimiter else {
        return true;
    };
    !delimiters(parts, part).any(|outer| own.starts_with(outer) || outer.starts_with(own))
}

fn starts_after_delimiter(message: &[u8], parts: &[Part], part: &Part) -> bool {
    let Some(delimiter) = delimiters(parts, part).next() else {
        return part.header_start == 0;
    };
    let before = message.get(..part.header_start).unwrap_or_default();
    let (before, ending) = split_ending(before);
    let start = memchr::memrchr(b'\n', before).map_or(0, |line_feed| line_feed + 1);
    let line = before.get(start..).unwrap_or_default();
    !ending.is_empty() && is_delimiter(line, delimiter, b"")
}

fn ends_before_delimiter(message: &[u8], parts: &[Part], part: &Part) -> bool {
    let end = part.body.end;
    let Some(delimiter) = delimiters(parts, part).next() else {
        return end == message.len();
    };
    if end == message.len() {
        return true;
    }
    // The line ending before a delimiter belongs to it (RFC 2046 §5.1.1). Where the header's blank line is that, there
    // is no place for a body.
    let at = line_end(message, end);
    if !matches!(message.get(end..at), Some(b"\n" | b"\r\n")) {
        return false;
    }
    let line = message.get(at..line_end(message, at)).unwrap_or_default();
    let line = split_ending(line).0;
    is_delimiter(line, delimiter, b"") || is_delimiter(line, delimiter, b"--")
}

fn is_delimiter(line: &[u8], delimiter: &[u8], closing: &[u8]) -> bool {
    line.strip_prefix(delimiter)
        .and_then(|rest| rest.strip_prefix(closing))
        .is_some_and(|rest| rest.iter().all(|byte| is_blank(*byte)))
}

/// Whether a line of `body` starts with a delimiter of a part that `part` is in. Some readers end lines at
/// carriage returns.
pub(super) fn holds_delimiter(body: &[u8], parts: &[Part], part: &Part) -> bool {
    delimiters(parts, part).any(|delimiter| {
        memmem::find_iter(body, delimiter).any(|at| {
            let before = at.checked_sub(1).and_then(|before| body.get(before));
            matches!(before, None | Some(b'\n' | b'\r'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::structure::structure;
    use super::*;

    fn confirmed_paths(message: &str) -> Vec<Vec<usize>> {
        let parts = structure(message.as_bytes()).unwrap().parts;
        let headers = confirmed(message.as_bytes(), &parts);
        let pairs = parts.into_iter().zip(headers);
        pairs
            .filter(|(part, header)| part.delimiter.is_none() && header.is_some())
            .map(|(part, _)| part.path)
            .collect()
    }

    const TYPE: &str = "Content-Type: multipart/mixed; boundary=a\n\n";

    #[test]
    fn well_formed_parts_are_confirmed() {
        for (message, expected) in [
            ("A: b\n\nbody", &[vec![1]][..]),
            (
                &format!("{TYPE}--a\n\none\n--a\t\n\ntwo\n--a-- \n"),
                &[vec![1], vec![2]],
            ),
            (
                &format!("{TYPE}--a\n\none\n--a\n\ntwo"),
                &[vec![1], vec![2]],
            ),
            (
                &format!("{TYPE}--a\n\n\n--a\n\n\n\n--a--"),
                &[vec![1], vec![2]],
            ),
        ] {
            assert_eq!(confirmed_paths(message), expected, "{message:?}");
            let crlf = message.replace('\n', "\r\n");
            assert_eq!(confirmed_paths(&crlf), expected, "{crlf:?}");
        }
    }

    #[test]
    fn what_readers_differ_on_is_not() {
        for message in [
            "Content-Type: text/html\nContent-Type: text/plain\n\nbody",
            "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\nbody",
            "Content-Type: text/html\nno field\n\nbody",
            "Content-Type: multipart/mixed\n\nbody",
            "Content-Type: text/html\n",
            "Content-Type: text/html",
            "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\n\none\n--a--",
            &format!("{TYPE}--a\n\none\n--ab\n\ntwo"),
            &format!("{TYPE}--a\n\none\r--a\n\ntwo"),
            &format!("{TYPE}--a x\n\none\n"),
            &format!("{TYPE}--a\n\n--a--"),
        ] {
            let first = confirmed_paths(message).first().cloned();
            assert_ne!(first, Some(vec![1]), "{message:?}");
        }
    }

    #[test]
    fn a_delimiter_of_an_outer_part_ends_the_inner_for_some_readers() {
        let message = format!(
            "{TYPE}--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--a\n\ntwo\n--a--\n"
        );
        assert!(confirmed_paths(&message).is_empty());
        for boundary in ["a", "ab"] {
            let message = format!(
                "{TYPE}--a\nContent-Type: multipart/alternative; boundary={boundary}\n\n--{boundary}\n\none\n\
                 --{boundary}--\n--a\n\ntwo\n--a--\n"
            );
            assert!(confirmed_paths(&message).is_empty(), "{message}");
        }
    }
}
