//! Pipes an HTML mail through linkseal: `rewrite < in.html > out.html`.
//!
//! `verify` reads the tokens back that this makes.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use linkseal::{
    DomainConfig, KeyId, Link, Message, PixelPlacement, Report, Rewriter, SigningKey, TrackingHost,
    rewrite_with_report,
};
use serde_json::{Value, json};

/// For trying things out; `verify` takes it as `1:` and this in hexadecimal.
const DEMO_KEY: &[u8; 32] = b"linkseal demo key, not a secret!";

/// Rewrite an HTML mail: every link signed and tracked, an open pixel put in.
#[derive(Parser)]
struct Options {
    /// Sending domain.
    #[arg(long, default_value = "example.com")]
    domain: String,
    /// Tracking host, a subdomain of the sending domain.
    #[arg(long, value_name = "HOST", default_value = "link.example.com")]
    tracking_host: String,
    /// Signing key: its id, and at least 32 bytes in hexadecimal.
    #[arg(long, value_name = "ID:HEX")]
    key: Option<String>,
    /// Key that verifies but signs no more.
    #[arg(long, value_name = "ID:HEX")]
    retired_key: Vec<String>,
    /// Sender's id for the message.
    #[arg(long, default_value = "")]
    message: String,
    /// Sender's id for the recipient.
    #[arg(long, default_value = "")]
    recipient: String,
    /// Time of sending.
    #[arg(long, value_name = "UNIX", default_value_t = 0)]
    sent_at: u64,
    /// Leave links alone.
    #[arg(long)]
    no_clicks: bool,
    /// Put in no pixel.
    #[arg(long)]
    no_opens: bool,
    /// Where the pixel goes.
    #[arg(long, value_enum, default_value = "end")]
    pixel: Pixel,
    /// Leave markers in the output.
    #[arg(long)]
    keep_markers: bool,
    /// Leave links to this host alone.
    #[arg(long, value_name = "HOST")]
    exclude_host: Vec<String>,
    /// Leave this link alone, as the mail's List-Unsubscribe field names it.
    #[arg(long, value_name = "URL")]
    unsubscribe_url: Vec<String>,
    /// Charset of the document, as its Content-Type states it; UTF-8 without.
    #[arg(long, value_name = "LABEL")]
    charset: Option<String>,
    /// Stream the document in chunks of that size.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    chunk: Option<u32>,
    /// Write what was done as JSON, one object for each document.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Rewrite each FILE to the same name in this folder.
    #[arg(long, value_name = "DIR", requires = "files")]
    out_dir: Option<PathBuf>,
    /// Documents to rewrite into --out-dir; standard input when there are none.
    #[arg(value_name = "FILE", requires = "out_dir")]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Pixel {
    End,
    Start,
    Both,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rewrite: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let domain = domain(options)?;
    let mut reports = match &options.report {
        Some(file) => Some(File::create(file).map_err(|error| at(file, error))?),
        None => None,
    };
    if options.key.is_none() {
        eprintln!(
            "rewrite: no --key, signing with the demo key 1:{}",
            hex(DEMO_KEY)
        );
    }
    let mut write_report = |file: Option<&Path>, report: &Report| match &mut reports {
        Some(reports) => writeln!(reports, "{}", report_json(file, report)),
        None => Ok(()),
    };
    let Some(out_dir) = &options.out_dir else {
        let report = rewrite(options, &domain, io::stdin().lock(), io::stdout().lock())?;
        return Ok(write_report(None, &report)?);
    };
    fs::create_dir_all(out_dir)?;
    let mut written = BTreeSet::new();
    for file in &options.files {
        let name = file.file_name().ok_or_else(|| at(file, "not a file"))?;
        let target = out_dir.join(name);
        let input = File::open(file).map_err(|error| at(file, error))?;
        if target.canonicalize().ok() == Some(file.canonicalize()?) {
            return Err(at(file, "would be overwritten, expected another --out-dir").into());
        }
        if !written.insert(name) {
            return Err(at(file, "comes twice by that name, expected different ones").into());
        }
        let output = File::create(&target).map_err(|error| at(&target, error))?;
        let report = rewrite(options, &domain, input, output).map_err(|error| at(file, error))?;
        write_report(Some(file), &report)?;
    }
    Ok(())
}

fn at(file: &Path, problem: impl Display) -> String {
    format!("{}: {problem}", file.display())
}

/// Rewrites one document: as a stream when asked to or when it is not UTF-8, else at once.
fn rewrite(
    options: &Options,
    domain: &DomainConfig,
    mut input: impl Read,
    output: impl Write,
) -> Result<Report, Box<dyn Error>> {
    let mut output = BufWriter::new(output);
    let report = if let Some(chunk) = options.chunk {
        let mut rewriter = rewriter(options, domain, output)?;
        let mut buffer = vec![0; usize::try_from(chunk)?];
        loop {
            let length = input.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            rewriter.write_all(bytes)?;
        }
        let report;
        (output, report) = rewriter.finish()?;
        report
    } else {
        let mut document = Vec::new();
        input.read_to_end(&mut document)?;
        match std::str::from_utf8(&document) {
            Ok(html) if options.charset.is_none() => {
                let (html, report) = rewrite_with_report(html, domain);
                output.write_all(html.as_bytes())?;
                report
            }
            _ => {
                let mut rewriter = rewriter(options, domain, output)?;
                rewriter.write_all(&document)?;
                let report;
                (output, report) = rewriter.finish()?;
                report
            }
        }
    };
    output.flush()?;
    Ok(report)
}

fn rewriter<W: Write>(
    options: &Options,
    domain: &DomainConfig,
    output: W,
) -> Result<Rewriter<W>, Box<dyn Error>> {
    let mut rewriter = Rewriter::new(domain, output);
    if let Some(label) = &options.charset {
        rewriter = rewriter.with_charset(label)?;
    }
    // Without a report nobody reads the links, and a stream may hold millions.
    if options.report.is_none() {
        rewriter = rewriter.with_summary_only();
    }
    Ok(rewriter)
}

fn domain(options: &Options) -> Result<DomainConfig, Box<dyn Error>> {
    let key = match &options.key {
        Some(key) => SigningKey::parse(key)?,
        None => SigningKey::new(KeyId(1), DEMO_KEY)?,
    };
    let host = TrackingHost::custom(&options.tracking_host)?;
    let mut domain = DomainConfig::new(&options.domain, host, key)?;
    for key in &options.retired_key {
        domain = domain.with_retired_key(SigningKey::parse(key)?)?;
    }
    for host in &options.exclude_host {
        domain = domain.with_excluded_host(host)?;
    }
    if options.keep_markers {
        domain = domain.with_markers_kept();
    }
    domain = domain.with_pixel_placement(match options.pixel {
        Pixel::End => PixelPlacement::End,
        Pixel::Start => PixelPlacement::Start,
        Pixel::Both => PixelPlacement::Both,
    });
    let mut message = Message::new(options.message.clone())?
        .with_recipient(options.recipient.clone())?
        .with_sent_at(options.sent_at)?;
    for url in &options.unsubscribe_url {
        if !url.contains(':') {
            return Err(format!("unsubscribe URL `{url}` has no scheme, expected one").into());
        }
        message = message.with_list_unsubscribe(url);
    }
    if options.no_clicks {
        message = message.without_click_tracking();
    }
    if options.no_opens {
        message = message.without_open_tracking();
    }
    Ok(domain.for_message(message))
}

fn report_json(file: Option<&Path>, report: &Report) -> Value {
    let links: Vec<Value> = report.links().iter().map(link_json).collect();
    json!({
        "file": file.map(|file| file.display().to_string()),
        "links": links,
        "tracked": report.tracked(),
        "skipped": report.skipped(),
        "pixel": report.pixel().as_str(),
        "untouched": report.untouched().map(|reason| reason.as_str()),
        "input_bytes": report.input_bytes(),
        "output_bytes": report.output_bytes(),
        "gmail_clips": report.gmail_clips(),
    })
}

fn link_json(link: &Link) -> Value {
    json!({
        "element": link.element(),
        "context": link.context().as_str(),
        "position": link.position(),
        "name": link.name(),
        "original": link.original(),
        "destination": link.destination(),
        "outcome": link.outcome().as_str(),
        "reason": link.outcome().skip_reason().map(|reason| reason.as_str()),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
