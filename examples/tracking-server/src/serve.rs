//! Puts the parts together, listens, and ends without losing anything.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use linkseal::TrackingHost;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::{info, warn};

use crate::access::{AccessToken, ensure_admin_token};
use crate::app::{App, Shared};
use crate::clock::Clock;
use crate::database::Database;
use crate::domains::{Dns, Registry};
use crate::event_log::EventLog;
use crate::metrics::Metrics;
use crate::options::Settings;
use crate::{api, pages, reports, rewriting, tracking};

/// A mail of this size is a mistake.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
const REGISTRY_REFRESH: Duration = Duration::from_secs(5);

/// A server that is ready to listen.
pub(crate) struct Server {
    pub(crate) app: App,
    /// There on the first start only: print it, it can't be read again.
    pub(crate) new_admin_token: Option<AccessToken>,
}

impl Server {
    pub(crate) async fn prepare(settings: Settings, clock: Clock) -> Result<Self, Box<dyn Error>> {
        let default_host = settings
            .default_host
            .as_deref()
            .map(|host| default_host(host, settings.insecure_http))
            .transpose()?;
        let database = Database::open(&settings.database_url).await?;
        let new_admin_token =
            ensure_admin_token(&database, &clock, settings.admin_token.as_deref()).await?;
        let registry = Registry::new(default_host, settings.insecure_http);
        registry.refresh(&database).await?;
        let app = Arc::new(Shared {
            event_log: EventLog::start(database.clone(), clock.clone()),
            clock,
            database,
            dns: Dns {},
            metrics: Metrics {},
            registry,
            settings,
        });
        Ok(Self {
            app,
            new_admin_token,
        })
    }

    /// Serves until `handle` says otherwise; then what was answered is stored, and nothing more is.
    pub(crate) async fn run(self, handle: Handle<SocketAddr>) -> Result<(), Box<dyn Error>> {
        let app = self.app;
        let service = router(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>();
        let refresher = tokio::spawn(refresh(Arc::clone(&app)));
        let listen = app.settings.listen;
        match (&app.settings.tls_cert, &app.settings.tls_key) {
            (Some(cert), Some(key)) => {
                let tls = RustlsConfig::from_pem_file(cert, key).await?;
                axum_server::bind_rustls(listen, tls)
                    .handle(handle)
                    .serve(service)
                    .await?;
            }
            _ => {
                axum_server::bind(listen)
                    .handle(handle)
                    .serve(service)
                    .await?
            }
        }
        refresher.abort();
        app.event_log.stop().await;
        app.database.close().await;
        info!("stopped");
        Ok(())
    }
}

/// Stops on SIGTERM and on Ctrl-C, after the requests that are under way.
pub(crate) async fn stop_on_signal(handle: Handle<SocketAddr>) -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    handle.graceful_shutdown(Some(SHUTDOWN_GRACE));
    Ok(())
}

fn router(app: App) -> Router {
    let api = Router::new()
        .merge(api::routes())
        .merge(rewriting::routes())
        .merge(reports::routes());
    Router::new()
        .merge(pages::routes())
        .nest("/api/v1", api)
        .layer(TraceLayer::new_for_http())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIMEOUT,
        ))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        // Recipients come by here, without what the other routes need around them.
        .merge(tracking::routes())
        .with_state(app)
}

async fn refresh(app: App) {
    loop {
        tokio::time::sleep(REGISTRY_REFRESH).await;
        if let Err(error) = app.registry.refresh(&app.database).await {
            warn!(%error, "domains can't be read anew, those known stay");
        }
    }
}

fn default_host(host: &str, insecure_http: bool) -> Result<TrackingHost, linkseal::HostError> {
    let host = TrackingHost::shared(host)?;
    Ok(if insecure_http {
        host.with_insecure_http()
    } else {
        host
    })
}
