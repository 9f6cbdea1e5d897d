//! Which bytes of a link's tag change: the value of `href`, and markers that were read.

use std::ops::Range;

use super::space::is_space;
use super::tag::{Attribute, Tag};
use crate::dialect::Dialect;
use crate::link::{Marker, MarkerSet};

/// Schemes of Postal's opt-out, and how much of each is the scheme that they stand for.
const NO_TRACK_SCHEMES: [(&[u8], usize); 2] = [(b"http+notrack:", 4), (b"https+notrack:", 5)];
const NO_TRACK: &[u8] = b"+notrack";

/// Removes the attributes of one tag, first to last, so that the others are read as before.
#[derive(Debug, Default)]
pub(super) struct Remover {
    /// The end of the last removal, and whether a slash stands before it in the output.
    last: Option<(usize, bool)>,
}

impl Remover {
    /// Returns the bytes to leave out for `attribute`, or nothing where that would change how the
    /// rest of the tag is read.
    pub(super) fn remove(&mut self, tag: &[u8], attribute: &Attribute) -> Option<Range<usize>> {
        let after = tag.get(attribute.end..)?;
        let next = *after.first()?;
        // `a data-track=off =b` has an attribute named `=b`, but `a =b` has a value.
        if after.iter().find(|byte| !is_space(**byte)) == Some(&b'=') {
            return None;
        }
        let mut start = attribute.name.start;
        if is_space(next) || next == b'>' {
            let before = tag.get(..start)?;
            let spaces = before.iter().rev().take_while(|byte| is_space(**byte));
            start -= spaces.count();
        }
        let follows_slash = match self.last {
            Some((end, follows_slash)) if end == start => follows_slash,
            // A slash that ends an unquoted value is a part of it.
            _ if attribute.previous_end == start => false,
            _ => *tag.get(start.checked_sub(1)?)? == b'/',
        };
        // A slash that comes to stand before the end would make the tag self-closing.
        if follows_slash && next == b'>' {
            return None;
        }
        self.last = Some((attribute.end, follows_slash));
        Some(start..attribute.end)
    }
}

/// Returns which bytes go with the markers that were read. Of equal ones the first counts, so if one must
/// stay, all do, lest another become the first.
pub(super) fn removals(
    tag: &Tag<'_>,
    markers: &mut MarkerSet,
    dialect: &Dialect,
    is_in_comment: bool,
) -> Vec<Range<usize>> {
    'again: while markers.has_removable() {
        let (mut remover, mut cuts) = (Remover::default(), Vec::new());
        for attribute in &tag.attributes {
            let marker = Marker::named(tag.slice(&attribute.name), dialect);
            let Some(marker) = marker.filter(|marker| markers.removes(*marker)) else {
                continue;
            };
            let Some(cut) = remover.remove(tag.bytes, attribute) else {
                markers.keep(marker);
                continue 'again;
            };
            cuts.push(cut);
        }
        if is_in_comment && would_end_comment(tag.bytes, &cuts) {
            return Vec::new();
        }
        return cuts;
    }
    Vec::new()
}

/// Whether a tag would end the comment that it stands in, once `cuts` are gone.
fn would_end_comment(tag: &[u8], cuts: &[Range<usize>]) -> bool {
    let mut rest = Vec::with_capacity(tag.len());
    let mut copied = 0;
    for cut in cuts {
        rest.extend(tag.get(copied..cut.start).unwrap_or_default());
        copied = cut.end;
    }
    rest.extend(tag.get(copied..).unwrap_or_default());
    [&b"-->"[..], b"--!>"]
        .iter()
        .any(|closing| memchr::memmem::find(&rest, closing).is_some())
}

/// Finds the part of a raw `href` that makes it Postal's opt-out.
pub(super) fn no_track_mark(value: &[u8]) -> Option<Range<usize>> {
    let trimmed = value.trim_ascii_start();
    let indent = value.len() - trimmed.len();
    NO_TRACK_SCHEMES.iter().find_map(|(scheme, kept)| {
        let start = trimmed.get(..scheme.len())?;
        start
            .eq_ignore_ascii_case(scheme)
            .then(|| indent + kept..indent + kept + NO_TRACK.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::finding::Finding;
    use crate::scan::handlers::Scope;
    use crate::scan::parser::Parser;
    use crate::scan::tag::Tag;
    use crate::scan::window::Window;

    fn without_markers(tag: &str) -> String {
        let mut parser = Parser::new(Scope::EveryToken, usize::MAX);
        parser.feed(tag.as_bytes()).unwrap();
        let mut found = std::collections::VecDeque::new();
        parser.take_findings(&mut found);
        let Some(Finding::StartTag(start)) = found.pop_front() else {
            panic!("{tag}");
        };
        let parsed = Tag::new(&Window::whole(tag.as_bytes()), &start);
        let mut remover = Remover::default();
        let (mut out, mut copied) = (String::new(), 0);
        for attribute in &parsed.attributes {
            if tag[attribute.name.clone()].starts_with("data-")
                && let Some(cut) = remover.remove(tag.as_bytes(), attribute)
            {
                out.push_str(&tag[copied..cut.start]);
                copied = cut.end;
            }
        }
        out + &tag[copied..]
    }

    #[test]
    fn removed_markers_leave_the_rest_as_it_is_read() {
        for (tag, expected) in [
            (r#"<a data-x="y" href="u">"#, r#"<a href="u">"#),
            (r#"<a href="u" data-x="y">"#, r#"<a href="u">"#),
            (
                r#"<a href="u"  data-x  class="c">"#,
                r#"<a href="u"  class="c">"#,
            ),
            (
                r#"<a href="u"data-x="y"class="c">"#,
                r#"<a href="u"class="c">"#,
            ),
            (r#"<a data-x="y"href="u">"#, r#"<a href="u">"#),
            ("<a data-x=1 data-y=2 href=u>", "<a href=u>"),
            (r#"<a href=u data-x="y"/>"#, "<a href=u />"),
            ("<a href=u data-x=y>", "<a href=u>"),
            ("<a href=u / data-x>", "<a href=u / data-x>"),
            ("<a href=u / data-x data-y>", "<a href=u / data-y>"),
            ("<a/data-x>", "<a/data-x>"),
            ("<a href=u/ data-x data-y>", "<a href=u/>"),
            ("<a href=\"u\"/ data-x>", "<a href=\"u\"/ data-x>"),
            (r#"<a b data-x="y" ="z">"#, r#"<a b data-x="y" ="z">"#),
        ] {
            assert_eq!(without_markers(tag), expected, "{tag}");
        }
    }

    #[test]
    fn postals_opt_out_is_found_in_any_letter_case() {
        assert_eq!(no_track_mark(b"https+notrack://x"), Some(5..13));
        assert_eq!(no_track_mark(b"\n HTTP+NoTrack:x"), Some(6..14));
        assert_eq!(no_track_mark(b"https://x/+notrack:"), None);
    }
}
