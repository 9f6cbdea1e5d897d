//! A demonstration: a newsletter to some hundred recipients, who are people and scanners.
//!
//! It fills a fresh database through the server's own endpoints, over HTTP, with the server in the same
//! process, whose clock it sets. Domain names are answered by a small name server on loopback. What was
//! filled in can be seen by anybody who has the admin token, which is printed: this is not for production.

mod agents;
mod audience;
mod campaigns;
mod chance;
mod name_server;
mod sender;
mod story;

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use reqwest::redirect;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::access::new_secret;
use crate::clock::Clock;
use crate::database::{Database, reading};
use crate::logging::say;
use crate::options::{DEFAULT_DATABASE_URL, Settings};
use crate::serve::{self, Server};
use name_server::NameServer;
use sender::Sender;
use story::Story;

const DATABASE_URL: &str = "sqlite:demo.sqlite";

#[derive(clap::Args)]
pub(crate) struct DemoOptions {
    /// Where to listen. Unset: as for the server.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// A database without domains. Unset: as for the server, or sqlite:demo.sqlite.
    #[arg(long, value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// To how many recipients each message goes.
    #[arg(long, default_value_t = 400, value_name = "NUMBER")]
    recipients: u32,
    /// Delete the SQLite file first.
    #[arg(long)]
    fresh: bool,
    /// Stop when all is filled in.
    #[arg(long)]
    exit: bool,
    /// Go on with a click every few seconds.
    #[arg(long, conflicts_with = "exit")]
    keep_clicking: bool,
}

pub(crate) async fn run(options: DemoOptions, settings: Settings) -> Result<(), Box<dyn Error>> {
    let names = NameServer::start().await?;
    // One that was set is somebody's secret, and what is printed ends in logs.
    let made_token = settings.admin_token.is_none();
    let settings = demo_settings(&options, settings, names.address())?;
    if options.fresh {
        delete(&settings)?;
    }
    refuse_domains(&settings.database_url).await?;
    let address = local(settings.listen);
    let sender = Sender {
        client: reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .resolve("localhost", address)
            .build()?,
        origin: format!("http://localhost:{}", address.port()),
        token: settings.admin_token.clone().unwrap_or_default(),
    };
    let server = Server::prepare(settings, Clock::default()).await?;
    let clock = server.app.clock.clone();
    let stopping = CancellationToken::new();
    tokio::spawn(serve::stop_on_signal(stopping.clone()));
    let (listening, listens) = oneshot::channel();
    let story = async {
        if listens.await.is_err() {
            // Why not is what the server returns.
            return std::future::pending().await;
        }
        fill(&options, &names, &sender, &clock, made_token).await?;
        if options.exit {
            stopping.cancel();
        }
        std::future::pending::<Result<(), Box<dyn Error>>>().await
    };
    tokio::select! {
        served = server.run(listening, stopping.clone()) => served,
        told = story => told,
    }
}

async fn fill(
    options: &DemoOptions,
    names: &NameServer,
    sender: &Sender,
    clock: &Clock,
    made_token: bool,
) -> Result<(), Box<dyn Error>> {
    let story = Story {
        clock,
        names,
        recipients: options.recipients,
        sender,
    };
    let told = story.tell().await?;
    clock.follow_system();
    say(format!("the page is at {}/", sender.origin));
    if made_token {
        say(format!("admin token: {}", sender.token));
    } else {
        say("admin token: the one that was set".to_owned());
    }
    if options.keep_clicking {
        story::go_on(sender, &told).await?;
    }
    Ok(())
}

/// An option of the demonstration goes before one of the server, and that before the demonstration's default.
fn demo_settings(
    options: &DemoOptions,
    settings: Settings,
    dns_server: SocketAddr,
) -> Result<Settings, Box<dyn Error>> {
    let listen = options.listen.unwrap_or(settings.listen);
    if listen.port() == 0 {
        return Err(
            "the demonstration writes its port into links, expected one that is not 0".into(),
        );
    }
    let database_url = match &options.database_url {
        Some(url) => url.clone(),
        None if settings.database_url != DEFAULT_DATABASE_URL => settings.database_url.clone(),
        None => DATABASE_URL.to_owned(),
    };
    let mut trusted_proxies = settings.trusted_proxies.clone();
    trusted_proxies.push(IpAddr::V4(Ipv4Addr::LOCALHOST));
    Ok(Settings {
        listen,
        database_url,
        admin_token: Some(settings.admin_token.clone().unwrap_or_else(new_secret)),
        default_host: Some(format!("localhost:{}", listen.port())),
        insecure_http: true,
        spool_dir: spool_dir(&settings),
        trusted_proxies,
        dns_server: Some(dns_server),
        tls_cert: None,
        tls_key: None,
        ..settings
    })
}

/// What waits in a server's spool is not for this database.
fn spool_dir(settings: &Settings) -> PathBuf {
    let mut name = settings.spool_dir.clone().into_os_string();
    name.push("-demo");
    name.into()
}

/// Where this process reaches what listens here.
fn local(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port())
    } else {
        listen
    }
}

fn delete(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let url = &settings.database_url;
    let file = url
        .strip_prefix("sqlite:")
        .map(|file| file.strip_prefix("//").unwrap_or(file))
        .and_then(|file| file.split('?').next())
        .ok_or("--fresh deletes SQLite files only; make a new PostgreSQL database in place of this one")?;
    for end in ["", "-wal", "-shm"] {
        if_there(std::fs::remove_file(Path::new(&format!("{file}{end}"))))?;
    }
    if_there(std::fs::remove_dir_all(&settings.spool_dir))?;
    Ok(())
}

fn if_there(deleted: io::Result<()>) -> io::Result<()> {
    match deleted {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

async fn refuse_domains(url: &str) -> Result<(), Box<dyn Error>> {
    let database = Database::open(url).await?;
    let domains: i64 = reading!(&database, pool => {
        sqlx::query_scalar("SELECT COUNT(*) FROM domains").fetch_one(pool)
    })?;
    database.close().await;
    if domains == 0 {
        return Ok(());
    }
    Err(format!(
        "the database has {domains} domains already, expected a fresh one: name another with --database-url, \
         or let --fresh delete it if it is an SQLite file"
    )
    .into())
}
