//! Reads a segment that nobody appends to any more.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead as _, BufReader};
use std::path::PathBuf;

use super::record::{Group, Record};

pub(super) struct Segment {
    /// Holds the lock.
    lines: BufReader<File>,
    path: PathBuf,
}

/// The next records, and how many lines between them could not be read.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) group: Group,
    pub(super) bad: usize,
    /// The last line has no end: its writer was killed before anybody got an answer.
    pub(super) torn: bool,
    pub(super) end: bool,
}

impl Segment {
    /// Returns `None` when another process, or this one, still has it, and when it was drained meanwhile.
    pub(super) fn open(path: PathBuf) -> io::Result<Option<Self>> {
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Self {
                lines: BufReader::new(file),
                path,
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    pub(super) fn next(&mut self, most: usize) -> io::Result<Batch> {
        let mut batch = Batch::default();
        let mut line = Vec::new();
        while batch.group.len() < most {
            line.clear();
            if self.lines.read_until(b'\n', &mut line)? == 0 {
                batch.end = true;
                break;
            }
            if line.last() != Some(&b'\n') {
                batch.torn = true;
                continue;
            }
            match serde_json::from_slice::<Record>(&line) {
                Ok(record) => batch.group.push(record),
                Err(_) => batch.bad += 1,
            }
        }
        Ok(batch)
    }

    pub(super) fn delete(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Takes it out of the spool, for somebody to look at.
    pub(super) fn set_aside(self) -> io::Result<PathBuf> {
        let bad = self.path.with_extension("bad");
        fs::rename(&self.path, &bad)?;
        Ok(bad)
    }
}
