//! Transfer encodings (RFC 2045 §6): from a part's body to the document, and from edits to the new body.

use std::borrow::Cow;

use super::base64_body;
use super::edits::Edits;
use super::header::without_comments;
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
    pub(super) fn stated(field: Option<&[u8]>) -> (Option<Self>, String) {
        let Some(field) = field else {
            return (Some(Self::Lines), "7bit".to_owned());
        };
        let name = String::from_utf8_lossy(&without_comments(field)).to_ascii_lowercase();
        let encoding = match name.as_str() {
            "7bit" | "8bit" => Some(Self::Lines),
            "base64" => Some(Self::Base64),
            "binary" => Some(Self::Binary),
            "quoted-printable" => Some(Self::QuotedPrintable),
            _ => None,
        };
        (encoding, name)
    }

    /// Returns the document; `None` where readers differ on what it is.
    pub(super) fn decode(self, body: &[u8]) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Base64 => base64_body::decode(body).map(Cow::Owned),
            Self::Binary | Self::Lines => Some(Cow::Borrowed(body)),
            Self::QuotedPrintable => Some(Cow::Owned(quoted_printable::decode(body))),
        }
    }

    /// Returns the body of the edited document; `None` where readers differ on what is at an edit. `document` is
    /// what `body` decodes to, and `line_ending` the one of the message.
    pub(super) fn splice(
        self,
        body: &[u8],
        document: &[u8],
        edits: &Edits,
        line_ending: &[u8],
    ) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => Some(base64_body::splice(body, document, edits, line_ending)),
            Self::Binary | Self::Lines => {
                let mut spliced = Vec::with_capacity(body.len() + body.len() / 4);
                edits.apply(body, 0, |piece| spliced.extend_from_slice(piece));
                Some(spliced)
            }
            Self::QuotedPrintable => quoted_printable::splice(body, edits, line_ending),
        }
    }
}
