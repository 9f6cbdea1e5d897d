//! The spool: a folder of append-only files, segments, in which records wait while the database is down.
//!
//! A segment is locked (`flock`) by the process that appends to it, and by the one that drains it. So
//! processes may share the folder, and a process that was killed leaves its segments to the next. They
//! must share the database as well: a segment doesn't say which one it is for.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::error;
use uuid::Uuid;

use crate::clock::Clock;

/// A segment that is longer is closed, so that it can be drained and deleted while others fill.
const MAX_SEGMENT_BYTES: u64 = 16 * 1024 * 1024;
const PROBE_BYTES: usize = 64 * 1024;
const ENDING: &str = "ndjson";

pub(super) struct Spool {
    clock: Clock,
    pub(super) folder: PathBuf,
    live: Arc<Mutex<Option<Live>>>,
}

/// The segment that is appended to.
struct Live {
    file: File,
    path: PathBuf,
    /// All before this was synced, and answered.
    good: u64,
}

impl Spool {
    pub(super) fn new(folder: PathBuf, clock: Clock) -> Self {
        // Said at the start: when it is needed, it is too late.
        if let Err(error) = make_folder(&folder) {
            error!(%error, folder = %folder.display(), "the spool's folder can't be made");
        }
        Self {
            clock,
            folder,
            live: Arc::default(),
        }
    }

    /// Returns how many bytes it wrote, when they are on disk. On failure none of them is in a segment, as
    /// far as the disk lets itself be told.
    pub(super) async fn append(&self, lines: Vec<u8>) -> io::Result<u64> {
        let live = Arc::clone(&self.live);
        let folder = self.folder.clone();
        let name = self.clock.new_id().simple().to_string();
        let written = tokio::task::spawn_blocking(move || {
            let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
            let mut segment = match live.take() {
                Some(segment) => segment,
                None => Live::create(&folder, &name)?,
            };
            segment.append(&lines)?;
            if segment.good < MAX_SEGMENT_BYTES {
                *live = Some(segment);
            }
            Ok(u64::try_from(lines.len()).unwrap_or(u64::MAX))
        });
        written.await.map_err(io::Error::other)?
    }

    /// Writes, syncs and deletes a file as long as a group may be: says whether there is room.
    pub(super) async fn probe(&self) -> io::Result<()> {
        let folder = self.folder.clone();
        let path = folder.join(format!("{}.probe", self.clock.new_id().simple()));
        let probed = tokio::task::spawn_blocking(move || {
            make_folder(&folder)?;
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            let written = file
                .write_all(&[b'\n'; PROBE_BYTES])
                .and_then(|()| file.sync_data());
            fs::remove_file(&path)?;
            written
        });
        probed.await.map_err(io::Error::other)?
    }

    /// Ends the segment that is appended to, so that it can be drained.
    pub(super) fn close_live(&self) {
        self.live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// All segments, oldest first; those that processes append to as well.
    pub(super) fn segments(&self) -> io::Result<Vec<PathBuf>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                segments.push(path);
            }
        }
        // Names are UUIDs of version 7, which sort by time.
        segments.sort();
        Ok(segments)
    }

    /// Whether it has a segment that may hold events older than a time. One that can't be told may.
    pub(super) fn has_begun_before(&self, time: i64) -> bool {
        let begun = |path: &PathBuf| {
            let id = Uuid::try_parse(path.file_stem()?.to_str()?).ok()?;
            let (seconds, _) = id.get_timestamp()?.to_unix();
            i64::try_from(seconds).ok()?.checked_mul(1000)
        };
        self.segments().map_or(true, |segments| {
            let mut begun = segments.iter().map(begun);
            begun.any(|begun| begun.is_none_or(|begun| begun <= time))
        })
    }

    pub(super) fn bytes(&self) -> u64 {
        let segments = self.segments().unwrap_or_default();
        segments
            .iter()
            .filter_map(|path| Some(fs::metadata(path).ok()?.len()))
            .sum()
    }
}

impl Live {
    /// A segment gets its name once it is locked: before, somebody could take it for one that was left.
    fn create(folder: &Path, name: &str) -> io::Result<Self> {
        make_folder(folder)?;
        let unnamed = folder.join(format!("{name}.new"));
        let path = folder.join(format!("{name}.{ENDING}"));
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&unnamed)?;
        let named = file
            .try_lock()
            .map_err(io::Error::from)
            .and_then(|()| fs::rename(&unnamed, &path))
            .and_then(|()| file.sync_all())
            .and_then(|()| sync_folder(folder));
        if let Err(error) = named {
            let _ = fs::remove_file(&unnamed);
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self {
            file,
            path,
            good: 0,
        })
    }

    /// Appends and syncs. After a failure the segment must not be appended to: what a failed sync left in
    /// the system's cache is anybody's guess.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let written = self
            .file
            .write_all(lines)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            if self.good == 0 {
                fs::remove_file(&self.path)?;
            } else {
                self.file.set_len(self.good)?;
            }
            return Err(error);
        }
        self.good += u64::try_from(lines.len()).unwrap_or_default();
        Ok(())
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    // Events say who clicked what: nobody else's business.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// A new name in a folder is durable once the folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}
