//! The program as it is: started by itself, asked over real sockets.

mod access;
mod database;
mod domains;
#[path = "../../src/demo/name_server.rs"]
mod name_server;
mod server;
mod start;
mod visitor;
