//! The program as it is: started by itself, asked over real sockets.

mod click_map;
mod database;
mod exports;
mod pages;
mod reports;
mod server;
mod start;
mod stored;
