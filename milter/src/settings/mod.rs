//! What the settings file says, once it is known to be usable.

mod domain;
mod error;
mod file;
mod key_source;
mod link_parameters;
mod listen;

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use linkseal::SendingDomain;

pub use domain::Domain;
pub use error::{Problem, SettingsError};
pub(crate) use listen::Listen;

/// Settings that are complete: the keys were read, the domains' settings fit together.
#[derive(Debug)]
pub struct Settings {
    pub(crate) domains: BTreeMap<SendingDomain, Domain>,
    pub(crate) file: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) listen: Listen,
    pub(crate) local_submission: bool,
    pub(crate) max_connections: usize,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) networks: Vec<IpNet>,
    pub(crate) on_error: OnError,
    pub(crate) socket_mode: u32,
}

/// How much of one message is borne.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) message_bytes: usize,
    pub(crate) time: Duration,
}

/// What becomes of a message that can't be rewritten.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnError {
    Pass,
    Tempfail,
}

impl Settings {
    /// Reads the file and the keys that it names.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] names the file, the key in it, what was wrong and what was expected.
    pub fn load(file: &Path) -> Result<Self, SettingsError> {
        let text = fs::read_to_string(file).map_err(|source| SettingsError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        let read = file::File::parse(file, &text)?;
        let mut domains = BTreeMap::new();
        for (name, table) in read.domains {
            let (domain, settings) = Domain::new(&name, table).map_err(|fault| fault.of(file))?;
            if domains.insert(domain, settings).is_some() {
                let fault = error::Fault::new(domain::key_of(&name), Problem::SameDomain);
                return Err(fault.of(file));
            }
        }
        if domains.is_empty() {
            let fault = error::Fault::new("domains".to_owned(), Problem::NoDomain);
            return Err(fault.of(file));
        }
        Ok(Self {
            domains,
            file: file.to_owned(),
            limits: Limits {
                message_bytes: read.max_message_bytes.get(),
                time: Duration::from_millis(read.time_limit_ms.get()),
            },
            listen: read.listen,
            local_submission: read.local_submission,
            max_connections: read.max_connections.get(),
            metrics: read.metrics,
            networks: read.networks,
            on_error: read.on_error,
            socket_mode: read.socket_mode,
        })
    }

    /// Returns a sending domain's settings by its name.
    #[must_use]
    pub fn domain(&self, name: &SendingDomain) -> Option<&Domain> {
        self.domains.get(name)
    }

    /// Whether some domain's senders name the recipient in a field of this name, which is in lower case.
    pub(crate) fn is_recipient_header(&self, name: &str) -> bool {
        let mut domains = self.domains.values();
        domains.any(|domain| domain.recipient_header.as_deref() == Some(name))
    }

    /// The same of fields that lower the tracking.
    pub(crate) fn is_tracking_header(&self, name: &str) -> bool {
        let mut headers = self
            .domains
            .values()
            .filter_map(|domain| domain.tracking_header.as_ref());
        headers.any(|header| header.name == name)
    }

    pub(crate) fn is_in_networks(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Whether `other` needs new sockets, which only a restart makes.
    pub(crate) fn needs_restart_for(&self, other: &Self) -> bool {
        self.listen != other.listen
            || self.metrics != other.metrics
            || self.socket_mode != other.socket_mode
            || self.max_connections != other.max_connections
    }
}
