//! Whether a link stands in a `noscript`.

use linkseal::LinkContext;

use crate::judge::{Place, Tag, is_void};

const NOSCRIPT: &str = "noscript";

/// The elements that are open by their tags alone, from the first `noscript` on.
#[derive(Default)]
pub(super) struct OpenNoscripts {
    /// Whether some end tag did not close the element that was opened last: which it closes, and what else, is
    /// for a tree builder to say.
    is_misnested: bool,
    open: Vec<String>,
}

impl OpenNoscripts {
    pub(super) fn start_tag(&mut self, tag: &Tag) {
        let is_in_noscript = !self.open.is_empty() || tag.name == NOSCRIPT;
        if is_in_noscript && !is_void(&tag.name) {
            self.open.push(tag.name.clone());
        }
    }

    pub(super) fn end_tag(&mut self, name: &str) {
        if let Some(last) = self.open.pop()
            && last != name
        {
            self.is_misnested = true;
        }
    }

    /// Where the tree has a link. In the head a link ends a `noscript`, which only a tree builder knows; for one
    /// that it ignores, or behind misnested tags, either will do.
    pub(super) fn contexts(&self, places: &[Place], index: usize) -> Vec<LinkContext> {
        let place = places.iter().find(|place| place.index == index);
        let in_noscript = place.map(|place| place.is_in_noscript);
        let mut contexts = Vec::new();
        if in_noscript != Some(true) || self.is_misnested {
            contexts.push(LinkContext::Html);
        }
        if in_noscript == Some(true) || self.is_misnested || !self.open.is_empty() {
            contexts.push(LinkContext::Noscript);
        }
        contexts
    }
}
