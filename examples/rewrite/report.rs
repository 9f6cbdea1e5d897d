//! The report as JSON.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use linkseal::{Link, Report};
use serde_json::{Value, json};

use crate::named::Named;

/// The file that `--report` names, if it names one.
pub(crate) struct Reports(Option<Named<File>>);

impl Reports {
    pub(crate) fn create(path: Option<&Path>) -> Result<Self, String> {
        path.map(Named::create).transpose().map(Self)
    }

    /// Writes one line for a document: the named `file`, or standard input.
    pub(crate) fn write(&mut self, file: Option<&Path>, report: &Report) -> io::Result<()> {
        match &mut self.0 {
            Some(reports) => writeln!(reports, "{}", report_json(file, report)),
            None => Ok(()),
        }
    }
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
        "input_longest_line": report.input_longest_line(),
        "output_longest_line": report.output_longest_line(),
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
