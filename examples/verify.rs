//! Prints the events that tokens stand for: `verify --key 1:HEX https://link.example.com/c/TOKEN`.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use clap::Parser;
use linkseal::error::TokenError;
use linkseal::{Event, SendingDomain, SigningKey, Verifier};
use serde_json::json;

/// Verify tokens, signed or sealed, and print the event of each as JSON, one a line.
#[derive(Parser)]
struct Options {
    /// Key: its id, its secret in hexadecimal, and the sending domain if it is not example.com.
    #[arg(long, value_name = "ID:HEX[:DOMAIN]", required = true)]
    key: Vec<String>,
    /// Tracking URLs or bare tokens; without any, one a line from standard input.
    #[arg(value_name = "URL-or-token")]
    tokens: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("verify: {error}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether every token was believed.
fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let keys: Vec<(SendingDomain, SigningKey)> = options
        .key
        .iter()
        .map(|key| parse_key(key))
        .collect::<Result<_, _>>()?;
    let verifier = Verifier::from_keys(keys.iter().map(|(domain, key)| (domain.clone(), key)))?;
    let mut output = io::stdout().lock();
    let mut all_believed = true;
    let mut report = |token: &str| {
        let line = match verify(&verifier, token) {
            Ok(event) => serde_json::to_value(event)?,
            Err(error) => {
                all_believed = false;
                json!({ "error": error })
            }
        };
        writeln!(output, "{line}")
    };
    if options.tokens.is_empty() {
        for line in io::stdin().lock().split(b'\n') {
            // Logs hold anything; what is not text is not a token.
            report(String::from_utf8_lossy(&line?).trim())?;
        }
    } else {
        options.tokens.iter().try_for_each(|token| report(token))?;
    }
    Ok(all_believed)
}

fn verify(verifier: &Verifier, token: &str) -> Result<Event, TokenError> {
    if token.contains('/') {
        verifier.verify_url(token)
    } else {
        verifier.verify(token)
    }
}

/// Parses `ID:HEX[:DOMAIN]`.
fn parse_key(text: &str) -> Result<(SendingDomain, SigningKey), Box<dyn Error>> {
    let (key, domain) = match text.rsplit_once(':') {
        Some((key, domain)) if key.contains(':') => (key, domain),
        _ => (text, "example.com"),
    };
    Ok((domain.parse()?, key.parse()?))
}
