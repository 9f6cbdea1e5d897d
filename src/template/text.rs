//! What templates keep and render: text, or bytes that are most often text.

/// A buffer that a [`Template`](crate::Template) can render into: `String` or `Vec<u8>`.
pub trait Rendering: Text {}

impl Rendering for String {}

impl Rendering for Vec<u8> {}

/// Kept out of reach, so that nobody else implements [`Rendering`].
pub trait Text: Default {
    /// Appends a piece of the document.
    fn push_bytes(&mut self, bytes: &[u8]);

    /// Appends a piece of another text of the same kind.
    fn push_range(&mut self, text: &Self, from: usize, to: usize);

    /// Appends what this crate wrote.
    fn push_str(&mut self, ascii: &str);

    fn as_bytes(&self) -> &[u8];

    /// Returns the length in bytes.
    fn bytes(&self) -> usize {
        self.as_bytes().len()
    }

    fn reserve(&mut self, bytes: usize);
}

impl Text for String {
    /// Only text is compiled into a template of text, and it is cut at ASCII characters.
    fn push_bytes(&mut self, bytes: &[u8]) {
        self.push_str(&Self::from_utf8_lossy(bytes));
    }

    fn push_range(&mut self, text: &Self, from: usize, to: usize) {
        self.push_str(text.get(from..to).unwrap_or_default());
    }

    fn push_str(&mut self, ascii: &str) {
        self.push_str(ascii);
    }

    fn as_bytes(&self) -> &[u8] {
        self.as_bytes()
    }

    fn reserve(&mut self, bytes: usize) {
        self.reserve(bytes);
    }
}

impl Text for Vec<u8> {
    fn push_bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn push_range(&mut self, text: &Self, from: usize, to: usize) {
        self.extend_from_slice(text.get(from..to).unwrap_or_default());
    }

    fn push_str(&mut self, ascii: &str) {
        self.extend_from_slice(ascii.as_bytes());
    }

    fn as_bytes(&self) -> &[u8] {
        self
    }

    fn reserve(&mut self, bytes: usize) {
        self.reserve(bytes);
    }
}
