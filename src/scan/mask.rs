//! Markup that lol_html is fed in another spelling of the same length, since it would read it otherwise
//! than mail clients do. That does no harm elsewhere: the bytes of a document are never taken from what
//! was fed.
//!
//! `noscript` holds markup in mail clients, which run no scripts; lol_html takes it for text, as a browser
//! that runs scripts does. A parse of that text by itself would not do: a comment or a `style` in it hides
//! the `</noscript>` that ended it. So lol_html is fed another name, and reads an ordinary element.
//!
//! After a start tag that ends in `=>`, lol_html 3.0.3 reads markup even where the element holds text
//! (`before_attribute_value_state` goes to the data state). So the `=` is left out.

use super::space::is_space;

const NOSCRIPT: &[u8] = b"noscript";

/// What takes the place of the name `noscript`.
pub(super) const MASKED_NOSCRIPT: &str = "n0script";

/// Elements that hold text, whatever it looks like (HTML §13.2.6.2).
pub(super) const RAW_TEXT: [&str; 9] = [
    "iframe",
    "noembed",
    "noframes",
    "plaintext",
    "script",
    "style",
    "textarea",
    "title",
    "xmp",
];

/// Masks a piece of a document.
pub(super) fn mask(markup: &mut [u8]) {
    let (mut from, mut valueless) = (0, ValuelessEquals::default());
    let next_tag = |markup: &[u8], from| Some(from + memchr::memchr(b'<', markup.get(from..)?)?);
    while let Some(tag) = next_tag(markup, from) {
        from = tag + 1;
        let slash = usize::from(markup.get(tag + 1) == Some(&b'/'));
        let name = tag + 1 + slash..tag + 1 + slash + NOSCRIPT.len();
        if let Some(name) = markup.get_mut(name)
            && name.eq_ignore_ascii_case(NOSCRIPT)
        {
            name.copy_from_slice(MASKED_NOSCRIPT.as_bytes());
        } else if let Some(equals) = valueless.of_tag(markup, tag)
            && let Some((before, [equals, ..])) = markup.split_at_mut_checked(equals)
        {
            *equals = stand_in(before.get(from..).unwrap_or_default());
        }
    }
}

/// Looks for `=` that end start tags of raw text elements.
#[derive(Debug, Default)]
pub(super) struct ValuelessEquals {
    /// Up to where tags have been read: of many `<` before one `>`, the first decides for all.
    judged: usize,
}

impl ValuelessEquals {
    /// Returns where the `=` stands that ends the start tag at `tag`, if that is one of a raw text element.
    pub(super) fn of_tag(&mut self, markup: &[u8], tag: usize) -> Option<usize> {
        let after = markup.get(tag + 1..)?;
        if tag < self.judged || !is_raw_text(after) {
            return None;
        }
        let Some(end) = memchr::memchr(b'>', after) else {
            self.judged = markup.len();
            return None;
        };
        self.judged = tag + 1 + end;
        let inside = after.get(..end)?;
        let last = inside.iter().rposition(|byte| !is_space(*byte))?;
        (inside.get(last) == Some(&b'=')).then_some(tag + 1 + last)
    }
}

/// Returns what takes the place of an `=` that follows `before` in a tag: a blank after the name of an attribute,
/// a letter in a value, which a blank would end. The tag itself may stand in a value without white space.
fn stand_in(before: &[u8]) -> u8 {
    let Some(space) = before.iter().rposition(|byte| is_space(*byte)) else {
        return b'x';
    };
    let (earlier, word) = before.split_at_checked(space).unwrap_or_default();
    match word.contains(&b'=') || earlier.trim_ascii_end().ends_with(b"=") {
        true => b'x',
        false => b' ',
    }
}

/// Whether a tag has the name of an element of raw text, and may have attributes.
fn is_raw_text(tag: &[u8]) -> bool {
    let Some(start) = tag.first_chunk::<2>() else {
        return false;
    };
    let ends_name = |byte: &u8| is_space(*byte) || *byte == b'/';
    // Most others are told apart by that.
    matches!(
        &start.map(|letter| letter.to_ascii_lowercase()),
        b"if" | b"no" | b"pl" | b"sc" | b"st" | b"te" | b"ti" | b"xm"
    ) && RAW_TEXT.iter().any(|raw_text| {
        tag.split_at_checked(raw_text.len())
            .is_some_and(|(name, rest)| {
                name.eq_ignore_ascii_case(raw_text.as_bytes())
                    && rest.first().is_some_and(ends_name)
            })
    })
}

/// Returns how much of a piece can be masked before what follows it is known: all except for the start of a
/// tag that may need a mask. Of many `<` before one `>`, the first such tag decides.
pub(super) fn maskable_len(piece: &[u8]) -> usize {
    let last_end = memchr::memrchr(b'>', piece).map_or(0, |end| end + 1);
    let open = piece.get(last_end..).unwrap_or_default();
    let first = memchr::memchr_iter(b'<', open)
        .find(|at| may_need_mask(open.get(at + 1..).unwrap_or_default()));
    match first.map(|at| last_end + at) {
        // A piece of nothing else is fed as it is: it would wait for ever.
        Some(0) if piece.len() >= LONGEST_WAIT => piece.len(),
        Some(at) => at,
        None => piece.len(),
    }
}

/// How long the start of a tag may be that is waited for.
const LONGEST_WAIT: usize = 1024;

/// Whether a tag, which may be cut anywhere, may be one that is masked.
fn may_need_mask(tag: &[u8]) -> bool {
    let agrees = |name: &[u8], tag: &[u8]| {
        let length = name.len().min(tag.len());
        name.get(..length)
            .zip(tag.get(..length))
            .is_some_and(|(name, tag)| name.eq_ignore_ascii_case(tag))
    };
    let name = tag.strip_prefix(b"/").unwrap_or(tag);
    agrees(NOSCRIPT, name) || RAW_TEXT.iter().any(|raw| agrees(raw.as_bytes(), tag))
}

#[cfg(test)]
mod tests {
    use super::{mask, maskable_len};

    #[test]
    fn tags_of_any_letter_case_are_masked_and_nothing_else() {
        for (markup, expected) in [
            ("<noscript><a></noscript>", "<n0script><a></n0script>"),
            ("<NoScript x></NOSCRIPT >", "<n0script x></n0script >"),
            (
                "noscript <no-script> </ noscript",
                "noscript <no-script> </ noscript",
            ),
            ("<noscrip", "<noscrip"),
            ("<title c=><a b=>", "<title c ><a b=>"),
            ("<STYLE\na\n=\t>x", "<STYLE\na\n \t>x"),
            ("<xmp/a=>", "<xmp/ax>"),
            ("<xmp a==>", "<xmp a=x>"),
            ("<xmp a= =\n>", "<xmp a= x\n>"),
            ("<xmp a=b=>", "<xmp a=bx>"),
            ("<xmp a=b c=>", "<xmp a=b c >"),
            ("<xmp a='='>", "<xmp a='='>"),
            ("<noframes=>", "<noframes=>"),
            ("<titles a=>", "<titles a=>"),
        ] {
            let mut masked = markup.as_bytes().to_vec();
            mask(&mut masked);
            assert_eq!(masked, expected.as_bytes(), "{markup}");
        }
    }

    #[test]
    fn a_tag_is_masked_wherever_it_is_cut() {
        for markup in [
            "x<noscript>",
            "x</NOSCRIPT >",
            "<<noscript",
            "</p><p>x",
            "a</",
            "><textarea /<area\nb=2\" \nclass=\n >",
            "<x <title <a b=>",
        ] {
            let mut whole = markup.as_bytes().to_vec();
            mask(&mut whole);
            for cut in 0..markup.len() {
                let first = maskable_len(&markup.as_bytes()[..cut]);
                let (first, rest) = markup.as_bytes().split_at(first);
                let (mut first, mut rest) = (first.to_vec(), rest.to_vec());
                mask(&mut first);
                mask(&mut rest);
                assert_eq!([first, rest].concat(), whole, "{markup} cut at {cut}");
            }
        }
    }
}
