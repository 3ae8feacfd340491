//! What goes wrong with a journal.

use std::io;
use std::path::PathBuf;

/// Why a journal cannot be opened or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process has it open.
    #[error("{}: another process keeps this journal; stop that one first", .0.display())]
    InUse(PathBuf),
    /// It was written by a newer version of this crate.
    #[error("{}: was written by a newer version (format {found}; this one knows {known}); use that version", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
        /// Ours.
        known: i32,
    },
    /// It was written by an older version of this crate, whose files this one does not read.
    #[error("{}: was written by an older version (format {found}; this one knows {known}); begin a new one, or use that version", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
        /// Ours.
        known: i32,
    },
    /// It may be read and not written.
    #[error("{}: may be read and not written; give this process leave to write it and its directory", .0.display())]
    ReadOnly(PathBuf),
    /// It is a directory.
    #[error("{}: is a directory; name a file in it", .0.display())]
    Directory(PathBuf),
    /// It is something else.
    #[error("{}: is no journal of this crate", .0.display())]
    NoJournal(PathBuf),
    /// It does not hold what was written.
    #[error("{}: is damaged: {reason}; put a backup in its place", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A copy is to be written over something.
    #[error("{}: exists already", .0.display())]
    Exists(PathBuf),
    /// The operating system says no.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// SQLite says no.
    #[error("{}: {error}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it says.
        error: rusqlite::Error,
    },
    /// A storage of one's own says no.
    #[error("{0}")]
    Other(String),
}
