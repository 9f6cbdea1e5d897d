//! What templates keep and render: text, or bytes that are most often text.

/// A buffer that a [`Template`](crate::Template) can render into: `String` or `Vec<u8>`.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{Message, Rendering, Template};
///
/// fn render_all<T: Rendering>(template: &Template<T>, messages: &[Message]) -> Vec<T> {
///     messages.iter().map(|message| template.render(message)).collect()
/// }
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let template = Template::compile("<p>Hi</p>", &domain);
/// let mails = render_all(&template, &[Message::new("msg-1")?, Message::new("msg-2")?]);
/// assert!(mails[0].starts_with("<p>Hi</p><img ") && mails[0] != mails[1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
