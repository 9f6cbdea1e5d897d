//! The certificate for HTTPS. Its files are read anew when they change, and on SIGHUP: nobody has to restart the
//! server when a certificate is renewed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use sha2::{Digest as _, Sha256};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tracing::{error, info, warn};
use zeroize::Zeroizing;

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Cheap to clone: clones are the same certificate.
#[derive(Clone)]
pub(crate) struct Certificate {
    config: RustlsConfig,
    cert: PathBuf,
    key: PathBuf,
    /// What the files held at the start.
    first: Contents,
}

/// A hash of both files' contents; `None` when they can't be read.
type Contents = Option<[u8; 32]>;

impl Certificate {
    pub(crate) async fn load(cert: &Path, key: &Path) -> io::Result<Self> {
        let pair = read(cert, key).await?;
        Ok(Self {
            first: Some(hash(&pair)),
            config: RustlsConfig::from_pem(pair.cert, pair.key.to_vec()).await?,
            cert: cert.to_owned(),
            key: key.to_owned(),
        })
    }

    pub(crate) fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// Never ends.
    pub(crate) async fn keep_current(self) {
        let Some(mut hangup) = hangups() else { return };
        let mut seen = self.first;
        loop {
            let is_asked = tokio::select! {
                _ = hangup.recv() => true,
                () = sleep(LOOK_EVERY) => false,
            };
            self.look(&mut seen, is_asked).await;
        }
    }

    /// Files that can't be used are not tried again until they change.
    async fn look(&self, seen: &mut Contents, is_asked: bool) {
        let pair = read(&self.cert, &self.key).await;
        let contents = pair.as_ref().ok().map(hash);
        if contents == *seen && !is_asked {
            return;
        }
        *seen = contents;
        let done = match pair {
            Ok(pair) => {
                let key = pair.key.to_vec();
                self.config.reload_from_pem(pair.cert, key).await
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => info!("the TLS certificate was read anew"),
            Err(error) => error!(%error, "the TLS certificate can't be used, the one before stays"),
        }
    }
}

/// Without a certificate there is nothing to read anew on SIGHUP, but it must not end the server.
pub(crate) async fn hear_hangups() {
    let Some(mut hangup) = hangups() else { return };
    while hangup.recv().await.is_some() {
        info!("SIGHUP: there is no TLS certificate to read anew");
    }
}

fn hangups() -> Option<Signal> {
    signal(SignalKind::hangup())
        .inspect_err(|error| warn!(%error, "SIGHUP can't be heard"))
        .ok()
}

struct Pair {
    cert: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

async fn read(cert: &Path, key: &Path) -> io::Result<Pair> {
    let file = async |path: &Path| {
        let contents = tokio::fs::read(path).await;
        contents
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    };
    Ok(Pair {
        cert: file(cert).await?,
        key: Zeroizing::new(file(key).await?),
    })
}

fn hash(pair: &Pair) -> [u8; 32] {
    let each = [&pair.cert, &*pair.key].map(Sha256::digest);
    Sha256::digest(each.concat()).into()
}
