//! Takes a recipient out of segments that were set aside, `.bad`: nobody drains those any more.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::record::Record;
use crate::nul::without_nul;
use crate::recipients::Erasure;
use crate::traces::Traces;

/// Of every file of the folder. A file that nothing is left of is deleted.
pub(super) fn erase(folder: &Path, erasure: &Erasure, recipient: &str) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let traces = Traces::of(recipient);
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "bad") {
            rewrite(&path, &|line| {
                line_without(line, erasure, recipient, &traces)
            })?;
        }
    }
    Ok(())
}

enum Line {
    Stays,
    Becomes(Vec<u8>),
    Goes,
}

impl Line {
    fn of(record: &Record) -> Self {
        match serde_json::to_vec(record) {
            Ok(mut line) => {
                line.push(b'\n');
                Self::Becomes(line)
            }
            Err(_) => Self::Goes,
        }
    }
}

fn line_without(line: &[u8], erasure: &Erasure, recipient: &str, traces: &Traces) -> Line {
    match serde_json::from_slice::<Record>(line) {
        Ok(Record::Event(mut event)) => {
            let then = event.domain == erasure.domain && event.at <= erasure.asked_at;
            let is_theirs = without_nul(&event.recipient) == recipient;
            // Those that are nobody's may name them in a link.
            let is_nobodys = event.recipient.is_empty() && traces.are_distinct();
            if !then || !(is_theirs || is_nobodys) {
                return Line::Stays;
            }
            recipient.clone_into(&mut event.recipient);
            event.make_anonymous();
            Line::of(&Record::Event(event))
        }
        Ok(Record::Rewritten(mut rewritten)) => {
            let names_them = traces.are_distinct() && traces.stand_in(&rewritten.message);
            if rewritten.domain != erasure.domain || !names_them {
                return Line::Stays;
            }
            traces.remove_from(&mut rewritten.message);
            Line::of(&Record::Rewritten(rewritten))
        }
        // Nobody can tell whose it is, but that it names the recipient.
        Err(_) if traces.stand_in(&String::from_utf8_lossy(line)) => Line::Goes,
        Err(_) => Line::Stays,
    }
}

fn rewrite(path: &Path, change: &dyn Fn(&[u8]) -> Line) -> io::Result<()> {
    let mut lines = BufReader::new(File::open(path)?);
    let new_path = path.with_extension("erasing");
    let new = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new_path)?;
    let mut new = BufWriter::new(new);
    let (mut line, mut is_changed, mut is_empty) = (Vec::new(), false, true);
    while lines.read_until(b'\n', &mut line)? > 0 {
        let change = change(&line);
        is_changed |= !matches!(change, Line::Stays);
        is_empty &= matches!(change, Line::Goes);
        match change {
            Line::Stays => new.write_all(&line)?,
            Line::Becomes(line) => new.write_all(&line)?,
            Line::Goes => {}
        }
        line.clear();
    }
    let new = new.into_inner().map_err(io::IntoInnerError::into_error)?;
    new.sync_all()?;
    match (is_changed, is_empty) {
        (false, _) => fs::remove_file(&new_path),
        (true, true) => fs::remove_file(&new_path).and_then(|()| fs::remove_file(path)),
        (true, false) => fs::rename(&new_path, path),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::click;
    use super::{Line, line_without};
    use crate::event_log::record::Record;
    use crate::recipients::Erasure;
    use crate::traces::Traces;

    #[test]
    fn a_link_of_nobodys_loses_the_id() {
        let erasure = Erasure {
            domain: "example.com".into(),
            pseudonym: String::new(),
            recipient: None,
            asked_at: 1,
            seq: 0,
            events: 0,
            done_at: None,
        };
        let mut event = click("", 0, 1);
        event.destination = Some("https://a.example/?u=rcpt-42".into());
        let mut late = event.clone();
        late.at = 2;
        let without = |event| {
            let line = serde_json::to_vec(&Record::Event(event)).unwrap();
            line_without(&line, &erasure, "rcpt-42", &Traces::of("rcpt-42"))
        };
        let Line::Becomes(line) = without(event) else {
            unreachable!("it is another line");
        };
        assert!(
            String::from_utf8(line)
                .unwrap()
                .contains("https://a.example/?u=*")
        );
        assert!(matches!(without(late), Line::Stays));
    }
}
