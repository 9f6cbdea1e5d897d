//! Domains and keys as they were last read, in an encrypted file: a server that starts while its database is
//! down answers clicks by it.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::store::Rows;
use crate::keyring::Keyring;

/// Stands before the fingerprint of the key, and the ciphertext.
const HEAD: &[u8] = b"linkseal keys cache 1 ";
const FINGERPRINT_BYTES: usize = 16;

pub(super) struct KeysCache {
    path: PathBuf,
    written: Mutex<Option<Arc<Rows>>>,
}

impl KeysCache {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            written: Mutex::default(),
        }
    }

    /// Does nothing when the file has them already.
    pub(super) async fn keep(&self, rows: Arc<Rows>, keyring: &Keyring) -> io::Result<()> {
        let mut written = self.written.lock().await;
        let Some(key) = keyring
            .current()
            .filter(|_| written.as_ref() != Some(&rows))
        else {
            return Ok(());
        };
        let text = Zeroizing::new(serde_json::to_vec(&*rows)?);
        let mut content = [HEAD, key.fingerprint().as_bytes()].concat();
        content.extend(key.encrypt(&[HEAD], &text));
        let path = self.path.clone();
        let replaced = tokio::task::spawn_blocking(move || replace(&path, &content));
        replaced.await.map_err(io::Error::other)??;
        *written = Some(rows);
        Ok(())
    }

    pub(super) fn read(&self, keyring: &Keyring) -> Result<Rows, Box<dyn Error>> {
        let content = fs::read(&self.path)?;
        let sealed = content.strip_prefix(HEAD);
        let (fingerprint, sealed) = sealed
            .and_then(|sealed| sealed.split_at_checked(FINGERPRINT_BYTES))
            .ok_or("it is not a file of this version's")?;
        let key = keyring.key(std::str::from_utf8(fingerprint)?)?;
        let text = key.decrypt(&[HEAD], sealed).ok_or("it was changed")?;
        Ok(serde_json::from_slice(&text)?)
    }
}

/// There is always a whole file, the old one or the new one.
fn replace(path: &std::path::Path, content: &[u8]) -> io::Result<()> {
    let mut unnamed = path.as_os_str().to_owned();
    unnamed.push(".new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unnamed)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unnamed, path)
}
