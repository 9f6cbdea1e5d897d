//! A message put together again from the pieces that the milter protocol hands over.

/// The bytes of one message, as it would be sent; within a limit.
#[derive(Debug)]
pub(crate) struct Assembly {
    bytes: Vec<u8>,
    header_bytes: usize,
    limit: usize,
    total: usize,
}

impl Assembly {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            header_bytes: 0,
            limit,
            total: 0,
        }
    }

    /// Adds a header field. Its value may be folded by line feeds alone: so Postfix and Sendmail send it.
    pub(crate) fn add_field(&mut self, name: &[u8], value: &[u8], has_leading_space: bool) {
        self.add(name);
        self.add(if has_leading_space { b":" } else { b": " });
        let mut lines = value.split(|byte| *byte == b'\n');
        if let Some(first) = lines.next() {
            self.add(without_return(first));
        }
        for line in lines {
            self.add(b"\r\n");
            self.add(without_return(line));
        }
        self.add(b"\r\n");
    }

    pub(crate) fn end_header(&mut self) {
        self.add(b"\r\n");
        self.header_bytes = self.bytes.len();
    }

    pub(crate) fn add_body(&mut self, chunk: &[u8]) {
        self.add(chunk);
    }

    fn add(&mut self, bytes: &[u8]) {
        self.total = self.total.saturating_add(bytes.len());
        if self.is_too_large() {
            self.forget();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Gives the memory back: the message is counted on, not kept.
    pub(crate) fn forget(&mut self) {
        self.bytes = Vec::new();
    }

    pub(crate) fn is_too_large(&self) -> bool {
        self.total > self.limit
    }

    pub(crate) fn total_bytes(&self) -> usize {
        self.total
    }

    /// Returns the message, and how many bytes of it come before the body.
    pub(crate) fn take(&mut self) -> (Vec<u8>, usize) {
        (std::mem::take(&mut self.bytes), self.header_bytes)
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_and_spacing_survive() {
        let mut assembly = Assembly::new(1000);
        assembly.add_field(b"Subject", b"  a\n\tb\r\n c", true);
        assembly.add_field(b"From", b"x@example.com", false);
        assembly.add_field(b"X-Empty", b"", true);
        assembly.end_header();
        assembly.add_body(b"one\r\n");
        assembly.add_body(b"two\r\n");
        let (message, header_bytes) = assembly.take();
        let header = b"Subject:  a\r\n\tb\r\n c\r\nFrom: x@example.com\r\nX-Empty:\r\n\r\n";
        assert_eq!(message, [&header[..], b"one\r\ntwo\r\n"].concat());
        assert_eq!(header_bytes, header.len());
    }

    #[test]
    fn what_is_over_the_limit_is_counted_and_not_kept() {
        let mut assembly = Assembly::new(10);
        assembly.end_header();
        assembly.add_body(b"12345678");
        assert!(!assembly.is_too_large());
        assembly.add_body(b"9");
        assert!(assembly.is_too_large());
        assembly.add_body(b"0");
        assert_eq!(assembly.total_bytes(), 12);
        assert_eq!(assembly.take().0, b"");
    }
}
