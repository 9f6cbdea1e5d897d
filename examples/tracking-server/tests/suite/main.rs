//! The program as it is: started by itself, asked over real sockets.

mod database;
mod server;
mod start;
