//! Takes connections in, until the server stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::answer::Front;
use super::serving::Serving;
use super::table::Connections;
use super::threads::Threads;
use crate::tls::Certificate;

/// For the requests that are under way when the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// After a connection that could not be accepted: why not, as too many open files, rarely ends at once.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Listener {
    socket: TcpListener,
}

impl Listener {
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until it is told to stop, and then until the requests that are under way are answered.
    pub(crate) async fn serve<F: Front>(
        self,
        connections: Arc<Connections>,
        certificate: Option<Certificate>,
        front: F,
        threads: &Threads,
        stopping: &CancellationToken,
    ) {
        let serving = Arc::new(Serving::new(certificate, front));
        while let Some((stream, peer)) = self.accept(stopping).await {
            // A connection that has no room is closed: its socket is dropped.
            if let Some(admitted) = Connections::admit(&connections, peer.ip()) {
                let serving = Arc::clone(&serving);
                threads.spawn(async move {
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        serving.serve(stream, peer, admitted).await;
                    }
                });
            }
        }
        // Who connects now is refused at once.
        drop(self);
        connections.end(STOP_PATIENCE).await;
    }

    /// `None`: it is told to stop.
    async fn accept(
        &self,
        stopping: &CancellationToken,
    ) -> Option<(std::net::TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                biased;
                accepted = self.socket.accept() => accepted,
                () = stopping.cancelled() => return None,
            };
            // Another thread's runtime will watch it.
            let accepted = accepted.and_then(|(stream, peer)| Ok((stream.into_std()?, peer)));
            match accepted {
                Ok(accepted) => return Some(accepted),
                Err(error) => {
                    warn!(%error, "a connection can't be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}
