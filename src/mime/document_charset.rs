//! The charset of a part.

use super::report::PartSkipReason;
use crate::charset::Charset;

/// Names of US-ASCII. Much mail says so that is something else.
const ASCII_LABELS: [&str; 7] = [
    "ansi_x3.4-1968",
    "ascii",
    "cp367",
    "csascii",
    "iso646-us",
    "us",
    "us-ascii",
];

/// Returns the charset to read a document in, of which its part states `label`.
///
/// Where none is stated, or US-ASCII, that is UTF-8 if the document is valid in it, else what it states itself, else
/// UTF-8: then only those links are read whose bytes are valid.
pub(super) fn document_charset(
    label: Option<&str>,
    document: &[u8],
) -> Result<Charset, PartSkipReason> {
    let label = label.map(str::trim).filter(|label| !label.is_empty());
    let is_ascii = |label: &str| {
        ASCII_LABELS
            .iter()
            .any(|ascii| label.eq_ignore_ascii_case(ascii))
    };
    match label.filter(|label| !is_ascii(label)) {
        Some(label) => Charset::for_label(label).map_err(|_| PartSkipReason::Charset),
        None => own_charset(document),
    }
}

fn own_charset(document: &[u8]) -> Result<Charset, PartSkipReason> {
    const ESCAPE: u8 = 0x1b;
    let is_utf_8 = std::str::from_utf8(document).is_ok();
    // ISO-2022-JP is valid UTF-8, too, and means something else.
    if is_utf_8 && memchr::memchr(ESCAPE, document).is_none() {
        return Ok(Charset::UTF_8);
    }
    match Charset::stated_in(document) {
        Some(Ok(_)) if is_utf_8 => Ok(Charset::UTF_8),
        Some(stated) => stated.map_err(|_| PartSkipReason::Charset),
        None => Ok(Charset::UTF_8),
    }
}

#[cfg(test)]
mod tests {
    use super::document_charset;
    use crate::mime::report::PartSkipReason;

    #[test]
    fn what_is_stated_counts_before_what_the_document_says() {
        let latin1 = b"<meta charset=koi8-r>\xe9".as_slice();
        let japanese = b"<meta charset=iso-2022-jp>\x1b$B".as_slice();
        for (label, document, expected) in [
            (Some("latin1"), latin1, Ok("windows-1252")),
            (Some("utf-16"), b"", Err(PartSkipReason::Charset)),
            (Some("iso-2022-jp"), b"", Err(PartSkipReason::Charset)),
            (Some("x-unknown"), b"", Err(PartSkipReason::Charset)),
            (None, latin1, Ok("KOI8-R")),
            (Some(" "), latin1, Ok("KOI8-R")),
            (Some("US-ASCII"), latin1, Ok("KOI8-R")),
            (Some("us-ascii"), "é".as_bytes(), Ok("UTF-8")),
            (None, b"\xe9", Ok("UTF-8")),
            (None, japanese, Err(PartSkipReason::Charset)),
            (None, b"\x1b$B", Ok("UTF-8")),
            (Some("utf-8"), japanese, Ok("UTF-8")),
        ] {
            let charset = document_charset(label, document).map(|charset| charset.name());
            assert_eq!(charset, expected, "{label:?} {document:?}");
        }
    }
}
