//! Where the construct starts that a document ends in.
//!
//! The parser says nothing of a comment or a tag before it is whole, but it is done with what comes before. Of an
//! element of raw text it shows the start tag, and the text as it comes.

use std::collections::VecDeque;

use super::finding::Finding;
use super::handlers::Scope;
use super::mask::maskable_len;
use super::parser::Parser;
use super::window::Window;

const CDATA_OPENING: &[u8] = b"<![CDATA[";

/// Memory for the elements that are open in a document at hand.
const MEMORY_LIMIT: usize = 16 * 1024 * 1024;

/// Bounds what the parser finds at once.
const PIECE_BYTES: usize = 8 * 1024;

/// What the tokens leave open that were taken.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Inside {
    /// A CDATA section, whose text has come up to there.
    Cdata { end: usize },
    /// Nothing, or a token that the parser is not done with.
    #[default]
    Markup,
    /// An element of raw text, whose start tag starts there.
    RawText { start: usize },
}

impl Inside {
    /// Takes in the next token.
    pub(super) fn take(&mut self, finding: &Finding) {
        *self = match (finding, *self) {
            (Finding::RawText(_), Self::RawText { start }) => Self::RawText { start },
            (Finding::RawText(range), _) => Self::Cdata { end: range.end },
            (Finding::StartTag(found), _) if found.opens_raw_text() => Self::RawText {
                start: found.tag.start,
            },
            _ => Self::Markup,
        };
    }

    /// Takes in up to where the parser is done, all tokens up to there having been taken. It shows nothing of the
    /// `<![CDATA[` and `]]>` of a section.
    pub(super) fn take_done(&mut self, window: &Window<'_>, done: usize) {
        *self = match *self {
            Self::RawText { start } => Self::RawText { start },
            _ if window.slice(0..done).ends_with(CDATA_OPENING) => Self::Cdata { end: done },
            Self::Cdata { end } if end < done => Self::Markup,
            other => other,
        };
    }

    /// Whether an image before what is open leaves the rest to be read as it was: one before a CDATA section
    /// would end the SVG or MathML that alone makes it one.
    pub(super) fn allows_image(self) -> bool {
        !matches!(self, Self::Cdata { .. })
    }

    /// Returns where what is open starts, as far as that matters, of a document that the parser is done with up
    /// to `done`.
    pub(super) fn start(self, done: usize) -> usize {
        match self {
            Self::RawText { start } => start,
            Self::Cdata { .. } | Self::Markup => done,
        }
    }
}

/// Returns where the construct starts that `document` ends in; `None` where no image may come before it.
pub(super) fn open_construct(document: &[u8]) -> Option<usize> {
    // The parser keeps a copy of the token that is open, which may be the whole document.
    let memory = MEMORY_LIMIT.saturating_add(document.len());
    let mut parser = Parser::new(Scope::EveryToken, memory);
    let mut inside = Inside::default();
    let mut findings = VecDeque::new();
    let mut fed = 0;
    while fed < document.len() {
        let rest = document.get(fed..)?;
        // The parser reads a token that is open anew with each piece.
        let longest = PIECE_BYTES.max((fed - parser.done()) / 16);
        let piece = rest.get(..longest).map_or(rest, |first| {
            first.get(..maskable_len(first)).unwrap_or(first)
        });
        fed += piece.len();
        parser.feed(piece).ok()?;
        parser.take_findings(&mut findings);
        findings.drain(..).for_each(|found| inside.take(&found));
    }
    inside.take_done(&Window::whole(document), parser.done());
    let start = inside.start(parser.done());
    inside.allows_image().then_some(start)
}

#[cfg(test)]
mod tests {
    use super::open_construct;

    #[test]
    fn the_start_of_every_construct_is_found() {
        for before in [
            "",
            "x",
            "<p>a < b</p>",
            "<!-- <a> --><style>a<b</style></x>",
        ] {
            for construct in [
                "<",
                "</",
                "<a href='<b>'",
                "</a ",
                "<!-",
                "<!-- <b> <a",
                "<!doctype",
                "<style><a><b>",
                "<script><!-- <script></script>",
                "<textarea>a",
                "<title></b>",
                "<plaintext><a></plaintext>",
                "<?x <",
            ] {
                let html = format!("{before}{construct}");
                let expected = match construct {
                    // A `<` that ends the document is text.
                    "<" => None,
                    _ => Some(before.len()),
                };
                let found = open_construct(html.as_bytes());
                if expected.is_some() {
                    assert_eq!(found, expected, "{html}");
                }
            }
        }
    }

    #[test]
    fn no_image_may_come_before_an_open_cdata_section() {
        for (html, expected) in [
            ("<svg><![CDATA[", None),
            ("<svg><![CDATA[>]]", None),
            ("<svg><![CDATA[]]>x<![CDATA[", None),
            ("<svg><![CDATA[]]></x><b ", Some(21)),
            ("<svg><![CDATA[x]]><b ", Some(18)),
            ("<svg><![CDATA", Some(5)),
            ("<p><![CDATA[", Some(3)),
        ] {
            assert_eq!(open_construct(html.as_bytes()), expected, "{html}");
        }
    }
}
