//! Elements whose content is text and no markup, and where each of them ends
//! (HTML §13.2.5.1 to 4 and §13.2.5.9 to 31).

use super::name::{Name, is_space};

/// The content model of an element that is open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RawText {
    /// To the end of the document.
    Plaintext,
    /// Up to the end tag of that name: RCDATA and RAWTEXT.
    UntilEndTag(Name),
    Script(Script),
}

/// A script can hide `</script>` in `<!-- <script> … -->`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Script {
    /// Inside `<!--`; how many dashes came last, up to two.
    Escaped(u8),
    /// Inside a `<script` inside `<!--`; the dashes likewise.
    DoubleEscaped(u8),
    Plain,
}

/// What a search came upon.
pub(super) enum Found {
    /// The end tag starts there.
    EndTag(usize),
    /// Nothing up to there; what follows can't be judged without more input.
    Nothing(usize),
}

impl RawText {
    /// The content model of an HTML element. `noscript` is markup to mail clients, which run no
    /// scripts.
    pub(super) fn of(element: &Name) -> Option<Self> {
        match element.as_bytes() {
            b"iframe" | b"noembed" | b"noframes" | b"style" | b"textarea" | b"title" | b"xmp" => {
                Some(Self::UntilEndTag(*element))
            }
            b"plaintext" => Some(Self::Plaintext),
            b"script" => Some(Self::Script(Script::Plain)),
            _ => None,
        }
    }

    /// Looks for the end tag from `from` on; `last` when no more input will follow.
    pub(super) fn find_end(&mut self, input: &[u8], from: usize, last: bool) -> Found {
        match self {
            Self::Plaintext => Found::Nothing(input.len()),
            Self::UntilEndTag(name) => find_end_tag(input, from, last, name.as_bytes()),
            Self::Script(script) => script.find_end(input, from, last),
        }
    }
}

/// Whether a tag of that name starts here, as far as the input goes.
#[derive(Eq, PartialEq)]
enum Tag {
    No,
    Unclear,
    Yes,
}

fn find_end_tag(input: &[u8], mut from: usize, last: bool, name: &[u8]) -> Found {
    loop {
        let rest = input.get(from..).unwrap_or_default();
        let Some(at) = memchr::memchr(b'<', rest) else {
            return Found::Nothing(input.len());
        };
        from += at;
        let candidate = input.get(from..).unwrap_or_default();
        match starts_tag(candidate, b"</", name) {
            Tag::Yes => return Found::EndTag(from),
            Tag::Unclear if !last => return Found::Nothing(from),
            Tag::No | Tag::Unclear => from += 1,
        }
    }
}

fn starts_tag(input: &[u8], open: &[u8], name: &[u8]) -> Tag {
    let mut bytes = input.iter();
    for expected in open.iter().chain(name) {
        match bytes.next() {
            Some(byte) if byte.to_ascii_lowercase() == *expected => {}
            Some(_) => return Tag::No,
            None => return Tag::Unclear,
        }
    }
    match bytes.next() {
        Some(b'/' | b'>') => Tag::Yes,
        Some(byte) if is_space(*byte) => Tag::Yes,
        Some(_) => Tag::No,
        None => Tag::Unclear,
    }
}

impl Script {
    fn find_end(&mut self, input: &[u8], mut from: usize, last: bool) -> Found {
        loop {
            if *self == Self::Plain {
                let rest = input.get(from..).unwrap_or_default();
                from += memchr::memchr(b'<', rest).unwrap_or(rest.len());
            }
            let rest = input.get(from..).unwrap_or_default();
            let Some(byte) = rest.first() else {
                return Found::Nothing(input.len());
            };
            let end_tag = || starts_tag(rest, b"</", b"script");
            match (*self, byte) {
                (Self::Plain | Self::Escaped(_), b'<') if end_tag() == Tag::Yes => {
                    return Found::EndTag(from);
                }
                (_, b'<') if !last && self.may_be_sign(rest) => return Found::Nothing(from),
                (Self::Plain, _) if rest.starts_with(b"<!--") => {
                    // These dashes count: `<!-->` is empty.
                    *self = Self::Escaped(2);
                    from += 4;
                    continue;
                }
                (Self::Escaped(_), b'<') if starts_tag(rest, b"<", b"script") == Tag::Yes => {
                    *self = Self::DoubleEscaped(0);
                }
                (Self::DoubleEscaped(_), b'<') if end_tag() == Tag::Yes => {
                    *self = Self::Escaped(0);
                }
                (Self::Escaped(2) | Self::DoubleEscaped(2), b'>') => *self = Self::Plain,
                (Self::Escaped(dashes) | Self::DoubleEscaped(dashes), _) => {
                    let dashes = if *byte == b'-' {
                        (dashes + 1).min(2)
                    } else {
                        0
                    };
                    *self = match self {
                        Self::DoubleEscaped(_) => Self::DoubleEscaped(dashes),
                        Self::Escaped(_) | Self::Plain => Self::Escaped(dashes),
                    };
                }
                (Self::Plain, _) => {}
            }
            from += 1;
        }
    }

    /// Whether `rest` is cut short inside something that would change the state.
    fn may_be_sign(self, rest: &[u8]) -> bool {
        starts_tag(rest, b"</", b"script") == Tag::Unclear
            || match self {
                Self::Plain => b"<!--".starts_with(rest),
                Self::Escaped(_) => starts_tag(rest, b"<", b"script") == Tag::Unclear,
                Self::DoubleEscaped(_) => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left from the end tag on; the same byte by byte.
    fn rest_after(element: &str, content: &str) -> Option<String> {
        let bytes = content.as_bytes();
        let start = RawText::of(&Name::from(element.as_bytes())).unwrap();
        let mut whole = start;
        let found = match whole.find_end(bytes, 0, true) {
            Found::EndTag(at) => Some(content[at..].to_owned()),
            Found::Nothing(_) => None,
        };
        let mut cut = start;
        let mut from = 0;
        let mut found_cut = None;
        for end in 0..=bytes.len() {
            match cut.find_end(&bytes[..end], from, end == bytes.len()) {
                Found::EndTag(at) => {
                    found_cut = Some(content[at..].to_owned());
                    break;
                }
                Found::Nothing(at) => from = at,
            }
        }
        assert_eq!(found_cut, found, "{content}");
        found
    }

    #[test]
    fn raw_text_ends_at_its_own_end_tag() {
        for (element, content, rest) in [
            ("style", "a</b></style>c", Some("</style>c")),
            ("title", "a</titlenot></TITLE\n>c", Some("</TITLE\n>c")),
            ("textarea", "</textarea/>", Some("</textarea/>")),
            ("xmp", "<!-- </xmp> -->", Some("</xmp> -->")),
            ("title", "</title", None),
            ("plaintext", "</plaintext>", None),
            ("script", "a < b </script >", Some("</script >")),
            ("script", "<!-- </script> -->", Some("</script> -->")),
            (
                "script",
                "<!-- <script> </script> --></script>x",
                Some("</script>x"),
            ),
            ("script", "<!-- <script> --></script>x", Some("</script>x")),
            ("script", "<!--><script></script>x", Some("</script>x")),
            (
                "script",
                "<!-- <script </script></script>x",
                Some("</script>x"),
            ),
            ("script", "<!-- <scripty </script>x", Some("</script>x")),
            ("script", "<!-- <script> </script>", None),
        ] {
            assert_eq!(rest_after(element, content).as_deref(), rest, "{content}");
        }
    }
}
