//! Requests that are under way on a connection, until the last byte of the answer is handed out.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::http::{Request, Response, Version};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;

use super::connection::{Connection, reader_took};

/// As much of an answer as is handed out at once: the next part shows that the reader took this one.
const PART_BYTES: usize = 64 * 1024;

/// What answers requests.
pub(crate) trait Front: Clone + Send + Sync + 'static {
    type Answering: Future<Output = Response<Body>> + Send + Unpin;

    /// `from` is the other end of the connection: a client's, or a proxy's.
    fn answer(&self, request: Request<Incoming>, from: SocketAddr) -> Self::Answering;
}

/// The requests of one connection.
pub(super) struct Counted<F> {
    front: F,
    from: SocketAddr,
    connection: Arc<Connection>,
}

impl<F> Counted<F> {
    pub(super) fn new(front: F, from: SocketAddr, connection: &Arc<Connection>) -> Self {
        Self {
            front,
            from,
            connection: Arc::clone(connection),
        }
    }
}

impl<F: Front> Service<Request<Incoming>> for Counted<F> {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Answering<F::Answering>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let under_way = UnderWay::new(&self.connection, request.version());
        Answering {
            answer: self.front.answer(request, self.from),
            under_way: Some(under_way),
        }
    }
}

struct UnderWay(Arc<Connection>);

impl UnderWay {
    fn new(connection: &Arc<Connection>, version: Version) -> Self {
        connection.begin(version);
        Self(Arc::clone(connection))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.end();
    }
}

pub(super) struct Answering<F> {
    answer: F,
    under_way: Option<UnderWay>,
}

impl<F> Future for Answering<F>
where
    F: Future<Output = Response<Body>> + Unpin,
{
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = ready!(Pin::new(&mut self.answer).poll(context));
        let under_way = self.under_way.take();
        Poll::Ready(Ok(answer.map(|body| Answer::new(body, under_way))))
    }
}

/// A body in parts, which keeps the request under way.
pub(super) struct Answer {
    body: Body,
    /// Of the last frame, what was not handed out yet.
    rest: Bytes,
    under_way: Option<UnderWay>,
    /// Since when the reader has a part; `None` where there is nothing to read.
    waiting: Option<Arc<AtomicU64>>,
}

impl Answer {
    fn new(body: Body, under_way: Option<UnderWay>) -> Self {
        let is_empty = body.is_end_stream();
        let watched = under_way.as_ref().filter(|_| !is_empty);
        Self {
            waiting: watched.map(|UnderWay(connection)| connection.watch_answer()),
            body,
            rest: Bytes::new(),
            under_way,
        }
    }

    fn part(&mut self) -> Frame<Bytes> {
        let bytes = self.rest.len().min(PART_BYTES);
        if let (Some(UnderWay(connection)), Some(waiting)) = (&self.under_way, &self.waiting) {
            connection.wait_for_reader(waiting);
        }
        Frame::data(self.rest.split_to(bytes))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let (Some(UnderWay(connection)), Some(waiting)) = (&self.under_way, &self.waiting) {
            connection.forget_answer(waiting);
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(waiting) = &self.waiting {
            reader_took(waiting);
        }
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        Poll::Ready(Some(Ok(self.part())))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let body = self.body.size_hint();
        let mut whole = SizeHint::new();
        whole.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            whole.set_upper(upper.saturating_add(rest));
        }
        whole
    }
}
