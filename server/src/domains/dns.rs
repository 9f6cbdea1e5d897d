//! What DNS says of a domain: the TXT record that proves ownership, and the tracking host's CNAME.
//!
//! Nothing is cached: whoever has just published a record and asks for a check is told the truth. A server
//! that can't be asked is an error, and never the same as a record that is not there.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_proto::rr::{RData, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::time::timeout;

const ATTEMPT: Duration = Duration::from_secs(2);
/// Of a whole question, with retries: somebody waits for the page.
const QUESTION: Duration = Duration::from_secs(5);
/// A chain longer than this is a ring.
const MAX_CNAMES: usize = 8;

/// Asks the system's DNS servers, or the one that was set.
pub(crate) struct Dns {
    resolver: TokioResolver,
}

/// DNS could not be asked, or did not answer what it was asked.
#[derive(Debug)]
pub(crate) struct DnsError(String);

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DNS can't be asked: {}", self.0)
    }
}

impl std::error::Error for DnsError {}

impl From<NetError> for DnsError {
    fn from(error: NetError) -> Self {
        Self(error.to_string())
    }
}

/// Where a tracking host leads.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Pointing {
    Elsewhere(String),
    Nowhere,
    Target,
}

impl Dns {
    pub(crate) fn new(server: Option<SocketAddr>) -> Result<Self, DnsError> {
        let mut builder = match server {
            Some(address) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()]
                    .map(|mut connection| {
                        connection.port = address.port();
                        connection
                    })
                    .into();
                let server = NameServerConfig::new(address.ip(), true, connections);
                TokioResolver::builder_with_config(
                    ResolverConfig::from_parts(None, Vec::new(), vec![server]),
                    TokioRuntimeProvider::default(),
                )
            }
            None => TokioResolver::builder_tokio()?,
        };
        let options: &mut ResolverOpts = builder.options_mut();
        options.attempts = 1;
        options.cache_size = 0;
        options.timeout = ATTEMPT;
        Ok(Self {
            resolver: builder.build()?,
        })
    }

    /// The texts at a name, each put together from its parts (RFC 7208 §3.3 does it so, too).
    pub(crate) async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let answers = self.ask(name, RecordType::TXT).await?;
        let text = |data| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        Ok(answers.into_iter().filter_map(text).collect())
    }

    /// The canonical name, in lower case and without the root's dot.
    pub(crate) async fn cname(&self, name: &str) -> Result<Option<String>, DnsError> {
        let answers = self.ask(name, RecordType::CNAME).await?;
        let target = |data| match data {
            RData::CNAME(target) => Some(plain(&target.0.to_ascii())),
            _ => None,
        };
        Ok(answers.into_iter().find_map(target))
    }

    /// Follows the host's CNAME records. A provider may flatten them to addresses: those of the target will
    /// do.
    pub(crate) async fn pointing(&self, host: &str, target: &str) -> Result<Pointing, DnsError> {
        let target = plain(target);
        let mut seen = None;
        let mut name = host.to_owned();
        for _ in 0..MAX_CNAMES {
            let Some(next) = self.cname(&name).await? else {
                break;
            };
            if next == target {
                return Ok(Pointing::Target);
            }
            seen.get_or_insert_with(|| next.clone());
            name = next;
        }
        // Other names lead to the same addresses where many share a front end, so this is for no CNAME only.
        if let Some(seen) = seen {
            return Ok(Pointing::Elsewhere(seen));
        }
        let addresses = self.addresses(host).await?;
        let Some(first) = addresses.first() else {
            return Ok(Pointing::Nowhere);
        };
        if addresses.is_subset(&self.addresses(&target).await?) {
            return Ok(Pointing::Target);
        }
        Ok(Pointing::Elsewhere(first.to_string()))
    }

    async fn addresses(&self, name: &str) -> Result<BTreeSet<IpAddr>, DnsError> {
        let (four, six) = tokio::try_join!(
            self.ask(name, RecordType::A),
            self.ask(name, RecordType::AAAA)
        )?;
        let address = |data| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        };
        Ok(four.into_iter().chain(six).filter_map(address).collect())
    }

    /// No record of that type, and no such name, are an empty answer.
    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, DnsError> {
        // From the root: what the machine's search list would add is not what others see.
        let question = self.resolver.lookup(format!("{name}."), kind);
        match timeout(QUESTION, question).await {
            Ok(Ok(lookup)) => Ok(lookup
                .answers()
                .iter()
                .map(|record| record.data.clone())
                .collect()),
            Ok(Err(error)) if error.is_no_records_found() => Ok(Vec::new()),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(DnsError(format!(
                "no answer within {} seconds",
                QUESTION.as_secs()
            ))),
        }
    }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
