//! Whether an input is a message or an HTML document, by how it begins.
//!
//! A message begins with two or more header fields, up to an empty line or the end, and one of them is a field
//! that mail has. An mbox `From ` line may come first, or lines of blanks, which some archives put there. No HTML document begins so, unless it is made to.

/// What an input is taken for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Html,
    Message,
}

/// No header is longer, but for one that names thousands of recipients.
pub(crate) const DECIDING_BYTES: usize = 64 * 1024;

/// Returns what the whole input is.
pub(crate) fn kind(input: &[u8]) -> Kind {
    kind_by(input, true).unwrap_or(Kind::Html)
}

/// Returns what an input is that begins so, or `None` while what follows may still decide it.
///
/// From [`DECIDING_BYTES`] on it is decided, by the lines that are complete.
pub(crate) fn kind_of_start(start: &[u8]) -> Option<Kind> {
    if start.len() < DECIDING_BYTES {
        return kind_by(start, false);
    }
    let complete = start.iter().rposition(|byte| *byte == b'\n');
    Some(kind(start.split_at(complete.map_or(0, |at| at + 1)).0))
}

/// The lines of a header that were read so far.
#[derive(Default)]
struct Header {
    fields: usize,
    is_of_mail: bool,
}

impl Header {
    fn kind(&self) -> Kind {
        match self.fields >= 2 && self.is_of_mail {
            true => Kind::Message,
            false => Kind::Html,
        }
    }

    /// Counts a line; returns whether a header can have it there.
    fn add(&mut self, line: &[u8]) -> bool {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return self.fields > 0;
        }
        let Some(name) = field_name(line) else {
            return false;
        };
        self.fields += 1;
        self.is_of_mail |= FIELDS_OF_MAIL
            .iter()
            .any(|field| name.eq_ignore_ascii_case(field.as_bytes()));
        true
    }
}

const FIELDS_OF_MAIL: [&str; 5] = ["From", "Date", "Received", "Message-ID", "MIME-Version"];

fn kind_by(input: &[u8], is_all: bool) -> Option<Kind> {
    let mut header = Header::default();
    let (mut rest, mut is_first) = (input, true);
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n');
        if end.is_none() && !is_all {
            return match is_first && b"From ".starts_with(rest) || may_become_field(rest) {
                true => None,
                false => Some(Kind::Html),
            };
        }
        let (line, next) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if is_first && line.trim_ascii().is_empty() {
            rest = next;
            continue;
        }
        if line.is_empty() {
            return Some(header.kind());
        }
        let is_of_mbox = is_first && line.starts_with(b"From ");
        if !is_of_mbox && !header.add(line) {
            return Some(Kind::Html);
        }
        (rest, is_first) = (next, false);
    }
    is_all.then(|| header.kind())
}

/// Returns the name of the field that starts in the line (RFC 5322 §3.6.8), also with white space before its
/// colon (§4.5).
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let (name, rest) = split_name(line);
    let is_field = rest.trim_ascii_start().starts_with(b":");
    (is_field && !name.is_empty()).then_some(name)
}

/// Whether a line that is not complete may yet be a field, the rest of one, or an mbox `From ` line.
fn may_become_field(line: &[u8]) -> bool {
    let (_, rest) = split_name(line);
    let rest = rest.trim_ascii_start();
    line.starts_with(b" ")
        || line.starts_with(b"\t")
        || line.starts_with(b"From ")
        || rest.is_empty()
        || rest.starts_with(b":")
}

/// Splits the characters of a field name off the start. A `<` could be one of them, but is how HTML begins.
fn split_name(line: &[u8]) -> (&[u8], &[u8]) {
    let is_of_name = |byte: &u8| byte.is_ascii_graphic() && !b":<".contains(byte);
    let end = line.iter().position(|byte| !is_of_name(byte));
    line.split_at(end.unwrap_or(line.len()))
}

#[cfg(test)]
mod tests;
