//! The program as it is: started by itself, asked over real sockets.

mod campaigns;
mod database;
mod demo;
mod end_to_end;
#[path = "../../src/demo/name_server.rs"]
mod name_server;
mod rewriting;
mod sender;
mod server;
mod start;
