//! Where connections come in.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;

use axum_server::accept::Accept;
use tokio::net::TcpStream;

use super::answer::Counted;
use super::stream::Admitted;
use super::table::Connections;

#[derive(Clone)]
pub(crate) struct Door(Arc<Connections>);

impl Door {
    pub(crate) fn new(connections: Arc<Connections>) -> Self {
        Self(connections)
    }
}

impl<S> Accept<TcpStream, S> for Door {
    type Stream = Admitted;
    type Service = Counted<S>;
    type Future = Ready<io::Result<(Admitted, Counted<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let admitted = stream.peer_addr().and_then(|peer| {
            self.0
                .admit(peer.ip())
                .ok_or_else(|| io::Error::other("there are as many connections as there may be"))
        });
        ready(admitted.map(|connection| {
            let service = Counted::new(service, Arc::clone(&connection));
            let stream = Admitted::new(stream, connection, Arc::clone(&self.0));
            (stream, service)
        }))
    }
}
