//! Where the construct starts that a document ends in.
//!
//! The parser says nothing of a comment or a tag before it is whole, but it is done with what comes before. Of an
//! element of raw text it shows the start tag, and the text as it comes.

use std::collections::VecDeque;
use std::ops::Range;

use super::finding::Finding;
use super::handlers::Scope;
use super::mask::maskable_len;
use super::parser::{Ending, Parser};
use super::space::is_space;
use super::tag::start_tag_name;
use super::window::Window;

const CDATA_OPENING: &[u8] = b"<![CDATA[";
const TITLE: &[u8] = b"title";

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
    /// A `title` before its text, which starts at `end`. lol_html says of one of SVG, which holds markup, that it
    /// is of HTML.
    Title { start: usize, end: usize },
}

impl Inside {
    /// Takes in the next token.
    pub(super) fn take(&mut self, window: &Window<'_>, finding: &Finding) {
        *self = match (finding, *self) {
            (Finding::RawText(_), Self::RawText { start }) => Self::RawText { start },
            // Behind end tags that close nothing, and so are not shown, it is the text of a CDATA section.
            (Finding::RawText(text), Self::Title { start, end }) if text.start == end => {
                Self::RawText { start }
            }
            (Finding::RawText(range), _) => Self::Cdata { end: range.end },
            (Finding::StartTag(found), _) if found.opens_raw_text() => {
                let Range { start, end } = found.tag;
                let name = start_tag_name(window.slice(found.tag.clone()));
                match name.eq_ignore_ascii_case(TITLE) {
                    true => Self::Title { start, end },
                    false => Self::RawText { start },
                }
            }
            _ => Self::Markup,
        };
    }

    /// Takes in up to where the parser is done, all tokens up to there having been taken. It shows nothing of the
    /// `<![CDATA[` and `]]>` of a section. The window ends where the parser has been fed; `ending` says how the
    /// document ends.
    pub(super) fn take_done(&mut self, window: &Window<'_>, done: usize, ending: Option<Ending>) {
        *self = match *self {
            Self::RawText { start } => Self::RawText { start },
            Self::Title { start, end } if done == end && !is_markup(window.from(done), ending) => {
                Self::Title { start, end }
            }
            _ if window.slice(0..done).ends_with(CDATA_OPENING) => Self::Cdata { end: done },
            Self::Cdata { end } if done <= end => Self::Cdata { end },
            _ => Self::Markup,
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
            Self::RawText { start } | Self::Title { start, .. } => start,
            Self::Cdata { .. } | Self::Markup => done,
        }
    }
}

/// Whether what the parser is not done with behind `<title>` is markup. In a `title` of HTML it can only be a part
/// of the end tag (HTML §13.2.5.9 to 11), which is text after all where the document ends in its name.
fn is_markup(open: &[u8], ending: Option<Ending>) -> bool {
    let Some(end_tag) = open.strip_prefix(b"</") else {
        return open.len() > b"<".len();
    };
    let is_letter = |byte: &&u8| byte.is_ascii_alphabetic();
    let name_end = end_tag.iter().take_while(is_letter).count();
    match end_tag.split_at_checked(name_end) {
        Some((name, [after, ..])) => {
            !(name.eq_ignore_ascii_case(TITLE) && (is_space(*after) || *after == b'/'))
        }
        _ => ending == Some(Ending::InMarkup),
    }
}

/// Returns where the construct starts that `document` ends in; `None` where no image may come before it.
pub(super) fn open_construct(document: &[u8]) -> Option<usize> {
    // The parser keeps a copy of the token that is open, which may be the whole document.
    let memory = MEMORY_LIMIT.saturating_add(document.len());
    let mut parser = Parser::new(Scope::EveryToken, memory);
    let mut inside = Inside::default();
    let mut findings = VecDeque::new();
    let (window, mut fed) = (Window::whole(document), 0);
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
        let taken = findings.drain(..);
        taken.for_each(|found| inside.take(&window, &found));
    }
    let ending = parser.end();
    inside.take_done(&window, parser.done(), Some(ending));
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
    fn a_title_of_svg_holds_markup() {
        for (html, expected) in [
            ("<svg><title><b ", 12),
            ("<svg><title><!--x", 12),
            ("<svg><title></b", 12),
            ("<svg><title></b ", 12),
            ("<svg><title></></p><b ", 19),
            ("<svg><title></p><b ", 16),
            ("<svg><title></desc><b ", 19),
            ("<svg><title></title", 12),
            ("<svg><title></titlex ", 12),
            ("<svg><title></!", 12),
            ("<svg><title></p></title ", 16),
            ("<svg><desc><title></b", 11),
            ("<svg><desc><title><", 11),
            ("<title></b ", 0),
            ("<title></title", 0),
            ("<title></title ", 0),
            ("<title></title/", 0),
            ("<title><!--", 0),
        ] {
            assert_eq!(open_construct(html.as_bytes()), Some(expected), "{html}");
        }
    }

    #[test]
    fn no_image_may_come_before_an_open_cdata_section() {
        for (html, expected) in [
            ("<svg><![CDATA[", None),
            ("<svg><![CDATA[>]]", None),
            ("<svg><![CDATA[>]]]", None),
            ("<svg><![CDATA[]]>x<![CDATA[", None),
            ("<svg><title></desc><![CDATA[<", None),
            ("<svg><title></></desc><![CDATA[<", None),
            ("<svg><![CDATA[]]></x><b ", Some(21)),
            ("<svg><![CDATA[x]]><b ", Some(18)),
            ("<svg><![CDATA", Some(5)),
            ("<p><![CDATA[", Some(3)),
        ] {
            assert_eq!(open_construct(html.as_bytes()), expected, "{html}");
        }
    }
}
