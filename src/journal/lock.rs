//! One process at a time.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};

use super::JournalError;

/// The right to write a journal. It ends with the process, however that ends.
///
/// It is a file of its own beside the journal, so that others may read that with any tool while it is written.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code, reason = "locked as long as it is open")] File);

impl Lock {
    /// Takes it, if nobody has it.
    pub(super) fn take(journal: &Path) -> Result<Self, JournalError> {
        let path = beside(journal, ".lock");
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).write(true);
        let file = options.open(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                JournalError::ReadOnly(journal.to_owned())
            }
            // It would be made: what there is not, is its directory.
            std::io::ErrorKind::NotFound => {
                let directory = journal.parent().filter(|directory| !directory.exists());
                io(directory.unwrap_or(&path), error)
            }
            _ => io(&path, error),
        })?;
        match FileExt::try_lock(&file) {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse(journal.to_owned())),
            Err(TryLockError::Error(error)) => Err(io(&path, error)),
        }
    }
}

/// The path with something behind it.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn io(path: &Path, error: std::io::Error) -> JournalError {
    JournalError::Io {
        path: path.to_owned(),
        error,
    }
}
