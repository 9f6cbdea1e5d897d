//! Where a construct starts that a document ends in.
//!
//! The parser says nothing of a comment, a tag or a raw text element before it is whole. So its start is
//! looked for after the last token that the parser tells of: of all parts of the document that end
//! before a `<` there, those end outside of all constructs that end at or before the open one's start.

use std::collections::VecDeque;

use super::handlers::Scope;
use super::mask::maskable_len;
use super::parser::Parser;

/// Memory for the parser, which here keeps little but the elements that are open.
const MEMORY_LIMIT: usize = 16 * 1024 * 1024;

/// Returns where the construct starts that `rest` ends in; `None` for what may be a CDATA section, since an
/// image before it would end the SVG or MathML that alone makes it one. `context` is markup that opens what
/// is open before `rest`. Takes time by the length of `rest` and the logarithm of the number of its `<`.
pub(super) fn open_construct(context: &[u8], rest: &[u8]) -> Option<usize> {
    let from = last_token(context, rest);
    if memchr::memmem::find(rest.get(from..)?, b"<![CDATA[").is_some() {
        return None;
    }
    let is_outside = |opening: usize| {
        let mut parser = Parser::of_part(Scope::EndMark, MEMORY_LIMIT, context, 0);
        let before = rest.get(..opening).unwrap_or_default();
        parser.feed(before).is_ok() && parser.end()
    };
    // A list of all `<` may be eight times as long as `rest`.
    let (mut last_outside, mut low, mut high) = (None, from, rest.len());
    while low < high {
        let middle = low.midpoint(high);
        let opening = memchr::memchr(b'<', rest.get(middle..high)?).map(|at| middle + at);
        match opening.filter(|opening| is_outside(*opening)) {
            Some(opening) => (last_outside, low) = (Some(opening), opening + 1),
            None => high = middle,
        }
    }
    last_outside
}

/// Returns a place in `rest` that no construct before the open one reaches beyond.
fn last_token(context: &[u8], rest: &[u8]) -> usize {
    let mut parser = Parser::of_part(Scope::EveryToken, MEMORY_LIMIT, context, 0);
    let mut findings = VecDeque::new();
    let (mut last, mut fed) = (0, 0);
    while fed < rest.len() {
        let piece = rest.get(fed..).unwrap_or_default();
        let piece = piece.get(..PIECE_BYTES).map_or(piece, |first| {
            first.get(..maskable_len(first)).unwrap_or(first)
        });
        fed += piece.len();
        let result = parser.feed(piece);
        parser.take_findings(&mut findings);
        last = findings
            .drain(..)
            .filter_map(|finding| finding.done())
            .fold(last, usize::max);
        if result.is_err() {
            break;
        }
    }
    last
}

/// Bounds what the parser finds at once.
const PIECE_BYTES: usize = 8 * 1024;

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
                let found = open_construct(b"", html.as_bytes());
                if expected.is_some() {
                    assert_eq!(found, expected, "{html}");
                }
            }
        }
    }
}
