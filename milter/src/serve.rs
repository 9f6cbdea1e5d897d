//! Puts the parts together, serves, reads settings anew, and ends without losing a message.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use miltr_server::Server;
use prometheus_client::metrics::gauge::Gauge;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::compat::TokioAsyncReadCompatExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::connection::{Busy, Connection};
use crate::listener::{Listener, Stream};
use crate::metrics::{self, Metrics};
use crate::options::Options;
use crate::rewriting::Workers;
use crate::session::Session;
use crate::settings::{Settings, SettingsError};

/// The longest packet: a piece of a body, or a header field, of which Postfix takes 100 KB unless told otherwise.
const MAX_PACKET_BYTES: usize = 1024 * 1024;
/// For messages that are under way when the program is to end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(20);
/// When no connection can be taken: as a rule all file descriptors are in use, and waiting helps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) settings: ArcSwap<Settings>,
    pub(crate) workers: Workers,
}

/// Why the milter can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A socket can't be had.
    #[error("{what} `{address}`: {source}, expected an address that is free and allowed")]
    Bind {
        /// Which one: `listen` or `metrics`.
        what: &'static str,
        /// The address as the settings have it.
        address: String,
        /// What the system says.
        source: io::Error,
    },
    /// The settings can't be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Signals can't be waited for.
    #[error("signals can't be waited for: {0}")]
    Signals(#[source] io::Error),
}

/// Runs the milter until it is told to end by SIGTERM or SIGINT; or only checks the settings.
///
/// # Errors
///
/// [`ServeError`] when the settings can't be used, or a socket can't be had.
pub async fn run(options: Options) -> Result<(), ServeError> {
    let settings = Settings::load(&options.config)?;
    if options.check {
        println!(
            "{}: {} sending domains, all usable",
            options.config.display(),
            settings.domains.len()
        );
        return Ok(());
    }
    let reload = signal(SignalKind::hangup()).map_err(ServeError::Signals)?;
    let stop = stop_on_signal()?;
    let listener = Listener::bind(&settings.listen, settings.socket_mode)
        .await
        .map_err(|source| ServeError::Bind {
            what: "listen",
            address: settings.listen.to_string(),
            source,
        })?;
    let connections = Arc::new(Semaphore::new(settings.max_connections));
    let shared = Arc::new(Shared {
        metrics: Arc::new(Metrics::new()),
        settings: ArcSwap::from_pointee(settings),
        workers: Workers::new(),
    });
    serve_metrics(&shared).await?;
    tokio::spawn(reload_on(reload, Arc::clone(&shared)));
    info!(address = listener.address(), "listening");
    serve(&listener, &shared, connections, &stop).await;
    info!("stopped");
    Ok(())
}

fn stop_on_signal() -> Result<CancellationToken, ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopped.cancel();
    });
    Ok(stop)
}

async fn serve_metrics(shared: &Shared) -> Result<(), ServeError> {
    let Some(address) = shared.settings.load().metrics else {
        return Ok(());
    };
    let serving = metrics::serve(address, Arc::clone(&shared.metrics)).await;
    let (address, serving) = serving.map_err(|source| ServeError::Bind {
        what: "metrics",
        address: address.to_string(),
        source,
    })?;
    tokio::spawn(serving);
    info!(%address, "metrics");
    Ok(())
}

async fn reload_on(mut signals: Signal, shared: Arc<Shared>) {
    while signals.recv().await.is_some() {
        let current = shared.settings.load_full();
        match Settings::load(&current.file) {
            Ok(settings) => {
                if current.needs_restart_for(&settings) {
                    warn!(
                        "listen, socket_mode, metrics and max_connections are as they were until the next start"
                    );
                }
                info!(domains = settings.domains.len(), "settings were read anew");
                shared.settings.store(Arc::new(settings));
                shared.metrics.count_reload("used");
            }
            Err(error) => {
                warn!(%error, "settings can't be used, those known stay");
                shared.metrics.count_reload("refused");
            }
        }
    }
}

async fn serve(
    listener: &Listener,
    shared: &Arc<Shared>,
    connections: Arc<Semaphore>,
    stop: &CancellationToken,
) {
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = accept(listener, &connections) => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, permit)) => {
                tasks.spawn(converse(stream, permit, Arc::clone(shared), stop.clone()));
            }
            Err(error) => {
                warn!(%error, "a connection can't be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    tasks.close();
    if tokio::time::timeout(SHUTDOWN_GRACE, tasks.wait())
        .await
        .is_err()
    {
        warn!(connections = tasks.len(), "messages under way are given up");
    }
}

/// Takes a connection once there is room for it.
async fn accept(
    listener: &Listener,
    connections: &Arc<Semaphore>,
) -> io::Result<(Box<dyn Stream>, OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    Ok((listener.accept().await?, permit))
}

async fn converse(
    stream: Box<dyn Stream>,
    _permit: OwnedSemaphorePermit,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let busy = Busy::default();
    let connection = Connection::new(stream, busy.clone(), &stop);
    let _counted = Counted::new(&shared.metrics);
    let mut session = Session::new(shared, busy);
    // A mail server aborts one message, and goes on with the next on the same connection.
    let mut server = Server::new(&mut session, false, MAX_PACKET_BYTES);
    if let Err(error) = server.handle_connection(connection.compat()).await {
        warn!(%error, "a connection ended early");
    }
}

/// Counts a connection until it is dropped, also by a fault.
struct Counted(Gauge);

impl Counted {
    fn new(metrics: &Metrics) -> Self {
        metrics.connections.inc();
        Self(metrics.connections.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}
