//! Pipes an HTML mail through linkseal: `rewrite < in.html > out.html`.
//!
//! `verify` reads the tokens back that this makes.

mod options;
mod report;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use linkseal::{DomainConfig, Report, Rewriter, rewrite_with_report};

use options::{DEMO_KEY, Options};
use report::report_json;

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
    let domain = options.domain()?;
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
