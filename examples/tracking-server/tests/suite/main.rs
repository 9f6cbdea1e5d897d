//! The program as it is: started by itself, asked over real sockets.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod clicks;
mod database;
mod health;
mod hosts;
mod links;
mod log;
mod loss;
mod server;
mod start;
