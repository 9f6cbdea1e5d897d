//! The one room that knows HTML: it finds links and the pixel's place in a document, and hands the
//! document on in order, with what comes in their place.
//!
//! A [`Scanner`] reads a window of the document that may end anywhere. What it can't judge yet it
//! leaves to the next, longer window: an unfinished tag or comment, or an element of raw text. So
//! any chunking gives the same bytes, and the start of a construct that the document ends in is
//! still at hand for the pixel.

mod body;
mod conditional;
mod cursor;
mod decode;
mod edit;
mod foreign;
mod links;
mod name;
mod page;
mod pixel;
mod raw_text;
mod scanner;
mod sink;
mod tag;
mod tokenizer;

pub(crate) use scanner::Scanner;
pub(crate) use sink::{Cut, Sink, Splicer};
