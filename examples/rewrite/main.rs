//! Pipes an HTML mail, or a whole message, through linkseal: `rewrite < in.html > out.html`.
//!
//! `verify` reads the tokens back.

mod detect;
mod document;
mod named;
mod options;
mod report;
mod standard_output;

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use linkseal::DomainConfig;

use document::rewrite;
use named::{Named, at};
use options::{DEMO_KEY, Options};
use report::Reports;

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
    options.check()?;
    let domain = options.domain()?;
    if options.out_dir.is_none() && standard_output::is_closed() {
        return Err("standard output is closed, expected a place for the document".into());
    }
    let mut reports = Reports::create(options.report.as_deref())?;
    if options.key.is_none() {
        eprintln!(
            "rewrite: no --key, signing with the demo key 1:{}",
            hex(DEMO_KEY)
        );
    }
    if let Some(out_dir) = &options.out_dir {
        return rewrite_files(options, &domain, out_dir, &mut reports);
    }
    let input = Named::new("standard input", io::stdin().lock());
    let output = Named::new("standard output", io::stdout().lock());
    let done = rewrite(options, &domain, input, output)?;
    Ok(reports.write(None, &done)?)
}

fn rewrite_files(
    options: &Options,
    domain: &DomainConfig,
    out_dir: &Path,
    reports: &mut Reports,
) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(out_dir).map_err(|error| at(out_dir.display(), error))?;
    let mut written = BTreeSet::new();
    for file in &options.files {
        let at_file = |problem: &str| at(file.display(), problem);
        let name = file.file_name().ok_or_else(|| at_file("not a file"))?;
        let target = out_dir.join(name);
        let input = Named::open(file)?;
        let source = file
            .canonicalize()
            .map_err(|error| at(file.display(), error))?;
        if target.canonicalize().ok() == Some(source) {
            return Err(at_file("would be overwritten, expected another --out-dir").into());
        }
        if !written.insert(name) {
            return Err(at_file("comes twice by that name, expected different ones").into());
        }
        let done = rewrite(options, domain, input, Named::create(&target)?)?;
        reports.write(Some(file), &done)?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
