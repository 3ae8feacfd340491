//! A copy of a journal, while somebody writes it.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::lock::{beside, io};
use super::look::look;
use super::{JournalError, open};

/// Copies a journal into a new file: all that was on disk at one moment, also while another process writes it.
///
/// The copy is a journal like the other, and to go back to it is to put it in that one's place while nobody has it open (its `-wal` and
/// `-shm` files removed). It is written beside its place, and put there when it is whole and on disk. It blocks for as long as that takes.
///
/// # Errors
/// When the one is no journal, the other exists, or cannot be written.
pub fn backup(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), JournalError> {
    let (from, to) = (from.as_ref(), to.as_ref());
    if to.try_exists().map_err(|error| io(to, error))? {
        return Err(JournalError::Exists(to.to_owned()));
    }
    fs::metadata(from).map_err(|error| io(from, error))?;
    look(from)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(from, flags);
    let db = db.map_err(|error| open::wrong(from, error))?;
    open::identify(from, &db)?;
    let part = beside(to, ".part");
    if part.exists() {
        fs::remove_file(&part).map_err(|error| io(&part, error))?;
    }
    let name = part.to_str().ok_or_else(|| {
        io(
            &part,
            std::io::Error::other("SQLite takes only names in UTF-8"),
        )
    })?;
    let copied = db.execute("VACUUM INTO ?1", [name]);
    copied.map_err(|error| open::wrong(to, error))?;
    let put = || -> std::io::Result<()> {
        File::open(&part)?.sync_all()?;
        fs::rename(&part, to)?;
        open::sync_directory(to)
    };
    put().map_err(|error| io(to, error))
}
