//! What a document at hand may hold, seen before it is parsed: what it can't hold needs no handler.
//!
//! lol_html compares the name of each tag with every name that it is asked for, and stops to read each
//! tag as a whole where comments are asked for.

use memchr::memmem;

use super::comment::may_hold_conditional_link;
use super::finding::Element;
use super::mask::ValuelessEquals;

/// The kinds of tokens that matter to links and to the end of the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Sought {
    pub(super) comments: bool,
    /// Whether there is what lol_html would read otherwise than mail clients do.
    pub(super) needs_mask: bool,
    names: NameStarts,
    own_pixels: bool,
    places_pixel: bool,
}

impl Sought {
    /// `pixel_url_prefix` is what the URL of an own pixel starts with; `None` where there is to be none.
    pub(super) fn in_document(document: &[u8], pixel_url_prefix: Option<&str>) -> Self {
        let (mut names, mut valueless) = (NameStarts([0; 32]), ValuelessEquals::default());
        let mut has_valueless = false;
        for tag in memchr::memchr_iter(b'<', document) {
            names.add(document.get(tag + 1..).unwrap_or_default());
            has_valueless |= valueless.of_tag(document, tag).is_some();
        }
        let is_own = |prefix: &str| memmem::find(document, prefix.as_bytes()).is_some();
        Self {
            comments: names.may_hold("!-") && may_hold_conditional_link(document),
            needs_mask: names.may_hold("noscript") || has_valueless,
            names,
            own_pixels: names.may_hold("img") && pixel_url_prefix.is_some_and(is_own),
            places_pixel: pixel_url_prefix.is_some(),
        }
    }

    /// Whether elements of that name may be there, and matter.
    pub(super) fn element(&self, element: Element, name: &str) -> bool {
        match element {
            Element::Base | Element::Link | Element::Template => self.names.may_hold(name),
            Element::Noscript => self.names.may_hold("noscript"),
            Element::Image => self.own_pixels,
            _ => self.places_pixel && self.names.may_hold(name),
        }
    }
}

/// The first two letters of tag names: a bit for each second one, by the first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct NameStarts([u32; 32]);

impl NameStarts {
    /// Takes in what follows a `<`, in a tag or not.
    fn add(&mut self, name: &[u8]) {
        if let Some([first, second]) = name.first_chunk()
            && let Some(seconds) = self.0.get_mut(low_bits(*first))
        {
            *seconds |= 1 << low_bits(*second);
        }
    }

    fn may_hold(&self, name: &str) -> bool {
        let [first, second, ..] = name.as_bytes() else {
            return true;
        };
        let seconds = self.0.get(low_bits(*first)).unwrap_or(&u32::MAX);
        seconds & (1 << low_bits(*second)) != 0
    }
}

/// A letter has the same in both cases.
fn low_bits(byte: u8) -> usize {
    usize::from(byte & 0x1f)
}

#[cfg(test)]
mod tests {
    use super::{Element, Sought};

    #[test]
    fn names_are_sought_where_a_tag_may_have_them() {
        let pixel = "https://link.test/o/";
        for (document, name, expected) in [
            ("<BaSe>", "base", true),
            ("<bare>", "base", true),
            ("< base>", "base", false),
            ("base", "base", false),
            ("<<noscript", "n0script", true),
            ("<n", "n0script", false),
            ("<img src=https://link.test/o/", "img", true),
            ("<img src=https://link.test/", "img", false),
            ("https://link.test/o/", "img", false),
            ("", "a", true),
        ] {
            let sought = Sought::in_document(document.as_bytes(), Some(pixel));
            let element = Element::of(name);
            assert_eq!(sought.element(element, name), expected, "{document}");
        }
    }

    #[test]
    fn without_a_pixel_only_links_are_sought() {
        let sought = Sought::in_document(b"<body><base><img src=https://link.test/o/>", None);
        assert!(sought.element(Element::Base, "base"));
        assert!(!sought.element(Element::Body, "body"));
        assert!(!sought.element(Element::Image, "img"));
    }
}
