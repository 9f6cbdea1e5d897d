//! What can be set on the command line. All else is in the settings file.

use std::path::PathBuf;

/// Click and open tracking for mail that passes through Postfix.
#[derive(Debug, clap::Parser)]
#[command(name = "linkseal-milter", version)]
pub struct Options {
    /// The settings file.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Read the settings and the keys, say what is wrong with them, and exit.
    #[arg(long)]
    pub check: bool,
    /// Write logs as JSON.
    #[arg(long)]
    pub log_json: bool,
}
