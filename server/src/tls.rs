//! The certificate for HTTPS. Its files are read anew when they change, and on SIGHUP: nobody has to restart the
//! server when a certificate is renewed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tracing::{error, info, warn};
use zeroize::Zeroizing;

use crate::options::Settings;
use crate::supervisor::Supervisor;

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Returns the certificate that is set, which is kept current from now on.
pub(crate) async fn certificate(
    settings: &Settings,
    supervisor: &Supervisor,
) -> io::Result<Option<Certificate>> {
    let (Some(cert), Some(key)) = (&settings.tls_cert, &settings.tls_key) else {
        supervisor.run("hangups", hear_hangups);
        return Ok(None);
    };
    let certificate = Certificate::load(cert, key).await?;
    let kept = certificate.clone();
    supervisor.run("certificate", move || kept.clone().keep_current());
    Ok(Some(certificate))
}

/// Cheap to clone: clones are the same certificate.
#[derive(Clone)]
pub(crate) struct Certificate {
    config: Arc<ArcSwap<ServerConfig>>,
    cert: PathBuf,
    key: PathBuf,
    /// What the files held at the start.
    first: Contents,
}

/// A hash of both files' contents; `None` when they can't be read.
type Contents = Option<[u8; 32]>;

impl Certificate {
    async fn load(cert: &Path, key: &Path) -> io::Result<Self> {
        let pair = read(cert, key).await?;
        Ok(Self {
            first: Some(hash(&pair)),
            config: Arc::new(ArcSwap::from_pointee(pair.config()?)),
            cert: cert.to_owned(),
            key: key.to_owned(),
        })
    }

    /// For the next connection.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Never ends.
    async fn keep_current(self) {
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
        match pair.and_then(|pair| pair.config()) {
            Ok(config) => {
                self.config.store(Arc::new(config));
                info!("the TLS certificate was read anew");
            }
            Err(error) => error!(%error, "the TLS certificate can't be used, the one before stays"),
        }
    }
}

/// Without a certificate there is nothing to read anew on SIGHUP, but it must not end the server.
async fn hear_hangups() {
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

impl Pair {
    fn config(&self) -> io::Result<ServerConfig> {
        let chain = CertificateDer::pem_slice_iter(&self.cert).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| unusable("certificate", &error))?;
        if chain.is_empty() {
            return Err(unusable("certificate", &pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key);
        let key = key.map_err(|error| unusable("private key", &error))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn unusable(what: &str, error: &pem::Error) -> io::Error {
    io::Error::other(format!("the {what} is not usable PEM: {error}"))
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
