//! What can be set, on the command line or by environment variables.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand};

use crate::encryption_key::SecretText;
use crate::peer::bare_host;

pub(crate) const DEFAULT_DATABASE_URL: &str = "sqlite:tracking.sqlite";

/// Click, log, redirect, report: the reference tracking server of linkseal.
#[derive(Parser)]
#[command(name = "tracking-server", version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Fill a fresh database through the server's own endpoints, then keep serving it.
    Demo(crate::demo::DemoOptions),
}

#[derive(Clone, clap::Args)]
pub(crate) struct Settings {
    /// Where to listen.
    #[arg(
        long,
        env = "LISTEN",
        default_value = "127.0.0.1:8025",
        value_name = "ADDRESS:PORT"
    )]
    pub(crate) listen: SocketAddr,
    /// sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = DEFAULT_DATABASE_URL,
        value_name = "URL",
        hide_env_values = true
    )]
    pub(crate) database_url: String,
    /// The admin token, at least 32 characters. Without it one is made at the first start, and printed once.
    #[arg(
        long,
        env = "ADMIN_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub(crate) admin_token: Option<String>,
    /// The service's own tracking host, for domains that have none yet. Unset: their mail goes out untracked.
    #[arg(long, env = "DEFAULT_HOST", value_name = "HOST[:PORT]")]
    pub(crate) default_host: Option<String>,
    /// The host of these pages: no domain may have it for tracking, which would close the pages there.
    #[arg(long, env = "PAGES_HOST", value_name = "HOST")]
    pub(crate) pages_host: Option<String>,
    /// Where CNAME records of tracking hosts must point. Unset: the default host.
    #[arg(long, env = "CNAME_TARGET", value_name = "HOST")]
    pub(crate) cname_target: Option<String>,
    /// Make tracking URLs start with http://, for work on one machine.
    #[arg(long, env = "INSECURE_HTTP")]
    pub(crate) insecure_http: bool,
    /// Folder of the file that events wait in while the database is down.
    #[arg(long, env = "SPOOL_DIR", default_value = "spool", value_name = "DIR")]
    pub(crate) spool_dir: PathBuf,
    /// The key that signing keys are stored under: 64 hexadecimal digits. Unset: they are stored as they are.
    #[arg(
        long,
        env = "KEY_ENCRYPTION_KEY",
        conflicts_with = "key_encryption_key_file",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub(crate) key_encryption_key: Option<SecretText>,
    /// A file that has it.
    #[arg(long, env = "KEY_ENCRYPTION_KEY_FILE", value_name = "FILE")]
    pub(crate) key_encryption_key_file: Option<PathBuf>,
    /// A second key, which only decrypts: to change from one to the other.
    #[arg(
        long,
        env = "KEY_DECRYPTION_KEY",
        conflicts_with = "key_decryption_key_file",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub(crate) key_decryption_key: Option<SecretText>,
    /// A file that has it.
    #[arg(long, env = "KEY_DECRYPTION_KEY_FILE", value_name = "FILE")]
    pub(crate) key_decryption_key_file: Option<PathBuf>,
    /// File in which domains and keys are kept, encrypted, to start without the database.
    #[arg(long, env = "KEYS_CACHE", value_name = "FILE")]
    pub(crate) keys_cache: Option<PathBuf>,
    /// Days after which events are deleted. Unset: never.
    #[arg(
        long,
        env = "RETENTION_DAYS",
        value_parser = at_least_one::<u32>(),
        value_name = "DAYS",
    )]
    pub(crate) retention_days: Option<u32>,
    /// Proxies whose X-Forwarded-For, -Host and -Proto are believed.
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_delimiter = ',',
        value_name = "ADDRESS"
    )]
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// DNS server to ask. Unset: those of the system.
    #[arg(long, env = "DNS_SERVER", value_name = "ADDRESS:PORT")]
    pub(crate) dns_server: Option<SocketAddr>,
    /// Certificate chain in PEM, to serve HTTPS without a proxy.
    #[arg(long, env = "TLS_CERT", requires = "tls_key", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key in PEM.
    #[arg(long, env = "TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// API requests a second that one access token may make.
    #[arg(
        long,
        env = "API_RATE",
        default_value_t = 1000,
        value_parser = at_least_one::<u32>(),
        value_name = "NUMBER",
    )]
    pub(crate) api_rate: u32,
    /// Megabytes for mail that is read, rewritten and answered.
    #[arg(
        long,
        env = "MEMORY_MB",
        default_value_t = 768,
        value_parser = at_least_one::<usize>(),
        value_name = "MEGABYTES"
    )]
    pub(crate) memory_mb: usize,
    /// Campaigns kept of a domain, and as many mails for its click maps; the oldest are deleted.
    #[arg(
        long,
        env = "KEPT_NUMBER",
        default_value_t = 10_000,
        value_parser = at_least_one::<u32>(),
        value_name = "NUMBER"
    )]
    pub(crate) kept_number: u32,
    /// Megabytes of campaigns kept of a domain, and as many of mail; the oldest are deleted.
    #[arg(
        long,
        env = "KEPT_MB",
        default_value_t = 1024,
        value_parser = at_least_one::<u32>(),
        value_name = "MEGABYTES"
    )]
    pub(crate) kept_mb: u32,
    /// Days after which campaigns and kept mail are deleted.
    #[arg(
        long,
        env = "KEPT_DAYS",
        default_value_t = 400,
        value_parser = at_least_one::<u32>(),
        value_name = "DAYS",
    )]
    pub(crate) kept_days: u32,
    /// Seconds after which a query of a report is stopped.
    #[arg(
        long,
        env = "REPORT_SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(1..=25),
        value_name = "SECONDS"
    )]
    pub(crate) report_seconds: u64,
    /// Connections of all clients together; fewer where the limit on open files allows no more.
    #[arg(
        long,
        env = "MAX_CONNECTIONS",
        default_value_t = 4096,
        value_parser = at_least_one::<usize>(),
        value_name = "NUMBER"
    )]
    pub(crate) max_connections: usize,
    /// Connections of one address that is no trusted proxy. Unset: a quarter of all.
    #[arg(
        long,
        env = "MAX_CONNECTIONS_PER_ADDRESS",
        value_parser = at_least_one::<usize>(),
        value_name = "NUMBER",
    )]
    pub(crate) max_connections_per_address: Option<usize>,
    /// Seconds after which a connection without a request is closed.
    #[arg(
        long,
        env = "IDLE_SECONDS",
        default_value_t = 60,
        value_parser = at_least_one::<u64>(),
        value_name = "SECONDS"
    )]
    pub(crate) idle_seconds: u64,
    /// Seconds after which a connection is closed whose reader takes nothing of an answer.
    #[arg(
        long,
        env = "STALL_SECONDS",
        default_value_t = 30,
        value_parser = at_least_one::<u64>(),
        value_name = "SECONDS"
    )]
    pub(crate) stall_seconds: u64,
    /// A click this many seconds after sending, or fewer, is suspected to be a machine's.
    #[arg(
        long,
        env = "EARLY_CLICK_SECONDS",
        default_value_t = 5,
        value_name = "SECONDS"
    )]
    pub(crate) early_click_seconds: u32,
    /// An open this many seconds after sending, or fewer, is suspected to be a machine's.
    #[arg(
        long,
        env = "EARLY_OPEN_SECONDS",
        default_value_t = 5,
        value_name = "SECONDS"
    )]
    pub(crate) early_open_seconds: u32,
    /// Write logs as JSON.
    #[arg(long, env = "LOG_JSON")]
    pub(crate) log_json: bool,
}

fn at_least_one<T: TryFrom<u64> + Clone + Send + Sync + 'static>() -> RangedU64ValueParser<T> {
    RangedU64ValueParser::new().range(1..)
}

impl Settings {
    /// Whether a host, without a port, is that of the pages.
    pub(crate) fn is_pages_host(&self, host: &[u8]) -> bool {
        let own = self.pages_host.as_deref();
        own.is_some_and(|own| bare_host(own.as_bytes()).eq_ignore_ascii_case(host))
    }
}
