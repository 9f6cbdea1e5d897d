//! An answer in JSON, in parts: memory comes back as they are read.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde::Serialize;

use crate::memory::Held;
use crate::work::aside;

/// A single allocation that grew with an answer would take three times its size.
const PART_BYTES: usize = 256 * 1024;

/// Answers with JSON that may be as large as a mail. What is held stays so until it is read.
pub(crate) fn json(held: Held, bytes: usize, answer: &impl Serialize) -> Response {
    let mut parts = Parts {
        full: VecDeque::new(),
        last: Vec::new(),
        bytes: 0,
        held,
    };
    match aside(bytes, || serde_json::to_writer(&mut parts, answer)) {
        Ok(()) => {
            parts.finish();
            let content_type = [(header::CONTENT_TYPE, "application/json")];
            (content_type, Body::new(parts)).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

struct Parts {
    full: VecDeque<Bytes>,
    last: Vec<u8>,
    /// Not read yet.
    bytes: usize,
    held: Held,
}

impl Parts {
    fn finish(&mut self) {
        self.next_part();
        self.held.shrink_to(self.bytes);
    }

    fn next_part(&mut self) {
        let part = std::mem::take(&mut self.last);
        if !part.is_empty() {
            self.full.push_back(part.into());
        }
    }
}

impl io::Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PART_BYTES.saturating_sub(self.last.len());
        let fits = bytes.get(..room).unwrap_or(bytes);
        self.last.extend_from_slice(fits);
        self.bytes += fits.len();
        if self.last.len() >= PART_BYTES {
            self.next_part();
        }
        Ok(fits.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl HttpBody for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // What was handed out before is read now.
        let bytes = self.bytes;
        self.held.shrink_to(bytes);
        let part = self.full.pop_front();
        self.bytes -= part.as_ref().map_or(0, Bytes::len);
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.full.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.bytes).unwrap_or(u64::MAX))
    }
}
