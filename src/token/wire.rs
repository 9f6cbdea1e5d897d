//! Numbers and fields as the payload holds them: unsigned LEB128, and length-prefixed bytes.

/// Appends `value` as a varint of minimal length.
pub(super) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    out.push(low_bits(value));
}

/// Appends a field: its length as a varint, and its bytes.
pub(super) fn put_field(parts: &[&[u8]], out: &mut Vec<u8>) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    put_varint(u64::try_from(length).unwrap_or(u64::MAX), out);
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Reads a payload from its front; `None` wherever a part is cut short or over its limit.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Reads a varint of at most `bits` bits; one that is longer than it need be is refused, so
    /// that every value has one spelling.
    pub(super) fn varint(&mut self, bits: u32) -> Option<u64> {
        let mut value = 0_u64;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            let group = u64::from(byte & 0x7f);
            if shift >= bits || (shift + 7 > bits && group >> (bits - shift) != 0) {
                return None;
            }
            value |= group << shift;
            if byte & 0x80 == 0 {
                return (byte != 0 || shift == 0).then_some(value);
            }
            shift += 7;
        }
    }

    pub(super) fn varint_32(&mut self) -> Option<u32> {
        u32::try_from(self.varint(32)?).ok()
    }

    pub(super) fn field(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint(63)?).ok()?;
        let (field, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(field)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.field()?).ok()
    }
}

fn low_bits(value: u64) -> u8 {
    let [low, ..] = value.to_le_bytes();
    low & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_round_trip_and_have_one_spelling() {
        for value in [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            u64::from(u32::MAX),
            u64::MAX >> 1,
        ] {
            let mut bytes = Vec::new();
            put_varint(value, &mut bytes);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint(63), Some(value), "{value}");
            assert!(reader.is_at_end(), "{value}");
        }
        for (bytes, why) in [
            (&[0x80, 0x00][..], "zero in two bytes"),
            (&[0xff, 0x00], "127 in two bytes"),
            (&[0x80], "cut short"),
            (&[0x80, 0x80, 0x80, 0x80, 0x10], "33 bits"),
            (&[0xff; 11], "endless"),
        ] {
            assert_eq!(Reader::new(bytes).varint(32), None, "{why}");
        }
    }

    #[test]
    fn varints_are_read_up_to_their_limit_in_bits() {
        for bits in [7, 8, 13, 14, 32, 63] {
            let limit = 1 << bits;
            for (value, expected) in [(limit - 1, Some(limit - 1)), (limit, None)] {
                let mut bytes = Vec::new();
                put_varint(value, &mut bytes);
                assert_eq!(
                    Reader::new(&bytes).varint(bits),
                    expected,
                    "{value} in {bits} bits"
                );
            }
        }
    }
}
