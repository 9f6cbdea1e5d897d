//! A connection that gives each answer in one piece, and ends between two messages when the program is to end.
//!
//! Postfix edits a message in its queue while it reads the answer. A milter that is killed in between leaves a message
//! without its end, which Postfix bounces if it was told to accept what a milter says nothing of. So an answer goes out
//! when all of it is there: the system then hands on what fits into its buffers, whatever becomes of this program.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Whether a message is under way on a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Busy(Arc<AtomicBool>);

impl Busy {
    pub(crate) fn set(&self, busy: bool) {
        self.0.store(busy, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// miltr-server reads on only when its answer is complete. So a read is the place where the answer is sent, and, without
/// a message under way, where the connection can end.
pub(crate) struct Connection<S> {
    answer: BytesMut,
    busy: Busy,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    stream: S,
}

impl<S: AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S, busy: Busy, stop: &CancellationToken) -> Self {
        Self {
            answer: BytesMut::new(),
            busy,
            stop: Box::pin(stop.clone().cancelled_owned()),
            stream,
        }
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.answer.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.answer))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.answer.advance(written);
        }
        // The memory of a long answer is not kept for the rest of the connection.
        self.answer = BytesMut::new();
        Pin::new(&mut self.stream).poll_flush(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(context))?;
        if !this.busy.get() && this.stop.as_mut().poll(context).is_ready() {
            // Nothing read: the end.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().answer.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(context))?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::timeout;

    use super::*;

    fn pair(
        busy: &Busy,
        stop: &CancellationToken,
    ) -> (Connection<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (ours, theirs) = duplex(1000);
        (Connection::new(ours, busy.clone(), stop), theirs)
    }

    #[tokio::test]
    async fn answer_goes_out_in_one_piece() {
        let (mut connection, mut peer) = pair(&Busy::default(), &CancellationToken::new());
        for part in [b"one", b"two"] {
            connection.write_all(part).await.unwrap();
            connection.flush().await.unwrap();
        }
        let mut buffer = [0; 10];
        let moment = std::time::Duration::from_millis(20);
        assert!(timeout(moment, peer.read(&mut buffer)).await.is_err());
        let reading = connection.read_u8();
        let answering = async {
            assert_eq!(peer.read(&mut buffer).await.unwrap(), 6);
            peer.write_u8(7).await.unwrap();
        };
        let (read, ()) = tokio::join!(reading, answering);
        assert_eq!(read.unwrap(), 7);
    }

    #[tokio::test]
    async fn connection_ends_between_messages_only() {
        let (busy, stop) = (Busy::default(), CancellationToken::new());
        let (mut connection, mut peer) = pair(&busy, &stop);
        busy.set(true);
        stop.cancel();
        peer.write_u8(7).await.unwrap();
        assert_eq!(connection.read_u8().await.unwrap(), 7);
        connection.write_all(b"answer").await.unwrap();
        busy.set(false);
        assert_eq!(connection.read(&mut [0]).await.unwrap(), 0);
        drop(connection);
        let mut answer = Vec::new();
        peer.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"answer");
    }
}
