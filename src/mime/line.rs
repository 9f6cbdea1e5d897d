//! Lines of a message.

/// Returns where the line ends that `at` stands in, after its line ending.
pub(super) fn line_end(message: &[u8], at: usize) -> usize {
    let rest = message.get(at..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(message.len(), |line_feed| at + line_feed + 1)
}

/// Returns a line without its line ending, and the line ending: `\n`, `\r\n`, or nothing in the last line.
pub(super) fn split_ending(line: &[u8]) -> (&[u8], &[u8]) {
    let ending = match line {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    };
    line.split_at_checked(line.len() - ending)
        .unwrap_or((line, b""))
}

pub(super) fn is_blank_line(line: &[u8]) -> bool {
    line == b"\n" || line == b"\r\n"
}

/// Whether a byte is a space or a tab, which header fields are folded by (RFC 5322 §2.2.2).
pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}
