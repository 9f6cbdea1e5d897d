//! Writing lines of quoted-printable.

use super::unit::Unit;

/// The longest line, with the `=` of a soft line break (RFC 2045 §6.7, rule 5).
const LINE_CHARS: usize = 76;

/// Writes lines, with soft line breaks where they would be too long.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    column: usize,
    ending: &'a [u8],
    pub(super) out: Vec<u8>,
    /// A byte that may not stand at the end of a line as it is, or a carriage return, which may be a part of a
    /// line ending: how it is written depends on what follows.
    pending: Option<u8>,
    width: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: Vec<u8>, ending: &'a [u8]) -> Self {
        Self {
            column: 0,
            ending,
            out,
            pending: None,
            width: LINE_CHARS,
        }
    }

    /// Lets lines be as long as one was before.
    pub(super) fn allow(&mut self, width: usize) {
        self.width = self.width.max(width);
    }

    /// Writes what was there before, as it was spelt. `starts_line` says that it started a line there.
    pub(super) fn put(&mut self, unit: &Unit<'_>, starts_line: bool) {
        match unit {
            Unit::Byte(byte) if self.column == 0 && starts_line => self.put_byte(*byte, false),
            Unit::Byte(byte) => self.put_byte(*byte, true),
            Unit::Escape { source, .. } => {
                self.flush();
                self.put_piece(source);
            }
            Unit::LineFeed => self.end_hard(),
            Unit::Irregular | Unit::SoftBreak { .. } => {}
        }
    }

    /// Writes what was not there before.
    pub(super) fn put_new(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_hard(),
                b'\t' | b'\r' | b' '..=b'<' | b'>'..=b'~' => self.put_byte(*byte, true),
                byte => {
                    self.flush();
                    self.put_escape(*byte);
                }
            }
        }
    }

    /// Ends the lines without a line ending.
    pub(super) fn end(&mut self) {
        if let Some(byte) = self.pending.take() {
            self.put_escape(byte);
        }
    }

    /// Ends the line with a soft line break that was there before.
    pub(super) fn end_with(&mut self, soft_break: &[u8]) {
        self.flush();
        self.out.extend_from_slice(soft_break);
        self.column = 0;
    }

    /// Ends the line with a soft line break.
    pub(super) fn end_softly(&mut self) {
        self.flush();
        self.break_softly();
    }

    fn break_softly(&mut self) {
        self.out.push(b'=');
        self.out.extend_from_slice(self.ending);
        self.column = 0;
    }

    fn end_hard(&mut self) {
        match self.pending.take() {
            Some(b'\r') => self.out.push(b'\r'),
            Some(blank) => self.put_escape(blank),
            None => {}
        }
        self.out.push(b'\n');
        self.column = 0;
    }

    /// `may_escape` lets a byte be written otherwise that means something at the start of a line.
    fn put_byte(&mut self, byte: u8, may_escape: bool) {
        match self.pending.take() {
            Some(blank) if blank != b'\r' && byte != b'\r' => self.put_piece(&[blank]),
            Some(pending) => self.put_escape(pending),
            None => {}
        }
        if matches!(byte, b' ' | b'\t' | b'\r') {
            self.pending = Some(byte);
            return;
        }
        self.make_room(1);
        // SMTP doubles dots, delimiters start with hyphens, and some programs put a `>` before `From `.
        let is_special = matches!(byte, b'.' | b'-' | b'F');
        match self.column == 0 && is_special && may_escape {
            true => self.put_escape(byte),
            false => self.put_piece(&[byte]),
        }
    }

    /// Writes what was held back and something else follows on the same line.
    fn flush(&mut self) {
        match self.pending.take() {
            Some(b'\r') => self.put_escape(b'\r'),
            Some(blank) => self.put_piece(&[blank]),
            None => {}
        }
    }

    fn put_escape(&mut self, byte: u8) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let digit = |value: u8| *DIGITS.get(usize::from(value)).unwrap_or(&b'0');
        self.put_piece(&[b'=', digit(byte >> 4), digit(byte & 15)]);
    }

    /// Ends the line where a piece of that length would leave no room for the `=` of a soft line break.
    fn make_room(&mut self, bytes: usize) {
        if self.column + bytes >= self.width {
            self.break_softly();
        }
    }

    /// Writes what must stay together.
    fn put_piece(&mut self, piece: &[u8]) {
        self.make_room(piece.len());
        self.out.extend_from_slice(piece);
        self.column += piece.len();
    }
}
