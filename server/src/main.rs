//! The reference tracking server of linkseal: a sender's mail goes in, tracking URLs come out; a recipient's
//! click is verified, logged and redirected; a page reports.

mod access;
mod api;
mod app;
mod clock;
mod connections;
mod conversions;
mod database;
mod demo;
mod domains;
mod encryption_key;
mod erasure;
mod event;
mod event_log;
mod failure;
mod front;
mod guard;
mod handover;
mod json;
mod keyring;
mod level;
mod logging;
mod machine;
mod memory;
mod metrics;
mod nul;
mod options;
mod pages;
mod parts;
mod peer;
mod recipients;
mod report_pool;
mod reports;
mod rewriting;
mod serve;
mod startup;
mod supervisor;
mod tls;
mod tls_allowed;
mod traces;
mod tracking;
mod words;
mod work;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser as _;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::options::{Command, Options, Settings};
use crate::serve::Server;

/// A click allocates some dozen small things on one thread and frees them on another, where the C library's
/// allocator takes locks: it took a seventh of the server's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let log = logging::start(options.settings.log_json);
    let done = match options.command {
        Some(Command::Demo(demo)) => demo::run(demo, options.settings).await,
        None => run(options.settings).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.say_why(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let server = Server::prepare(settings, Clock::default()).await?;
    let stopping = CancellationToken::new();
    tokio::spawn(serve::stop_on_signal(stopping.clone()));
    let scheme = match server.app.settings.tls_cert {
        Some(_) => "https",
        None => "http",
    };
    let (listening, listens) = oneshot::channel();
    tokio::spawn(async move {
        if let Ok(address) = listens.await {
            logging::say(format!("the page is at {scheme}://{address}/"));
        }
    });
    server.run(listening, stopping).await
}
