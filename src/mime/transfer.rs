//! Transfer encodings (RFC 2045 §6): from a part's body to the document, and from edits to the new body.

use std::borrow::Cow;

use super::base64_body;
use super::edits::Edits;
use super::quoted_printable;

/// How a body stands for a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum TransferEncoding {
    Base64,
    /// Lines of any length: only `binary`.
    Binary,
    /// `7bit` and `8bit`: what it is, in lines as long as SMTP allows.
    Lines,
    QuotedPrintable,
}

impl TransferEncoding {
    /// Returns the encoding of a `Content-Transfer-Encoding` field, and its name as it is stated, in lower case.
    ///
    /// Where anything else stands beside the name, such as a comment, many readers do not decode.
    pub(super) fn stated(field: Option<&[u8]>) -> (Option<Self>, String) {
        let Some(field) = field else {
            return (Some(Self::Lines), "7bit".to_owned());
        };
        let stated = field.trim_ascii_start();
        let encoding = match stated.to_ascii_lowercase().as_slice() {
            b"base64" => Some(Self::Base64),
            b"quoted-printable" => Some(Self::QuotedPrintable),
            stated => match stated.trim_ascii_end() {
                b"7bit" | b"8bit" => Some(Self::Lines),
                b"binary" => Some(Self::Binary),
                _ => None,
            },
        };
        let name = String::from_utf8_lossy(stated.trim_ascii_end());
        (encoding, name.to_ascii_lowercase())
    }

    /// Returns the document; `None` where readers differ on what it is.
    pub(super) fn decode(self, body: &[u8]) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Base64 => base64_body::decode(body).map(Cow::Owned),
            Self::Binary | Self::Lines => Some(Cow::Borrowed(body)),
            Self::QuotedPrintable => Some(Cow::Owned(quoted_printable::decode(body))),
        }
    }

    /// Appends the body of the edited document; `None` where readers differ on what is at an edit. `document` is
    /// what `body` decodes to, and `line_ending` the one of the message.
    pub(super) fn splice(
        self,
        body: &[u8],
        document: &[u8],
        edits: &Edits,
        line_ending: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<()> {
        match self {
            Self::Base64 => base64_body::splice(body, document, edits, line_ending, out),
            Self::Binary | Self::Lines => {
                edits.apply(body, 0, |piece| out.extend_from_slice(piece));
            }
            Self::QuotedPrintable => {
                return quoted_printable::splice(body, edits, line_ending, out);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::TransferEncoding;

    #[test]
    fn encodings_are_known_in_any_letter_case_and_with_nothing_beside_them() {
        for (field, expected) in [
            (None, (Some(TransferEncoding::Lines), "7bit")),
            (Some(" 8BIT "), (Some(TransferEncoding::Lines), "8bit")),
            (Some("Binary"), (Some(TransferEncoding::Binary), "binary")),
            (
                Some("\r\n BASE64"),
                (Some(TransferEncoding::Base64), "base64"),
            ),
            (Some("base64 "), (None, "base64")),
            (Some("base64 (all of it)"), (None, "base64 (all of it)")),
            (Some("x-uuencode"), (None, "x-uuencode")),
        ] {
            let (encoding, name) = TransferEncoding::stated(field.map(str::as_bytes));
            assert_eq!((encoding, name.as_str()), expected);
        }
    }
}
