//! Whether a journal holds what was written: its pages are whole, and what counters stand at is what the entries make of them.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, Row};

use super::fold::{self, Change};
use super::{JournalError, open, read, rows};
use crate::store::arithmetic::State;
use crate::store::{Adjustment, Booking, Charge, CounterKey};

pub(super) fn check(path: &Path, db: &Connection) -> Result<(), JournalError> {
    let wrong = |error: rusqlite::Error| match error {
        rusqlite::Error::FromSqlConversionFailure(..) => damaged(path, error.to_string()),
        error => open::wrong(path, error),
    };
    let pages = pages(db).map_err(wrong)?;
    if pages != "ok" {
        return Err(damaged(path, pages));
    }
    match differing(db).map_err(wrong)? {
        None => Ok(()),
        Some(counter) => {
            let reason = format!("what counter {counter} stands at is not what was booked");
            Err(damaged(path, reason))
        }
    }
}

fn damaged(path: &Path, reason: String) -> JournalError {
    JournalError::Damaged {
        path: path.to_owned(),
        reason,
    }
}

/// `ok`, or what is wrong with the file.
fn pages(db: &Connection) -> rusqlite::Result<String> {
    db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
}

/// The first counter whose balance is not the fold of its entries.
fn differing(db: &Connection) -> rusqlite::Result<Option<String>> {
    let mut folded = Folded::default();
    let mut select = db.prepare("SELECT at, kind, bookings FROM entries ORDER BY seq")?;
    let mut terms = HashMap::new();
    let mut entries = select.query([])?;
    while let Some(row) = entries.next()? {
        let entry = FoldedEntry::read(db, &mut terms, row)?;
        folded.add(db, &entry)?;
    }
    let mut select = db.prepare("SELECT counter, state, base IS state AS is_base FROM balances")?;
    let mut balances = select.query([])?;
    while let Some(row) = balances.next()? {
        let (counter, state): (String, String) = (row.get(0)?, row.get(1)?);
        let state: State = rows::from_json(&state)?;
        let agrees = match folded.states.remove(counter.as_str()) {
            Some(folded) => folded == state,
            None => row.get(2)?,
        };
        if !agrees {
            return Ok(Some(counter));
        }
    }
    Ok(folded.states.into_keys().next())
}

/// An entry, as it changes counters.
pub(super) struct FoldedEntry {
    at: i64,
    changes: Vec<(Charge, Change)>,
}

impl FoldedEntry {
    /// From a row of `at, kind, bookings`.
    pub(super) fn read(
        db: &Connection,
        terms: &mut HashMap<i64, Charge>,
        row: &Row<'_>,
    ) -> rusqlite::Result<Self> {
        let (at, kind, text): (_, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let change = |booking: Booking| {
            let Booking {
                charge,
                actual,
                booked,
            } = booking;
            let change = match kind.as_str() {
                "settled" => Change::Book { actual, booked },
                "credit" => Change::Adjust(Adjustment::Credit(actual)),
                "debit" => Change::Adjust(Adjustment::Debit(actual)),
                "reset" => Change::Adjust(Adjustment::Reset),
                "would_block" => Change::WouldBlock,
                _ => return Err(unknown(&kind)),
            };
            Ok((charge, change))
        };
        let bookings = read::bookings(db, terms, &text)?;
        let changes = bookings.into_iter().map(change);
        Ok(Self {
            at,
            changes: changes.collect::<rusqlite::Result<_>>()?,
        })
    }
}

fn unknown(kind: &str) -> rusqlite::Error {
    let reason = format!("no entry is called {kind}");
    rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, reason.into())
}

/// What entries have made of counters, from what these stood at before.
#[derive(Default)]
pub(super) struct Folded {
    pub(super) states: HashMap<String, State>,
}

impl Folded {
    pub(super) fn add(&mut self, db: &Connection, entry: &FoldedEntry) -> rusqlite::Result<()> {
        for (charge, change) in &entry.changes {
            let key = charge.key.as_str();
            if !self.states.contains_key(key) {
                let base = base(db, &charge.key)?;
                let state = base.unwrap_or_else(|| fold::fresh(charge, entry.at));
                self.states.insert(key.to_owned(), state);
            }
            if let Some(state) = self.states.get_mut(key) {
                fold::fold(state, charge, *change, entry.at);
            }
        }
        Ok(())
    }
}

/// What a counter stood at before the first entry that is kept.
fn base(db: &Connection, key: &CounterKey) -> rusqlite::Result<Option<State>> {
    use rusqlite::OptionalExtension;
    let mut select = db.prepare_cached("SELECT base FROM balances WHERE counter = ?1")?;
    let base: Option<Option<String>> = select
        .query_row([key.as_str()], |row| row.get(0))
        .optional()?;
    base.flatten()
        .map(|base| rows::from_json(&base))
        .transpose()
}
