//! The log on standard error, and what is said to people on standard output. Neither can stop the server: a
//! disk that is full, a reader that is gone and one that does not read cost log lines, and nothing else.

mod lines;
mod repeats;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tracing::error;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

use lines::Lines;
use repeats::{Repeats, SaysRepeats};

/// How long the end of the process waits for what is still to be written.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Writes what is left when it goes out of scope.
pub(crate) struct Log {
    lines: Lines,
}

/// Starts the log. `json`: each line is an object.
pub(crate) fn start(json: bool) -> Log {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let repeats = Arc::new(Repeats::default());
    let counted = Arc::clone(&repeats);
    let lines = Lines::start(io::stderr(), json, move || counted.say());
    let layer = fmt::layer()
        .with_writer(lines.clone())
        // It would say so on standard error, and panic where that is what failed.
        .log_internal_errors(false);
    let layer = if json {
        layer.json().boxed()
    } else {
        layer.with_ansi(is_coloured()).boxed()
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(SaysRepeats(repeats))
        .with(layer)
        .init();
    std::panic::set_hook(Box::new(|panic| error!("{panic}")));
    Log { lines }
}

impl Log {
    /// Why the program ends, as a line of its own kind.
    pub(crate) fn say_why(&self, why: &dyn std::error::Error) {
        self.lines.put(format!("tracking-server: {why}\n").into());
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines.flush(LAST_WORDS);
        let (told, all_told) = channel();
        if voice().send(Told::All(told)).is_ok() {
            let _ = all_told.recv_timeout(LAST_WORDS);
        }
    }
}

/// `https://no-color.org`, and no codes in files.
fn is_coloured() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

enum Told {
    All(Sender<()>),
    Text(String),
}

/// Says something on standard output, without waiting for whoever reads it.
pub(crate) fn say(text: String) {
    let _ = voice().send(Told::Text(text));
}

fn voice() -> &'static Sender<Told> {
    static VOICE: OnceLock<Sender<Told>> = OnceLock::new();
    VOICE.get_or_init(|| {
        let (voice, texts) = channel();
        let speak = move || {
            for text in texts {
                match text {
                    Told::All(told) => _ = told.send(()),
                    Told::Text(text) => speak(&text),
                }
            }
        };
        if let Err(error) = thread::Builder::new().name("stdout".into()).spawn(speak) {
            error!(%error, "there is no thread for standard output");
        }
        voice
    })
}

fn speak(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
        error!(
            %error,
            "standard output can't be written; if an admin token was made, set ADMIN_TOKEN to replace it"
        );
    }
}
