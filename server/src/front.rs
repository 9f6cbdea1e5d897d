//! Where requests come in: recipients' clicks and opens go straight to their handlers, everything else through
//! the router.
//!
//! The router's matching, its parameters and its boxed futures took a tenth of a click's processor time, and
//! there is nothing to choose between.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::Request;
use axum::response::Response;
use bytes::Bytes;
use tower::{BoxError, Service};

use crate::app::App;
use crate::tracking;

#[derive(Clone)]
pub(crate) struct Front {
    app: App,
    router: Router,
}

impl Front {
    pub(crate) fn new(app: App, router: Router) -> Self {
        Self { app, router }
    }
}

impl<B> Service<Request<B>> for Front
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(kind) = tracking::kind(request.uri().path()) {
            let app = App::clone(&self.app);
            let (parts, _) = request.into_parts();
            return Box::pin(async move { Ok(tracking::answer(&app, kind, parts).await) });
        }
        Box::pin(self.router.call(request.map(Body::new)))
    }
}
