//! Names of elements, folded to lower case, kept without an allocation.

/// As much of a name as must be told apart: `annotation-xml` is the longest that means anything
/// here.
const MAX_BYTES: usize = 16;

/// An element's name in lower case; longer ones are cut.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Name {
    bytes: [u8; MAX_BYTES],
    length: u8,
}

impl Name {
    /// Appends a part of the name, in any letter case.
    pub(super) fn push(&mut self, part: &[u8]) {
        let free = self.bytes.iter_mut().skip(usize::from(self.length));
        for (slot, byte) in free.zip(part) {
            *slot = byte.to_ascii_lowercase();
        }
        let length = u8::try_from(part.len()).unwrap_or(u8::MAX);
        self.length = self.length.saturating_add(length);
    }

    /// The name, or nothing for one that is longer than any known.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    /// Whether the name is longer than any known.
    pub(super) fn is_cut(&self) -> bool {
        usize::from(self.length) > MAX_BYTES
    }

    /// Whether this is an element of VML, Outlook's vector graphics.
    pub(super) fn is_vml(&self) -> bool {
        self.bytes.starts_with(b"v:")
    }
}

impl From<&[u8]> for Name {
    fn from(bytes: &[u8]) -> Self {
        let mut name = Self::default();
        name.push(bytes);
        name
    }
}

/// White space inside tags (HTML §13.2.5), and the carriage return that preprocessing turns into a
/// line feed (§13.2.3.5).
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r' | b'\x0c')
}
