//! Connections: how many in all and by address, and for how long. Clients hold them, so none is held for nothing.
//!
//! A connection without a request under way is *idle*. Where there are as many as there may be, the one that was
//! idle longest is closed for a new one. A time limit closes the others, and those whose reader stands still.

mod answer;
mod connection;
mod files;
mod limits;
mod listener;
mod serving;
mod stream;
mod table;
mod threads;

pub(crate) use answer::Front;
pub(crate) use limits::Limits;
pub(crate) use listener::Listener;
pub(crate) use table::Connections;
pub(crate) use threads::Threads;
