//! The program as it is: started by itself, asked over real sockets.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod access;
mod database;
mod domains;
#[path = "../../src/demo/name_server.rs"]
mod name_server;
mod server;
mod start;
mod visitor;
