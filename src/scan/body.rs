//! Where the body starts, with or without a `<body>` tag (HTML §13.2.6.4.1 to 6).

use super::space::is_space;

/// Follows a document up to its body, and through `template`s, whose content is in no body.
#[derive(Debug, Default)]
pub(super) struct BodyTracker {
    has_started: bool,
    open_templates: usize,
}

impl BodyTracker {
    /// Whether what comes next would be a part of the page.
    pub(super) fn is_outside_templates(&self) -> bool {
        self.open_templates == 0
    }

    pub(super) fn has_started(&self) -> bool {
        self.has_started
    }

    /// Takes in a start tag of HTML; returns whether the body starts with it.
    pub(super) fn start_tag(&mut self, name: &[u8]) -> bool {
        if name.eq_ignore_ascii_case(b"template") {
            self.open_templates += 1;
            return false;
        }
        if self.has_started || !self.is_outside_templates() {
            return false;
        }
        // A `frameset` takes the place of the body.
        self.has_started |= name.eq_ignore_ascii_case(b"frameset");
        !HEAD_ELEMENTS
            .iter()
            .any(|head| head.eq_ignore_ascii_case(name))
            && self.start()
    }

    pub(super) fn end_template(&mut self) {
        self.open_templates = self.open_templates.saturating_sub(1);
    }

    /// Takes in the end of the body, or of the document; returns whether the body starts before it.
    pub(super) fn end_body(&mut self) -> bool {
        self.start()
    }

    /// Takes in text; returns at which of its bytes the body starts.
    pub(super) fn text(&mut self, text: &[u8]) -> Option<usize> {
        if self.has_started || !self.is_outside_templates() {
            return None;
        }
        let at = text.iter().position(|byte| !is_space(*byte))?;
        self.start().then_some(at)
    }

    fn start(&mut self) -> bool {
        let starts = !self.has_started && self.is_outside_templates();
        self.has_started |= starts;
        starts
    }
}

/// What may come before the body without starting it.
const HEAD_ELEMENTS: [&[u8]; 12] = [
    b"base",
    b"basefont",
    b"bgsound",
    b"head",
    b"html",
    b"link",
    b"meta",
    b"noframes",
    b"noscript",
    b"script",
    b"style",
    b"title",
];
