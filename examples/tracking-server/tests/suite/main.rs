//! The program as it is: started by itself, asked over real sockets.

mod clicks;
mod database;
mod links;
mod server;
mod start;
