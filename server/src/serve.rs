//! Puts the parts together, listens, and ends without losing anything.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use linkseal::TrackingHost;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::{info, warn};

use crate::access::{KnownTokens, Limits};
use crate::app::{App, Shared};
use crate::clock::Clock;
use crate::connections::{self, Connections, Listener, Threads};
use crate::database::Database;
use crate::domains::encryption::{self, Which};
use crate::domains::{self, Dns, Registry};
use crate::event_log::EventLog;
use crate::front::Front;
use crate::keyring::Keyring;
use crate::machine::Machines;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::options::Settings;
use crate::recipients::KnownRecipients;
use crate::report_pool::ReportPool;
use crate::rewriting::{Quota, Rewriting};
use crate::supervisor::Supervisor;
use crate::{
    api, conversions, erasure, guard, metrics, pages, reports, rewriting, startup, tls,
    tls_allowed, tracking,
};

const MAX_FORM_BYTES: usize = 64 * 1024;
/// Pages and API calls under way at the same time. More are refused at once, so that memory is bounded, and
/// clicks, which wait for none of them, still find a server.
const MAX_IN_FLIGHT: usize = 256;
const DNS_RECHECK: Duration = Duration::from_secs(5 * 60);
const UNENCRYPTED_CACHE: &str =
    "KEYS_CACHE is set, expected KEY_ENCRYPTION_KEY or KEY_ENCRYPTION_KEY_FILE, which encrypts it";
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);
const REFRESH: Duration = Duration::from_secs(5);
/// A connection that hangs must not keep another one from being tried.
const REFRESH_PATIENCE: Duration = Duration::from_secs(30);

/// A server that is ready to listen.
pub(crate) struct Server {
    pub(crate) app: App,
}

impl Server {
    pub(crate) async fn prepare(settings: Settings, clock: Clock) -> Result<Self, Box<dyn Error>> {
        let default_host = settings
            .default_host
            .as_deref()
            .map(|host| default_host(host, settings.insecure_http))
            .transpose()?;
        let keyring = Keyring::new(&settings)?;
        if settings.keys_cache.is_some() && keyring.current().is_none() {
            return Err(UNENCRYPTED_CACHE.into());
        }
        let database = Database::at(&settings.database_url)?;
        let cache = settings.keys_cache.clone();
        let registry = Registry::new(default_host, settings.insecure_http, keyring, cache);
        let opened = CancellationToken::new();
        let supervisor = Supervisor::default();
        let event_log = EventLog::start(
            database.clone(),
            clock.clone(),
            settings.spool_dir.clone(),
            settings.retention_days,
            &supervisor,
            &opened,
        );
        let mut metrics = Metrics::new();
        event_log.register(metrics.registry());
        supervisor.register(metrics.registry());
        let report_pool = ReportPool::open(
            &settings.database_url,
            &database,
            Duration::from_secs(settings.report_seconds),
        )?;
        let app = Arc::new(Shared {
            event_log,
            report_pool,
            rewriting: Rewriting::start(
                database.clone(),
                clock.clone(),
                Quota::of(&settings),
                &supervisor,
                &opened,
            ),
            clock,
            database,
            dns: Dns::new(settings.dns_server)?,
            limits: Limits::new(settings.api_rate),
            machines: Machines::new(settings.early_click_seconds, settings.early_open_seconds),
            memory: Memory::new(settings.memory_mb),
            metrics,
            opened,
            recipients: KnownRecipients::default(),
            registry,
            settings,
            supervisor,
            tokens: KnownTokens::default(),
        });
        startup::begin(&app).await?;
        Ok(Self { app })
    }

    /// Serves until it is told to stop; then what was answered is stored, and nothing more is. Says where it listens
    /// as soon as it does.
    pub(crate) async fn run(
        self,
        listening: oneshot::Sender<SocketAddr>,
        stopping: CancellationToken,
    ) -> Result<(), Box<dyn Error>> {
        let app = self.app;
        let certificate = tls::certificate(&app.settings, &app.supervisor).await?;
        let threads = Threads::start()?;
        let front = Front::new(
            Arc::clone(&app),
            router(Arc::clone(&app)),
            Handle::current(),
        );
        let refresher = once_opened(&app, "refresh", refresh);
        let rechecker = once_opened(&app, "recheck", recheck);
        let deleter = once_opened(&app, "delete", domains::delete_as_asked);
        let eraser = once_opened(&app, "erase", erasure::erase_as_asked);
        let connections = Connections::new(
            connections::Limits::of(&app.settings),
            &app.settings.trusted_proxies,
        );
        let watched = Arc::clone(&connections);
        let watcher = app.supervisor.run("connections", move || {
            let connections = Arc::clone(&watched);
            async move { connections.watch().await }
        });
        let serving = async {
            let listener = Listener::bind(app.settings.listen).await?;
            // Who asked may have gone.
            let _ = listening.send(listener.address()?);
            listener
                .serve(connections, certificate, front, &threads, &stopping)
                .await;
            Ok(())
        };
        let ended: Result<(), Box<dyn Error>> = tokio::select! {
            served = serving => served,
            error = startup::wait(&app) => Err(error),
        };
        eraser.abort();
        deleter.abort();
        watcher.abort();
        rechecker.abort();
        refresher.abort();
        app.rewriting.stop().await;
        app.event_log.stop().await;
        // A database that hangs must not keep the process: what was answered is stored or spooled.
        let _ = tokio::time::timeout(CLOSE_PATIENCE, async {
            tokio::join!(app.report_pool.close(), app.database.close())
        })
        .await;
        drop(threads);
        info!("stopped");
        ended
    }
}

/// Cancels on SIGTERM and on Ctrl-C.
pub(crate) async fn stop_on_signal(stopping: CancellationToken) -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    stopping.cancel();
    Ok(())
}

fn router(app: App) -> Router {
    let api = Router::new()
        .merge(api::routes())
        .merge(conversions::routes())
        .merge(rewriting::routes())
        .merge(reports::routes());
    let in_flight = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(guard::overloaded))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(MAX_IN_FLIGHT));
    let security_headers = from_fn_with_state(Arc::clone(&app), guard::security_headers);
    // Links with a path prefix, or nothing.
    let nowhere = any(tracking::under_a_prefix)
        .layer(security_headers.clone())
        .with_state(Arc::clone(&app));
    Router::new()
        .merge(pages::routes().layer(DefaultBodyLimit::max(MAX_FORM_BYTES)))
        .nest("/api/v1", api)
        .layer(in_flight)
        .merge(pages::entry())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            REQUEST_TIMEOUT,
        ))
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(
            Arc::clone(&app),
            guard::not_on_tracking_hosts,
        ))
        .layer(security_headers)
        .layer(TraceLayer::new_for_http())
        .merge(metrics::routes())
        .merge(tls_allowed::routes())
        .fallback_service(nowhere)
        .with_state(app)
}

/// Runs a job from when the database was there for the first time.
fn once_opened<F>(app: &App, name: &'static str, job: fn(App) -> F) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let shared = Arc::clone(app);
    app.supervisor.run(name, move || {
        let app = Arc::clone(&shared);
        async move {
            app.opened.cancelled().await;
            job(app).await;
        }
    })
}

async fn refresh(app: App) {
    loop {
        tokio::time::sleep(REFRESH).await;
        // One that can't be read must not keep the other from it: revoked tokens have to end.
        tokio::join!(
            refreshed(
                "plain signing keys",
                encryption::encrypt(&app.database, app.registry.keyring(), Which::Plain)
            ),
            refreshed("domains", app.registry.refresh(&app.database)),
            refreshed("access tokens", app.tokens.refresh(&app.database)),
            refreshed("keys of recipients", app.recipients.refresh(&app.database)),
        );
    }
}

async fn refreshed(what: &str, reading: impl Future<Output = Result<(), sqlx::Error>>) {
    match tokio::time::timeout(REFRESH_PATIENCE, reading).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "{what} can't be read anew, those known stay"),
        Err(_) => warn!("{what} can't be read anew in time, those known stay"),
    }
}

/// People publish records and go away: so DNS is asked again without them.
async fn recheck(app: App) {
    loop {
        domains::check_all(&app).await;
        tokio::time::sleep(DNS_RECHECK).await;
    }
}

fn default_host(host: &str, insecure_http: bool) -> Result<TrackingHost, String> {
    let host = TrackingHost::shared(host).map_err(|error| format!("DEFAULT_HOST: {error}"))?;
    Ok(if insecure_http {
        host.with_insecure_http()
    } else {
        host
    })
}
