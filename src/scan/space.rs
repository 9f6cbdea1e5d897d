//! White space in markup.

/// White space inside tags (HTML §13.2.5), and the carriage return that preprocessing turns into a
/// line feed (§13.2.3.5).
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r' | b'\x0c')
}
