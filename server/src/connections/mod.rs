//! Connections: how many in all and by address, and for how long. Clients hold them, so none is held for nothing.
//!
//! A connection without a request under way is *idle*. Where there are as many as there may be, the one that was
//! idle longest is closed for a new one. A time limit closes the others, and those whose reader stands still.

mod answer;
mod door;
mod files;
mod patience;
mod stream;
mod table;

pub(crate) use door::Door;
pub(crate) use patience::patient;
pub(crate) use table::{Connections, Limits};
