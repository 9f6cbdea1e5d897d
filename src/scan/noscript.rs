//! `noscript`, whose content is markup in mail clients, since they run no scripts.
//!
//! lol_html takes the content for raw text, as a browser that runs scripts does. A parse of that text by
//! itself would not do: a comment or a `style` in it hides the `</noscript>` that ended it. So the parser
//! is fed another name, of the same length, and reads an ordinary element.

const NAME: &[u8] = b"noscript";

/// What takes the place of the name.
pub(super) const MASK: &str = "n0script";

/// Puts another name where a tag may be one of `noscript`. Elsewhere that does no harm: the bytes of a
/// document are never taken from what was fed.
pub(super) fn mask_noscript(markup: &mut [u8]) {
    let tags: Vec<usize> = memchr::memchr_iter(b'<', markup).collect();
    for tag in tags {
        let slash = usize::from(markup.get(tag + 1) == Some(&b'/'));
        let name = tag + 1 + slash..tag + 1 + slash + NAME.len();
        if let Some(name) = markup.get_mut(name)
            && name.eq_ignore_ascii_case(NAME)
        {
            name.copy_from_slice(MASK.as_bytes());
        }
    }
}

/// Returns how much of a piece can be masked before what follows it is known: all but the start of a tag
/// that may be one of `noscript`.
pub(super) fn maskable_len(piece: &[u8]) -> usize {
    let longest = "</".len() + NAME.len() - 1;
    let from = piece.len().saturating_sub(longest);
    let end = piece.get(from..).unwrap_or_default();
    let Some(at) = memchr::memrchr(b'<', end) else {
        return piece.len();
    };
    let tag = end.get(at + 1..).unwrap_or_default();
    let name = tag.strip_prefix(b"/").unwrap_or(tag);
    let may_be_noscript = NAME
        .get(..name.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(name));
    match may_be_noscript {
        true => from + at,
        false => piece.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::{mask_noscript, maskable_len};

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
        ] {
            let mut masked = markup.as_bytes().to_vec();
            mask_noscript(&mut masked);
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
        ] {
            let mut whole = markup.as_bytes().to_vec();
            mask_noscript(&mut whole);
            for cut in 0..markup.len() {
                let first = maskable_len(&markup.as_bytes()[..cut]);
                let (first, rest) = markup.as_bytes().split_at(first);
                let (mut first, mut rest) = (first.to_vec(), rest.to_vec());
                mask_noscript(&mut first);
                mask_noscript(&mut rest);
                assert_eq!([first, rest].concat(), whole, "{markup} cut at {cut}");
            }
        }
    }
}
