//! Opening a journal: never one that is not what it should be, and never a new one in place of one that was lost.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::days::Days;
use super::heard::Heard;
use super::lock::{Lock, beside, io};
use super::look::look;
use super::sqlite::SqliteStorage;
use super::{JournalError, check};

/// Marks the file as ours: `ttqj`.
const APPLICATION: i32 = 0x7474_716A;

/// The version of the tables.
const VERSION: i32 = 2;

const SCHEMA: &str = include_str!("schema.sql");

/// For how long to wait for somebody who writes the file by hand.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn open(path: &Path) -> Result<SqliteStorage, JournalError> {
    let path = &resolved(path)?;
    look(path)?;
    let lock = Lock::take(path)?;
    let is_new = !path.try_exists().map_err(|error| io(path, error))?;
    if is_new {
        create(path)?;
    }
    let db = connect(path)?;
    identify(path, &db)?;
    configure(path, &db)?;
    check::check(path, &db)?;
    let days = days(&db).map_err(|error| wrong(path, error))?;
    let heard = heard(&db).map_err(|error| wrong(path, error))?;
    let times = (days, heard);
    Ok(SqliteStorage::of(path.clone(), db, times, lock, is_new))
}

/// The file itself, where the path is a link to it: the lock and the log stand beside it.
fn resolved(path: &Path) -> Result<PathBuf, JournalError> {
    match fs::canonicalize(path) {
        Ok(path) => Ok(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(io(path, error)),
    }
}

/// Makes a new journal beside its place and puts it there when it is whole: one that is half made is never found.
fn create(path: &Path) -> Result<(), JournalError> {
    let log = beside(path, "-wal");
    if log.exists() {
        let reason = format!("it is missing, and its log is there: {}", log.display());
        let path = path.to_owned();
        return Err(JournalError::Damaged { path, reason });
    }
    let new = beside(path, ".new");
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let left = beside(&new, suffix);
        if left.exists() {
            fs::remove_file(&left).map_err(|error| io(&left, error))?;
        }
    }
    let made = || -> rusqlite::Result<()> {
        let db = Connection::open(&new)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "application_id", APPLICATION)?;
        db.pragma_update(None, "user_version", VERSION)?;
        db.execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;"))?;
        db.execute("INSERT INTO journal (one, zone) VALUES (1, 'UTC')", [])?;
        db.close().map_err(|(_, error)| error)
    };
    made().map_err(|error| wrong(path, error))?;
    let put = || -> std::io::Result<()> {
        File::open(&new)?.sync_all()?;
        fs::rename(&new, path)?;
        sync_directory(path)
    };
    put().map_err(|error| io(path, error))
}

/// A name is on disk when its directory is.
pub(super) fn sync_directory(of: &Path) -> std::io::Result<()> {
    let directory = match of.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match cfg!(unix) {
        true => File::open(directory)?.sync_all(),
        false => Ok(()),
    }
}

fn connect(path: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags);
    let db = opened.map_err(|error| wrong(path, error))?;
    // Where it may not be written, SQLite opens it to be read, and says nothing.
    match db.is_readonly("main") {
        Ok(false) => Ok(db),
        Ok(true) => Err(JournalError::ReadOnly(path.to_owned())),
        Err(error) => Err(wrong(path, error)),
    }
}

/// Whether it is a journal, and of a version that we know.
pub(super) fn identify(path: &Path, db: &Connection) -> Result<(), JournalError> {
    let application = number(db, "application_id").map_err(|error| wrong(path, error))?;
    if application != APPLICATION {
        return Err(JournalError::NoJournal(path.to_owned()));
    }
    let found = number(db, "user_version").map_err(|error| wrong(path, error))?;
    match found {
        VERSION => Ok(()),
        found if found > VERSION => Err(JournalError::Newer {
            path: path.to_owned(),
            found,
            known: VERSION,
        }),
        1..VERSION => Err(JournalError::Older {
            path: path.to_owned(),
            found,
            known: VERSION,
        }),
        _ => Err(JournalError::NoJournal(path.to_owned())),
    }
}

/// A number that stands in the first page. An error where that is no database's.
pub(super) fn number(db: &Connection, name: &str) -> rusqlite::Result<i32> {
    db.pragma_query_value(None, name, |row| row.get(0))
}

fn configure(path: &Path, db: &Connection) -> Result<(), JournalError> {
    let configured = || -> rusqlite::Result<String> {
        db.busy_timeout(PATIENCE)?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
    };
    let mode = configured().map_err(|error| wrong(path, error))?;
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    let error = std::io::Error::other("its file system cannot keep a write-ahead log");
    Err(io(path, error))
}

/// The days of the time zone that was used last: what is recovered belongs to them.
fn days(db: &Connection) -> rusqlite::Result<Days> {
    let select = "SELECT zone FROM journal WHERE one = 1";
    let zone: String = db.query_row(select, [], |row| row.get(0))?;
    let mut days = Days::default();
    days.use_zone(&zone);
    Ok(days)
}

/// What times were heard of: those of the entries that are kept, and the last.
fn heard(db: &Connection) -> rusqlite::Result<Heard> {
    let mut heard = Heard::default();
    let mut select = db.prepare("SELECT at FROM entries ORDER BY seq")?;
    let mut entries = select.query([])?;
    while let Some(row) = entries.next()? {
        heard.hear(row.get(0)?);
    }
    let select = "SELECT until FROM journal WHERE one = 1";
    let until: Option<i64> = db.query_row(select, [], |row| row.get(0))?;
    until.into_iter().for_each(|at| heard.hear(at));
    Ok(heard)
}

/// An error of SQLite, in words that help.
pub(super) fn wrong(path: &Path, error: rusqlite::Error) -> JournalError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => JournalError::Damaged {
            path,
            reason: error.to_string(),
        },
        Some(ErrorCode::NotADatabase) => JournalError::NoJournal(path),
        Some(ErrorCode::ReadOnly) => JournalError::ReadOnly(path),
        _ => JournalError::Sqlite { path, error },
    }
}
