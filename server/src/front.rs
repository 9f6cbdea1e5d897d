//! Where requests come in: recipients' clicks and opens go straight to their handlers, everything else through
//! the router.
//!
//! The router's matching, its parameters and its boxed futures took a tenth of a click's processor time, and
//! there is nothing to choose between.

use std::net::SocketAddr;
use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use tower::Service as _;

use crate::app::App;
use crate::connections;
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

impl connections::Front for Front {
    type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn answer(&self, mut request: Request<Incoming>, from: SocketAddr) -> Self::Answering {
        if let Some(kind) = tracking::kind(request.uri().path()) {
            let app = App::clone(&self.app);
            let (parts, _) = request.into_parts();
            return Box::pin(async move { tracking::answer(&app, kind, parts, Some(from)).await });
        }
        request.extensions_mut().insert(ConnectInfo(from));
        // A router is always ready, and answers whatever comes.
        let answering = self.router.clone().call(request.map(Body::new));
        Box::pin(async { answering.await.unwrap_or_else(|never| match never {}) })
    }
}
