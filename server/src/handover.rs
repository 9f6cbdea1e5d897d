//! Answers made on the runtime of everything but clicks, and handed over to the thread of the connection: work that
//! takes its time keeps no click waiting.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::http::StatusCode;
use axum::http::response::Parts;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

/// What of a body is ready before it is asked for.
const FRAMES: usize = 1;

enum Part {
    Frame(Result<Frame<Bytes>, axum::Error>),
    End,
}

/// Runs an answer on a runtime, until its body is dropped. One that panics is an error of the server.
pub(crate) async fn answer(
    runtime: &Handle,
    answering: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let (head, answered) = oneshot::channel();
    let (parts, body) = mpsc::channel(FRAMES);
    let task = AbortOnDropHandle::new(runtime.spawn(run(answering, head, parts)));
    match answered.await {
        Ok((head, size)) => {
            let body = HandedOver {
                parts: body,
                size,
                is_ended: false,
                _task: task,
            };
            Response::from_parts(head, Body::new(body))
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn run(
    answering: impl Future<Output = Response>,
    head: oneshot::Sender<(Parts, SizeHint)>,
    parts: mpsc::Sender<Part>,
) {
    let (answered, mut body) = answering.await.into_parts();
    if head.send((answered, body.size_hint())).is_err() {
        return;
    }
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if parts.send(Part::Frame(frame)).await.is_err() {
            return;
        }
    }
    let _ = parts.send(Part::End).await;
    // What the body holds, such as its share of memory, is held until the reader has all of it.
    parts.closed().await;
}

struct HandedOver {
    parts: mpsc::Receiver<Part>,
    /// Of what is to come.
    size: SizeHint,
    is_ended: bool,
    _task: AbortOnDropHandle<()>,
}

impl HttpBody for HandedOver {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        let frame = match ready!(self.parts.poll_recv(context)) {
            Some(Part::Frame(frame)) => frame,
            Some(Part::End) => {
                self.is_ended = true;
                return Poll::Ready(None);
            }
            None => Err(axum::Error::new("the answer ended early")),
        };
        match frame.as_ref().map(Frame::data_ref) {
            Ok(data) => self.size = less(self.size, data.map_or(0, Bytes::len)),
            Err(_) => self.is_ended = true,
        }
        Poll::Ready(Some(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended || self.size.exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}

fn less(size: SizeHint, bytes: usize) -> SizeHint {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let mut rest = SizeHint::new();
    rest.set_lower(size.lower().saturating_sub(bytes));
    if let Some(upper) = size.upper() {
        rest.set_upper(upper.saturating_sub(bytes));
    }
    rest
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use axum::body::to_bytes;
    use futures_util::stream;

    use super::*;

    type Frames = Vec<Result<Bytes, Infallible>>;

    #[tokio::test]
    async fn an_answer_is_the_same_as_without() {
        let whole = Response::new(Body::from("whole"));
        let frames: Frames = vec![Ok("in ".into()), Ok("parts".into())];
        let streamed = Response::new(Body::from_stream(stream::iter(frames)));
        let rows = [
            (StatusCode::NO_CONTENT.into_response(), Some(0), ""),
            (whole, Some(5), "whole"),
            (streamed, None, "in parts"),
        ];
        for (response, size, expected) in rows {
            let status = response.status();
            let answer = answer(&Handle::current(), async { response }).await;
            assert_eq!(answer.status(), status);
            let body = answer.into_body();
            assert_eq!(body.size_hint().exact(), size, "{expected}");
            assert_eq!(body.is_end_stream(), size == Some(0), "{expected}");
            assert_eq!(to_bytes(body, 100).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_never_the_end_of_an_answer() {
        let early = answer(&Handle::current(), async { panic!("a test") }).await;
        assert_eq!(early.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let frames = [false, true].map(|panics| async move {
            assert!(!panics, "a test");
            Ok::<_, Infallible>(Bytes::from_static(b"first"))
        });
        let body = Body::from_stream(futures_util::StreamExt::then(
            stream::iter(frames),
            std::convert::identity,
        ));
        let late = answer(&Handle::current(), async { Response::new(body) }).await;
        assert_eq!(late.status(), StatusCode::OK);
        assert!(to_bytes(late.into_body(), 100).await.is_err());
    }

    #[tokio::test]
    async fn what_a_body_holds_is_held_until_it_is_read_and_its_work_ends_when_nobody_reads() {
        let held = std::sync::Arc::new(());
        for reads in [true, false] {
            let holds = std::sync::Arc::clone(&held);
            let frames = stream::repeat_with(move || {
                let _ = &holds;
                Ok::<_, Infallible>(Bytes::from_static(b"some"))
            });
            let frames = futures_util::StreamExt::take(frames, 2);
            let response = Response::new(Body::from_stream(frames));
            let mut body = answer(&Handle::current(), async { response })
                .await
                .into_body();
            if reads {
                while poll_fn(|context| Pin::new(&mut body).poll_frame(context))
                    .await
                    .is_some()
                {}
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert_eq!(std::sync::Arc::strong_count(&held), 2, "reads: {reads}");
            drop(body);
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert_eq!(std::sync::Arc::strong_count(&held), 1, "reads: {reads}");
        }
    }
}
