//! The only module that knows HTML: it finds links and the pixel's place in a document, and hands the
//! document on in order, with what comes in their place.
//!
//! The way of a document: [`Scanner`] feeds it to lol_html (`parser`), whose `handlers` note ranges of
//! bytes (`finding`). `dispatch` says what each finding means: `elements` reads tags, `links` decides on a
//! link and its markers, `conditional` reads what stands in conditional comments, and `pixel_places` says
//! where the open pixel goes. `cursor` hands the original bytes on to a [`Sink`], with the edits between
//! them; `holding` says which bytes must wait. Nothing that lol_html writes goes out: it would write a changed tag anew,
//! without its quotes and white space.

mod body;
mod body_search;
mod byte_order_mark;
mod comment;
mod conditional;
mod cursor;
mod decode;
mod dispatch;
mod edit;
mod elements;
mod finding;
mod found;
mod handlers;
mod holding;
mod line;
mod links;
mod mask;
mod open_construct;
mod parser;
mod pixel;
mod pixel_places;
mod placeholder;
mod scanner;
mod sink;
mod sought;
mod space;
mod tag;
mod window;

pub(crate) use line::LineCounter;
pub(crate) use scanner::Scanner;
pub(crate) use sink::{Cut, Sink, Splicer};
pub(crate) use window::Window;
