//! The report as JSON.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value};

use crate::document::Done;
use crate::named::Named;

/// The file that `--report` names, if it names one.
pub(crate) struct Reports(Option<Named<File>>);

impl Reports {
    pub(crate) fn create(path: Option<&Path>) -> Result<Self, String> {
        path.map(Named::create).transpose().map(Self)
    }

    /// Writes one line for a document or message: the named `file`, or standard input.
    pub(crate) fn write(&mut self, file: Option<&Path>, done: &Done) -> io::Result<()> {
        match &mut self.0 {
            Some(reports) => writeln!(reports, "{}", report_json(file, done)?),
            None => Ok(()),
        }
    }
}

fn report_json(file: Option<&Path>, done: &Done) -> serde_json::Result<Value> {
    let file = file.map(|file| file.display().to_string());
    let mut line = Map::from_iter([("file".to_owned(), Value::from(file))]);
    let report = match done {
        Done::Html(report) => serde_json::to_value(report)?,
        Done::Message(report) => {
            line.insert("format".to_owned(), Value::from("message"));
            serde_json::to_value(report)?
        }
    };
    if let Value::Object(report) = report {
        line.extend(report);
    }
    Ok(Value::Object(line))
}
