//! One document to many recipients: compiled once, rendered on all cores.
//!
//! `campaign --recipients 100000 examples/newsletter.html` discards the mails and prints how fast it rendered them;
//! `campaign --csv list.csv --out-dir out examples/newsletter.html` writes a file for each row.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use linkseal::{DomainConfig, KeyId, Message, SigningKey, Template, TrackingHost};
use rayon::prelude::*;

/// For trials; `verify` takes it as `1:` and this in hexadecimal.
const DEMO_KEY: &[u8; 32] = b"linkseal demo key, not a secret!";

/// How many mails a core renders between two updates of the progress bar.
const BATCH: usize = 256;

/// Render a mail for many recipients.
#[derive(Parser)]
struct Options {
    /// The document.
    #[arg(value_name = "HTML")]
    document: PathBuf,
    /// Recipients: a CSV file with a header row and a column `recipient`.
    #[arg(long, value_name = "FILE", conflicts_with = "recipients")]
    csv: Option<PathBuf>,
    /// How many recipients to make up without a CSV file.
    #[arg(long, default_value_t = 100_000)]
    recipients: u32,
    /// Write each mail to this folder; without it, mails are discarded.
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Sender's id for the message.
    #[arg(long, default_value = "campaign")]
    message: String,
    /// Sending domain.
    #[arg(long, default_value = "example.com")]
    domain: String,
    /// Tracking host, a subdomain of the sending domain.
    #[arg(long, value_name = "HOST", default_value = "link.example.com")]
    tracking_host: String,
    /// Signing key: its id, and at least 32 bytes in hexadecimal. Without it, a demo key.
    #[arg(long, value_name = "ID:HEX")]
    key: Option<String>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("campaign: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let document = fs::read_to_string(&options.document)
        .map_err(|error| format!("{}: {error}", options.document.display()))?;
    let key = match &options.key {
        Some(key) => key.parse()?,
        None => SigningKey::new(KeyId(1), DEMO_KEY)?,
    };
    let host = TrackingHost::custom(&options.tracking_host)?;
    let domain = DomainConfig::new(options.domain.parse()?, host, key)?;
    let recipients = match &options.csv {
        Some(file) => read_recipients(file)?,
        None => (1..=options.recipients)
            .map(|n| format!("rcpt-{n}"))
            .collect(),
    };
    if let Some(folder) = &options.out_dir {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }

    let template = Template::compile(&document, &domain);
    let tracked = template.report().tracked();
    println!("{tracked} tracked links, {} recipients", recipients.len());
    let progress = ProgressBar::new(recipients.len().try_into()?).with_style(
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} {per_sec} {eta}")?,
    );
    let start = Instant::now();
    let bytes = recipients
        .par_chunks(BATCH)
        .enumerate()
        .map(|(batch, recipients)| {
            let first = batch * BATCH;
            let bytes = render_batch(options, &template, first, recipients)?;
            progress.inc(recipients.len().try_into().unwrap_or(u64::MAX));
            Ok(bytes)
        })
        .try_reduce(|| 0, |a, b| Ok(a + b))
        .map_err(|error: String| error)?;
    progress.finish_and_clear();
    report_speed(recipients.len(), bytes, start.elapsed().as_secs_f64());
    Ok(())
}

/// Renders some mails one after the other into one buffer, and returns how many bytes they have.
fn render_batch(
    options: &Options,
    template: &Template,
    first: usize,
    recipients: &[String],
) -> Result<usize, String> {
    let (mut mail, mut bytes) = (String::new(), 0);
    for (number, recipient) in (first..).zip(recipients) {
        let message = Message::new(options.message.as_str())
            .and_then(|message| message.with_recipient(recipient.as_str()))
            .map_err(|error| format!("recipient {}: {error}", number + 1))?;
        mail.clear();
        template.render_into(&message, &mut mail);
        bytes += mail.len();
        if let Some(folder) = &options.out_dir {
            let file = folder.join(format!("{:08}.html", number + 1));
            fs::write(&file, &mail).map_err(|error| format!("{}: {error}", file.display()))?;
        }
    }
    Ok(bytes)
}

fn read_recipients(file: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let at_file = |error: csv::Error| format!("{}: {error}", file.display());
    let mut reader = csv::Reader::from_path(file).map_err(at_file)?;
    let headers = reader.headers().map_err(at_file)?;
    let column = headers
        .iter()
        .position(|name| name == "recipient")
        .ok_or_else(|| format!("{}: no column `recipient`", file.display()))?;
    let rows = reader.records().map(|row| {
        let row = row.map_err(at_file)?;
        Ok(row.get(column).unwrap_or_default().to_owned())
    });
    rows.collect()
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a figure for people, who read three digits of it"
)]
fn report_speed(mails: usize, bytes: usize, seconds: f64) {
    let mails_per_second = mails as f64 / seconds;
    let megabytes_per_second = bytes as f64 / seconds / 1e6;
    println!(
        "{seconds:.2} s, {mails_per_second:.0} mails per second, {megabytes_per_second:.0} MB/s"
    );
}
