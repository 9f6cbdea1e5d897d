//! The program as it is: started by itself, asked over real sockets.

#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

mod click_map;
mod database;
mod exports;
mod pages;
mod reports;
mod server;
mod start;
mod tokens;
