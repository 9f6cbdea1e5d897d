//! The report as JSON.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use linkseal::Report;
use serde_json::{Map, Value};

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
            Some(reports) => writeln!(reports, "{}", report_json(file, report)?),
            None => Ok(()),
        }
    }
}

fn report_json(file: Option<&Path>, report: &Report) -> serde_json::Result<Value> {
    let file = file.map(|file| file.display().to_string());
    let mut line = Map::from_iter([("file".to_owned(), Value::from(file))]);
    if let Value::Object(report) = serde_json::to_value(report)? {
        line.extend(report);
    }
    Ok(Value::Object(line))
}
