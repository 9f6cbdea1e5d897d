//! Where the body starts, with or without a `<body>` tag (HTML §13.2.6.4.1 to 6).

use super::name::{Name, is_space};

/// What the document has come to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Stage {
    /// Nothing that belongs into the body so far.
    #[default]
    BeforeBody,
    Body,
    /// A `frameset` stands in the place of the body.
    Frameset,
}

/// Follows a document up to its body, and through `template`s, whose content is in no body.
#[derive(Debug, Default)]
pub(super) struct BodyTracker {
    pub(super) stage: Stage,
    open_templates: usize,
}

impl BodyTracker {
    /// Whether what comes next would be a part of the page.
    pub(super) fn is_outside_templates(&self) -> bool {
        self.open_templates == 0
    }

    /// Takes in a start tag of HTML; returns whether the body starts before it.
    pub(super) fn start_tag(&mut self, name: &Name) -> bool {
        if name.as_bytes() == b"template" {
            self.open_templates += 1;
            return false;
        }
        match name.as_bytes() {
            b"base" | b"basefont" | b"bgsound" | b"head" | b"html" | b"link" | b"meta"
            | b"noframes" | b"noscript" | b"script" | b"style" | b"title" => false,
            b"frameset" if self.is_before_body() => {
                self.stage = Stage::Frameset;
                false
            }
            _ => self.starts(),
        }
    }

    /// Takes in an end tag of HTML; returns whether the body starts before it.
    pub(super) fn end_tag(&mut self, name: &Name) -> bool {
        match name.as_bytes() {
            b"body" | b"br" | b"html" => self.starts(),
            b"template" => {
                self.open_templates = self.open_templates.saturating_sub(1);
                false
            }
            _ => false,
        }
    }

    /// Takes in text; returns at which of its bytes the body starts.
    pub(super) fn text(&mut self, text: &[u8]) -> Option<usize> {
        if !self.is_before_body() {
            return None;
        }
        let at = text.iter().position(|byte| !is_space(*byte))?;
        self.starts();
        Some(at)
    }

    fn starts(&mut self) -> bool {
        let starts = self.is_before_body();
        if starts {
            self.stage = Stage::Body;
        }
        starts
    }

    fn is_before_body(&self) -> bool {
        self.stage == Stage::BeforeBody && self.is_outside_templates()
    }
}
