//! Rewrites messages as the milter would, without a mail server: what the test with Postfix compares with.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::Parser;
use linkseal::{SendingDomain, rewrite_message};
use linkseal_milter::settings::Settings;
use linkseal_milter::{Levels, Recipients, scoped};

#[derive(Parser)]
struct Options {
    /// The milter's settings file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The sending domain, whatever the messages say.
    #[arg(long)]
    domain: SendingDomain,
    /// A recipient of the envelope; can be given several times.
    #[arg(long = "recipient", value_name = "ADDRESS")]
    recipients: Vec<String>,
    /// What the recipient header field holds.
    #[arg(long, value_name = "ID")]
    recipient_id: Option<String>,
    /// What the tracking header field holds; can be given several times.
    #[arg(long = "tracking", value_name = "LEVELS")]
    tracking: Vec<String>,
    /// Where the rewritten messages go, under the names of the files.
    #[arg(long, value_name = "FOLDER")]
    out_dir: PathBuf,
    /// Whole messages, with CRLF line endings.
    #[arg(value_name = "FILE")]
    messages: Vec<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let settings = Settings::load(&options.config)?;
    let domain = settings
        .domain(&options.domain)
        .ok_or("the domain has no table in the settings file")?;
    let mut recipients = Recipients::default();
    for address in &options.recipients {
        recipients.add(address);
    }
    let header_values: Vec<String> = options.recipient_id.into_iter().collect();
    let mut levels = Levels::default();
    for value in &options.tracking {
        levels.add(value.as_bytes());
    }
    let config = scoped(domain, &recipients, &header_values, levels);
    for file in &options.messages {
        let name = file.file_name().ok_or("a folder is no message")?;
        let rewritten = rewrite_message(&fs::read(file)?, &config);
        fs::write(options.out_dir.join(name), rewritten)?;
    }
    Ok(())
}
