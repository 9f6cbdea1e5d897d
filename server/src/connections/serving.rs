//! Serves one connection, until either side ends it.
//!
//! axum-server does this too. What it watches for each connection, and puts around each request, took 3 % of the
//! processor time of a click.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::answer::{Counted, Front};
use super::connection::Connection;
use super::stream::Heard;
use super::table::Admitted;
use crate::tls::Certificate;

/// Requests at the same time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// What a stream may hold for a reader who is slower than the handler.
const STREAM_BUFFER_BYTES: usize = 64 * 1024;
/// A client that is gone without a word is noticed by then.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Links work whatever a client or proxy sends along. HTTP/1 takes about as much by itself, HTTP/2 16 KB.
const MAX_HEADER_BYTES: u32 = 400 * 1024;

pub(super) struct Serving<F> {
    builder: Builder<TokioExecutor>,
    certificate: Option<Certificate>,
    front: F,
}

impl<F: Front> Serving<F> {
    pub(super) fn new(certificate: Option<Certificate>, front: F) -> Self {
        Self {
            builder: builder(),
            certificate,
            front,
        }
    }

    /// Whatever goes wrong on a connection is its client's: there is nobody else to tell.
    pub(super) async fn serve(&self, stream: TcpStream, peer: SocketAddr, admitted: Admitted) {
        let service = Counted::new(self.front.clone(), peer, admitted.connection());
        let connection = &**admitted.connection();
        let stream = Heard::new(stream, admitted.connection());
        match &self.certificate {
            None => self.serve_http(stream, service, connection).await,
            Some(certificate) => {
                let acceptor = TlsAcceptor::from(certificate.config());
                let accepted = until_ended(connection, acceptor.accept(stream)).await;
                if let Some(Ok(stream)) = accepted {
                    connection.end_handshake();
                    self.serve_http(stream, service, connection).await;
                }
            }
        }
    }

    async fn serve_http<T>(&self, stream: T, service: Counted<F>, connection: &Connection)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut http = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let mut is_ending = false;
        poll_fn(|context| {
            connection.tell(context.waker());
            if connection.is_closed() {
                return Poll::Ready(());
            }
            if connection.is_ending() && !std::mem::replace(&mut is_ending, true) {
                http.as_mut().graceful_shutdown();
            }
            http.as_mut().poll(context).map(drop)
        })
        .await;
    }
}

/// Nothing was asked yet, so there is nothing to be answered.
async fn until_ended<F: Future>(connection: &Connection, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        connection.tell(context.waker());
        if connection.is_closed() || connection.is_ending() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Patient, but not for ever.
fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The table keeps this time: hyper's timer also runs while a connection idles.
        .header_read_timeout(None);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .max_send_buf_size(STREAM_BUFFER_BYTES);
    builder
}
