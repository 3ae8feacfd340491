//! The journal's file: entries and all that follows from them, in one transaction for each batch.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::counters::Counters;
use super::days::Days;
use super::fold::{self, Change};
use super::heard::Heard;
use super::lock::Lock;
use super::storage::{Kept, Storage};
use super::terms::Terms;
use super::totals::Totals;
use super::{Entry, JournalError, keep, open, read, rows};
use crate::store::{Adjustment, Booking, Charge, HoldId, RunningPeriod, Settlement};

/// A journal in a SQLite file, which it keeps other processes from writing.
pub struct SqliteStorage {
    pub(super) path: PathBuf,
    pub(super) db: Connection,
    pub(super) days: Days,
    pub(super) heard: Heard,
    /// For how many days records are kept.
    pub(super) record_days: u32,
    pub(super) terms: Terms,
    pub(super) counters: Counters,
    totals: Totals,
    /// When the first call of the batch was admitted.
    since: Option<i64>,
    /// When anything was last heard of, within the batch.
    until: Option<i64>,
    in_batch: bool,
    is_new: bool,
    _lock: Lock,
}

impl SqliteStorage {
    /// Opens a journal, or makes a new one where there is none, and checks all of it: what counters stand at is what the entries
    /// make of them.
    ///
    /// # Errors
    /// When the file is another process's, damaged, of a newer version, no journal, or cannot be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        open::open(path.as_ref())
    }

    pub(super) fn of(
        path: PathBuf,
        db: Connection,
        (days, heard): (Days, Heard),
        lock: Lock,
        is_new: bool,
    ) -> Self {
        Self {
            path,
            db,
            days,
            heard,
            record_days: crate::store::Books::default().record_days,
            terms: Terms::default(),
            counters: Counters::default(),
            totals: Totals::default(),
            since: None,
            until: None,
            in_batch: false,
            is_new,
            _lock: lock,
        }
    }

    /// Whether there was no file.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The file may have so many pages at the most, of 4,096 bytes each: a full disk, for tests.
    #[doc(hidden)]
    pub fn limit_pages(&mut self, pages: u32) -> Result<(), JournalError> {
        let limited = self.db.pragma_update(None, "max_page_count", pages);
        limited.map_err(|error| self.wrong(error))
    }

    pub(super) fn wrong(&self, error: rusqlite::Error) -> JournalError {
        open::wrong(&self.path, error)
    }

    fn write_entry(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        match entry {
            Entry::Hold(hold) => {
                self.heard(hold.at);
                let bookings = self.bookings(&hold.bookings)?;
                rows::hold(&self.db, hold, &bookings)
            }
            Entry::Settled(settlement) => self.settle(settlement),
            Entry::Adjusted {
                charge,
                adjustment,
                now,
            } => {
                let (kind, amount) = match *adjustment {
                    Adjustment::Credit(amount) => ("credit", amount),
                    Adjustment::Debit(amount) => ("debit", amount),
                    Adjustment::Reset => ("reset", 0),
                };
                let change = Change::Adjust(*adjustment);
                self.correct((kind, None), &[(charge, amount)], change, now.wall)
            }
            Entry::WouldBlock { hold, charges, now } => {
                let blocked: Vec<_> = charges.iter().map(|charge| (charge, 1)).collect();
                let kind = ("would_block", Some(*hold));
                self.correct(kind, &blocked, Change::WouldBlock, now.wall)
            }
            Entry::Period(period) => self.begin_period(period),
            Entry::Books(books) => {
                self.record_days = books.record_days;
                self.days.use_zone(&books.zone);
                let mut update = self
                    .db
                    .prepare_cached("UPDATE journal SET zone = ?1 WHERE one = 1")?;
                update.execute([&*books.zone]).map(drop)
            }
        }
    }

    fn settle(&mut self, settlement: &Settlement) -> rusqlite::Result<()> {
        let at = settlement.now.wall;
        self.heard(at);
        let bookings = self.bookings(&settlement.bookings)?;
        let Some(seq) = self.append(at, "settled", Some(settlement.id), &bookings)? else {
            return Ok(());
        };
        for booking in &settlement.bookings {
            let (actual, booked) = (booking.actual, booking.booked);
            let change = Change::Book { actual, booked };
            self.counters
                .change(&self.db, &booking.charge, change, (at, seq))?;
        }
        let Some(record) = &settlement.record else {
            return Ok(());
        };
        let day = self.days.of(record.admitted_at);
        rows::record(&self.db, settlement, record, &day)?;
        self.totals.add(record, &day);
        self.since.get_or_insert(record.admitted_at);
        Ok(())
    }

    fn correct(
        &mut self,
        (kind, hold): (&str, Option<HoldId>),
        charges: &[(&Charge, u64)],
        change: Change,
        at: i64,
    ) -> rusqlite::Result<()> {
        self.heard(at);
        let booking = |&(charge, amount): &(&Charge, u64)| Booking::new(charge.clone(), amount);
        let bookings: Vec<_> = charges.iter().map(booking).collect();
        let bookings = self.bookings(&bookings)?;
        if let Some(seq) = self.append(at, kind, hold, &bookings)? {
            for (charge, _) in charges {
                self.counters.change(&self.db, charge, change, (at, seq))?;
            }
        }
        Ok(())
    }

    /// Appends an entry, and returns its number; nothing, if its hold was settled before.
    fn append(
        &self,
        at: i64,
        kind: &str,
        hold: Option<HoldId>,
        bookings: &str,
    ) -> rusqlite::Result<Option<i64>> {
        let mut insert = self.db.prepare_cached(
            "INSERT OR IGNORE INTO entries (at, kind, hold, bookings) VALUES (?1, ?2, ?3, ?4)",
        )?;
        let hold = hold.map(rows::blob);
        let rows = insert.execute(params![at, kind, hold, bookings])?;
        Ok((rows == 1).then(|| self.db.last_insert_rowid()))
    }

    /// Bookings as they stand in entries and holds: `[[terms, amount, booked before], …]`.
    fn bookings(&mut self, bookings: &[Booking]) -> rusqlite::Result<String> {
        let mut all = Vec::with_capacity(bookings.len());
        for booking in bookings {
            if fold::is_kept(&booking.charge) {
                all.push((
                    self.terms.id(&self.db, &booking.charge)?,
                    booking.actual,
                    booking.booked,
                ));
            }
        }
        rows::json(&all)
    }

    fn begin_period(&mut self, running: &RunningPeriod) -> rusqlite::Result<()> {
        let mut replace = self.db.prepare_cached(
            "INSERT OR REPLACE INTO periods (period, id, starts_at, ends_at, closed_until) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let span = &running.span;
        let period = running.period.as_str();
        let closed = running.closed_until;
        replace
            .execute(params![
                period,
                &*span.id,
                span.starts_at,
                span.ends_at,
                closed
            ])
            .map(drop)
    }

    fn heard(&mut self, at: i64) {
        self.heard.hear(at);
        self.until = Some(at);
    }

    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        if !self.in_batch {
            self.db.execute_batch("BEGIN IMMEDIATE")?;
            self.in_batch = true;
        }
        Ok(())
    }

    fn commit(&mut self) -> rusqlite::Result<()> {
        if !self.in_batch {
            return Ok(());
        }
        self.counters.write(&self.db, &mut self.terms)?;
        self.totals.write(&self.db)?;
        // Also where there was nothing to write: whoever asks wants to know whether the disk takes it.
        let mut update = self.db.prepare_cached(
            "UPDATE journal SET since = ifnull(since, ?1), until = ifnull(?2, until) WHERE one = 1",
        )?;
        update.execute([self.since.take(), self.until.take()])?;
        drop(update);
        self.finish()
    }

    /// Commits what was written to the tables themselves.
    pub(super) fn finish(&mut self) -> rusqlite::Result<()> {
        self.db.execute_batch("COMMIT")?;
        self.in_batch = false;
        Ok(())
    }

    /// As if nothing had been written since the last commit.
    pub(super) fn undo(&mut self) {
        self.counters.forget();
        self.terms.forget();
        self.totals.undo();
        (self.since, self.until) = (None, None);
        if std::mem::take(&mut self.in_batch) && !self.db.is_autocommit() {
            // A connection that cannot even undo fails again when it is next used.
            let _ = self.db.execute_batch("ROLLBACK");
        }
    }

    pub(super) fn or_undo<T>(&mut self, done: rusqlite::Result<T>) -> Result<T, JournalError> {
        done.map_err(|error| {
            self.undo();
            self.wrong(error)
        })
    }
}

impl Storage for SqliteStorage {
    fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let written = self.begin().and_then(|()| self.write_entry(entry));
        self.or_undo(written)
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        let synced = self.begin().and_then(|()| self.commit());
        self.or_undo(synced)
    }

    fn read(&mut self) -> Result<Kept, JournalError> {
        read::read(&self.db).map_err(|error| self.wrong(error))
    }

    fn tidy(&mut self) -> Result<bool, JournalError> {
        let tidied = keep::step(self);
        self.or_undo(tidied)
    }
}

impl fmt::Debug for SqliteStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStorage")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
