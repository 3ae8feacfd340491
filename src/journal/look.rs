//! A first look at a file: what is no journal is found out before a lock is put beside it.
//!
//! A lock cannot be taken away again: somebody else may have opened it by then, and would hold a lock that the next one does not see.

use std::fs;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::lock::beside;
use super::{JournalError, open};

/// What stands in a path as it is when that is in an address for SQLite.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-');

/// Complains of what can be no journal, and lets through all that only its owner can judge. It changes nothing and makes no file.
pub(super) fn look(path: &Path) -> Result<(), JournalError> {
    let Ok(found) = fs::metadata(path) else {
        return Ok(());
    };
    if found.is_dir() {
        return Err(JournalError::Directory(path.to_owned()));
    }
    if found.len() == 0 {
        let (path, reason) = (path.to_owned(), "it is empty".to_owned());
        return Err(JournalError::Damaged { path, reason });
    }
    if !found.is_file() {
        return Ok(());
    }
    let Some(db) = as_it_stands(path) else {
        return Ok(());
    };
    // A checkpoint that the power went out in may have spoilt the first page: then it stands in the log.
    let is_spoilt = open::number(&db, "application_id").is_err();
    if is_spoilt && beside(path, "-wal").exists() {
        return Ok(());
    }
    match open::identify(path, &db) {
        Err(error @ JournalError::NoJournal(_)) => Err(error),
        _ => Ok(()),
    }
}

/// The file without its log, as if nobody could change it. SQLite opens it: any other descriptor of this process would, when it is closed,
/// undo the locks that SQLite has.
fn as_it_stands(path: &Path) -> Option<Connection> {
    let path = utf8_percent_encode(path.to_str()?, IN_PATH);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{path}?immutable=1"), flags).ok()
}
