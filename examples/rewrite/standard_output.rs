//! Whether standard output is open.

#[cfg(unix)]
use std::fs::{self, File};
#[cfg(unix)]
use std::io::{self, Read};
#[cfg(unix)]
use std::os::{
    fd::AsFd,
    unix::fs::{FileTypeExt, MetadataExt},
};

/// Whether standard output was closed when the program started.
///
/// Writing to it gives no error then: before `main`, Rust opens `/dev/null` in its place, for reading
/// and writing. That is how it is told from `> /dev/null`, which a shell opens for writing only. A
/// program that opens it for both on behalf of this one can't be told from a closed output.
#[cfg(unix)]
pub(crate) fn is_closed() -> bool {
    let Ok(descriptor) = io::stdout().as_fd().try_clone_to_owned() else {
        return true;
    };
    let mut output = File::from(descriptor);
    let is_null = match (output.metadata(), fs::metadata("/dev/null")) {
        (Ok(output), Ok(null)) => {
            output.file_type().is_char_device() && output.rdev() == null.rdev()
        }
        _ => false,
    };
    is_null && output.read(&mut [0]).is_ok()
}

/// On other systems there is no way to tell.
#[cfg(not(unix))]
pub(crate) fn is_closed() -> bool {
    false
}
