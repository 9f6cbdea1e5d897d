//! Readers and writers whose errors name the file.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// A reader or writer, with the name that its errors give.
pub(crate) struct Named<T> {
    inner: T,
    name: String,
}

impl<T> Named<T> {
    pub(crate) fn new(name: impl Into<String>, inner: T) -> Self {
        let name = name.into();
        Self { inner, name }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Keeps the kind: an interrupted call is repeated.
    fn error(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), at(&self.name, error))
    }
}

impl Named<File> {
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        Self::of(path, File::open(path))
    }

    pub(crate) fn create(path: &Path) -> Result<Self, String> {
        Self::of(path, File::create(path))
    }

    fn of(path: &Path, file: io::Result<File>) -> Result<Self, String> {
        let file = file.map_err(|error| at(path.display(), error))?;
        Ok(Self::new(path.display().to_string(), file))
    }
}

impl<T: Read> Read for Named<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| self.error(&error))
    }
}

impl<T: Write> Write for Named<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes).map_err(|error| self.error(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush().map_err(|error| self.error(&error))
    }
}

/// Puts the name of a file before an error.
pub(crate) fn at(name: impl Display, problem: impl Display) -> String {
    format!("{name}: {problem}")
}
