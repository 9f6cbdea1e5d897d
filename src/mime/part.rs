//! One part: from its body to the document, and from the document's edits to the new body.

use std::borrow::Cow;

use super::confirm::holds_delimiter;
use super::document_charset::document_charset;
use super::edits::{Edits, Recording, html_edits};
use super::header::Header;
use super::plain_text::{Flow, plain_text_edits};
use super::report::PartSkipReason;
use super::select::TextKind;
use super::structure::Part;
use super::transfer::TransferEncoding;
use crate::charset::Charset;
use crate::config::DomainConfig;
use crate::report::{Report, Untouched};

/// The longest line that SMTP allows, in bytes without its line ending (RFC 5322 §2.1.1).
const MAX_LINE_BYTES: usize = 998;

/// The document that a part stands for, and how it does.
#[derive(Debug)]
pub(super) struct Document<'a> {
    bytes: Cow<'a, [u8]>,
    charset: Charset,
    encoding: TransferEncoding,
    pub(super) kind: TextKind,
}

impl<'a> Document<'a> {
    /// Decodes a part, or says why it can't be.
    pub(super) fn of(
        message: &'a [u8],
        part: &Part,
        header: &Header<'_>,
        kind: TextKind,
    ) -> Result<Self, PartSkipReason> {
        let field = header.single("content-transfer-encoding").ok().flatten();
        let (encoding, _) = TransferEncoding::stated(field);
        let encoding = encoding.ok_or(PartSkipReason::Encoding)?;
        let label = part.content_type.parameter("charset");
        let label = label.map_err(|_| PartSkipReason::Ambiguous)?;
        let body = message.get(part.body.clone()).unwrap_or_default();
        let bytes = encoding.decode(body).ok_or(PartSkipReason::Ambiguous)?;
        Ok(Self {
            charset: document_charset(label, &bytes)?,
            bytes,
            encoding,
            kind,
        })
    }

    /// Returns what changes in the document.
    pub(super) fn edits(
        &self,
        part: &Part,
        domain: &DomainConfig,
        recording: Recording,
    ) -> Result<(Edits, Report), PartSkipReason> {
        let domain = match self.encoding {
            TransferEncoding::Lines => {
                let limit = domain.line_limit().unwrap_or(MAX_LINE_BYTES);
                domain.clone().with_line_limit(limit.min(MAX_LINE_BYTES))
            }
            _ => domain.clone(),
        };
        let (edits, report) = match self.kind {
            TextKind::Html => html_edits(&self.bytes, self.charset, &domain, recording),
            TextKind::Plain => {
                let flow = Flow::of(&part.content_type);
                plain_text_edits(&self.bytes, self.charset, flow, &domain, recording)
            }
        };
        match report.untouched() {
            Some(Untouched::Charset) => Err(PartSkipReason::Charset),
            _ => Ok((edits, report)),
        }
    }

    /// Appends the body with the edits; appends nothing where readers may differ on it.
    pub(super) fn splice(
        &self,
        source: &Source<'_>,
        part: &Part,
        edits: &Edits,
        out: &mut Vec<u8>,
    ) -> Result<(), PartSkipReason> {
        let body = source.message.get(part.body.clone()).unwrap_or_default();
        let start = out.len();
        let spliced = self
            .encoding
            .splice(body, &self.bytes, edits, source.line_ending, out);
        // Where markup is cut away, what is behind it may come to stand at the start of a line.
        let new_body = out.get(start..).unwrap_or_default();
        if spliced.is_none() || holds_delimiter(new_body, source.parts, part) {
            out.truncate(start);
            return Err(PartSkipReason::Ambiguous);
        }
        Ok(())
    }
}

/// The message that a part is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) line_ending: &'a [u8],
    pub(super) message: &'a [u8],
    pub(super) parts: &'a [Part],
}
