//! A demonstration: a newsletter to some hundred recipients, who are people and scanners.

mod name_server;

use crate::options::Settings;

#[derive(clap::Args)]
pub(crate) struct DemoOptions {}

pub(crate) async fn run(
    _options: DemoOptions,
    _settings: Settings,
) -> Result<(), Box<dyn std::error::Error>> {
    Err("the demonstration is not there yet".into())
}
