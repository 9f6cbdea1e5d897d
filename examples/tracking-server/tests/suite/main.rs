//! The program as it is: started by itself, asked over real sockets.

mod campaigns;
mod database;
mod rewriting;
mod sender;
mod server;
mod start;
