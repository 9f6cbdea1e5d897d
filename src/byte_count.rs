//! A number of bytes in a sentence.

use std::fmt;

/// Prints as `1 byte` or `2 bytes`.
pub(crate) struct ByteCount(pub(crate) usize);

impl fmt::Display for ByteCount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => formatter.write_str("1 byte"),
            count => write!(formatter, "{count} bytes"),
        }
    }
}
