//! A connection's socket, which ends when the connection is to be closed.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::table::{Connection, Connections};

pub(crate) struct Admitted {
    stream: TcpStream,
    connection: Arc<Connection>,
    connections: Arc<Connections>,
}

impl Admitted {
    pub(super) fn new(
        stream: TcpStream,
        connection: Arc<Connection>,
        connections: Arc<Connections>,
    ) -> Self {
        Self {
            stream,
            connection,
            connections,
        }
    }

    /// Whether it is to be closed; asked where the socket has nothing to say, and told when that changes.
    fn end(&self, context: &Context<'_>) -> bool {
        self.connection.tell(context.waker());
        self.connection.is_closed()
    }

    fn writing<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.connection.is_closed() {
            return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
        }
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_pending() && self.end(context) {
            return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
        }
        written
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.remove(&self.connection);
    }
}

impl AsyncRead for Admitted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.connection.is_closed() {
            // As if the client had closed it.
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        match read {
            Poll::Pending if self.end(context) => return Poll::Ready(Ok(())),
            Poll::Pending => {}
            Poll::Ready(_) => self.connection.hear(),
        }
        read
    }
}

impl AsyncWrite for Admitted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writing(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writing(context, |stream, context| match parts {
            // A redirect is one part, and `send` costs less than `writev`.
            [part] => stream.poll_write(context, part),
            parts => stream.poll_write_vectored(context, parts),
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writing(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
