//! What the fuzz targets share: how they try the laws, and an input that prints as it can be pasted into a
//! test.

use std::fmt;

use arbitrary::{Arbitrary, Unstructured};
use linkseal_laws::targets::TARGETS;

/// The bytes that libFuzzer came up with, all of them.
#[derive(Clone, Copy)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Arbitrary<'a> for Input<'a> {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        bytes.bytes(bytes.len()).map(Self)
    }

    fn arbitrary_take_rest(bytes: Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(bytes.take_rest()))
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "b\"{}\"", self.0.escape_ascii())
    }
}

/// Tries the laws of a target.
///
/// # Panics
///
/// When one is broken. The message says which input does it, and why.
pub fn try_laws(name: &str, input: Input<'_>) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    if let Err(why) = target(input.0) {
        panic!("targets::{name}({input:?}): {why}");
    }
}
