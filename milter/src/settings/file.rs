//! The settings file as it is written.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ipnet::IpNet;
use linkseal::TrackingLevel;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_path_to_error::Segment;

use super::error::quoted;
use super::{Listen, OnError, SettingsError};

const MAX_MESSAGE_BYTES: usize = 32 * 1024 * 1024;
/// Postfix runs at most 100 `smtpd` processes unless told otherwise, and each holds one connection.
const MAX_CONNECTIONS: usize = 200;
const TIME_LIMIT_MS: u64 = 5000;
/// The owner and the group may connect.
const SOCKET_MODE: u32 = 0o660;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) domains: BTreeMap<String, DomainTable>,
    #[serde(deserialize_with = "from_text")]
    pub(super) listen: Listen,
    #[serde(default = "yes")]
    pub(super) local_submission: bool,
    #[serde(default = "max_connections")]
    pub(super) max_connections: NonZeroUsize,
    #[serde(default = "max_message_bytes")]
    pub(super) max_message_bytes: NonZeroUsize,
    #[serde(default, deserialize_with = "address")]
    pub(super) metrics: Option<SocketAddr>,
    #[serde(default, deserialize_with = "networks")]
    pub(super) networks: Vec<IpNet>,
    #[serde(default = "pass")]
    pub(super) on_error: OnError,
    #[serde(default = "socket_mode")]
    pub(super) socket_mode: u32,
    #[serde(default = "time_limit_ms")]
    pub(super) time_limit_ms: NonZeroU64,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainTable {
    #[serde(default = "identified", deserialize_with = "from_text")]
    pub(super) click_tracking: TrackingLevel,
    #[serde(default)]
    pub(super) excluded_hosts: Vec<String>,
    #[serde(default)]
    pub(super) insecure_http: bool,
    #[serde(default)]
    pub(super) keep_tracking_header: bool,
    pub(super) link_parameters: Option<ParametersTable>,
    pub(super) logins: Option<Vec<String>>,
    #[serde(default = "identified", deserialize_with = "from_text")]
    pub(super) open_tracking: TrackingLevel,
    #[serde(default)]
    pub(super) plain_text_links: bool,
    pub(super) recipient_header: Option<String>,
    pub(super) recipient_key: Option<SecretTable>,
    #[serde(default)]
    pub(super) retired_keys: Vec<KeyTable>,
    #[serde(default)]
    pub(super) sealed_tokens: bool,
    #[serde(default)]
    pub(super) shared_tracking_host: bool,
    pub(super) signing_key: KeyTable,
    pub(super) tracking_header: Option<String>,
    pub(super) tracking_host: String,
}

/// Campaign parameters: all that the library can be told of them.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParametersTable {
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    pub(super) name_parameter: Option<String>,
    /// A list, since their order counts.
    #[serde(default)]
    pub(super) parameters: Vec<ParameterTable>,
    #[serde(default)]
    pub(super) signing_names: Vec<String>,
    #[serde(default)]
    pub(super) untracked_links: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ParameterTable {
    pub(super) name: String,
    pub(super) value: String,
}

/// A secret that is somewhere else.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretTable {
    pub(super) env: Option<String>,
    pub(super) file: Option<PathBuf>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyTable {
    pub(super) env: Option<String>,
    pub(super) file: Option<PathBuf>,
    pub(super) id: u32,
}

impl File {
    pub(super) fn parse(file: &Path, text: &str) -> Result<Self, SettingsError> {
        let syntax = |error: &toml::de::Error| SettingsError::Syntax {
            file: file.to_owned(),
            line: line_of(text, error),
            message: error.message().trim_end().to_owned(),
        };
        let document = toml::de::Deserializer::parse(text).map_err(|error| syntax(&error))?;
        serde_path_to_error::deserialize(document).map_err(|error| SettingsError::Value {
            file: file.to_owned(),
            line: line_of(text, error.inner()),
            key: key_of(error.path()),
            message: with_expectation(error.inner().message()),
        })
    }
}

/// serde says of a missing field only that it is missing.
fn with_expectation(message: &str) -> String {
    let message = message.trim_end();
    if message.starts_with("missing field") {
        format!("{message}, expected it to be set")
    } else {
        message.to_owned()
    }
}

fn line_of(text: &str, error: &toml::de::Error) -> usize {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.as_bytes().iter().take(start);
    before.filter(|byte| **byte == b'\n').count() + 1
}

fn key_of(path: &serde_path_to_error::Path) -> String {
    let mut key = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => key.push_str(&format!("[{index}]")),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                if !key.is_empty() {
                    key.push('.');
                }
                key.push_str(&quoted(name));
            }
            Segment::Unknown => {}
        }
    }
    key
}

fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let address = text.parse().map_err(|_| {
        D::Error::custom(format!(
            "`{text}` is no address to listen on, expected one such as `127.0.0.1:9464`"
        ))
    });
    address.map(Some)
}

/// One address is a network too.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parsed = texts.iter().map(|text| {
        let one = |_| text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(one).map_err(|_| {
            D::Error::custom(format!(
                "`{text}` is not a network, expected one such as `192.0.2.0/24`, or an address"
            ))
        })
    });
    parsed.collect()
}

fn identified() -> TrackingLevel {
    TrackingLevel::Identified
}

fn max_connections() -> NonZeroUsize {
    NonZeroUsize::new(MAX_CONNECTIONS).unwrap_or(NonZeroUsize::MIN)
}

fn max_message_bytes() -> NonZeroUsize {
    NonZeroUsize::new(MAX_MESSAGE_BYTES).unwrap_or(NonZeroUsize::MIN)
}

fn pass() -> OnError {
    OnError::Pass
}

fn socket_mode() -> u32 {
    SOCKET_MODE
}

fn time_limit_ms() -> NonZeroU64 {
    NonZeroU64::new(TIME_LIMIT_MS).unwrap_or(NonZeroU64::MIN)
}

fn yes() -> bool {
    true
}
