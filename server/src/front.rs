//! Where requests come in: recipients' clicks and opens go straight to their handlers, on the thread of their
//! connection, everything else through the router, on the runtime of everything else.
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
use tokio::runtime::Handle;
use tower::Service as _;

use crate::app::App;
use crate::{connections, handover, tracking};

#[derive(Clone)]
pub(crate) struct Front {
    app: App,
    router: Router,
    /// Where the router answers.
    runtime: Handle,
}

impl Front {
    pub(crate) fn new(app: App, router: Router, runtime: Handle) -> Self {
        Self {
            app,
            router,
            runtime,
        }
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
        let answering = async { answering.await.unwrap_or_else(|never| match never {}) };
        let runtime = self.runtime.clone();
        Box::pin(async move { handover::answer(&runtime, answering).await })
    }
}
