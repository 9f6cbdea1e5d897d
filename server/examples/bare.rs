//! What `load/run` compares clicks with: axum with a handler that knows its answer.

use std::net::SocketAddr;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::get;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen: SocketAddr = std::env::args()
        .nth(1)
        .ok_or("expected ADDRESS:PORT")?
        .parse()?;
    let redirect = || async {
        (
            StatusCode::FOUND,
            [(header::LOCATION, "https://shop.example/")],
        )
    };
    let router = Router::new().route("/c/{token}", get(redirect));
    axum::serve(TcpListener::bind(listen).await?, router).await?;
    Ok(())
}
