//! What need not be kept: entries of which only their sum matters any more, and records that are old. Totals stay for ever.
//!
//! Each step is a small transaction between two batches, so that no call waits for more than one.

use std::collections::HashMap;

use rusqlite::params;

use super::DAY;
use super::check::{Folded, FoldedEntry};
use super::rows;
use super::sqlite::SqliteStorage;

/// So many rows of a kind go in one step.
const STEP: u16 = 256;

/// For how long entries are kept one by one, and with them the ids of what was settled.
const ENTRIES: i64 = DAY;

/// Forgets a little. Returns whether there is more.
pub(super) fn step(storage: &mut SqliteStorage) -> rusqlite::Result<bool> {
    let Some(now) = storage.heard.known() else {
        return Ok(false);
    };
    let entries_until = now.saturating_sub(ENTRIES);
    let records = i64::from(storage.record_days).saturating_mul(DAY);
    let records_until = now.saturating_sub(records.max(ENTRIES));
    storage.begin()?;
    let folded = fold_entries(storage, entries_until)?;
    let records = delete_records(storage, records_until)?;
    let counters = delete_counters(storage, records_until)?;
    storage.finish()?;
    let most = folded.max(records).max(counters);
    Ok(most >= usize::from(STEP))
}

/// The last of the oldest rows that may go, given a query for their numbers and times, in their order: one that is younger keeps
/// those after it. One that a clock was wrong about goes with those after it.
fn last_before(storage: &SqliteStorage, query: &str, until: i64) -> rusqlite::Result<Option<i64>> {
    let mut select = storage.db.prepare_cached(query)?;
    let mut rows = select.query([])?;
    let (mut last, mut count) = (None, 0);
    while let Some(row) = rows.next()?
        && count < STEP
    {
        let (seq, at) = (row.get(0)?, row.get(1)?);
        if at < until {
            (last, count) = (Some(seq), count + 1);
        } else if !storage.heard.is_to_come(at) {
            break;
        }
    }
    Ok(last)
}

/// Folds the oldest entries into what the counters stood at before the others. In their order, or it would be another sum.
fn fold_entries(storage: &SqliteStorage, until: i64) -> rusqlite::Result<usize> {
    let all = "SELECT seq, at FROM entries ORDER BY seq";
    let Some(last) = last_before(storage, all, until)? else {
        return Ok(0);
    };
    let db = &storage.db;
    let mut select =
        db.prepare_cached("SELECT at, kind, bookings FROM entries WHERE seq <= ?1 ORDER BY seq")?;
    let (mut folded, mut terms) = (Folded::default(), HashMap::new());
    let mut entries = select.query([last])?;
    while let Some(row) = entries.next()? {
        folded.add(db, &FoldedEntry::read(db, &mut terms, row)?)?;
    }
    drop(entries);
    let mut update = db.prepare_cached("UPDATE balances SET base = ?2 WHERE counter = ?1")?;
    for (counter, state) in &folded.states {
        update.execute(params![counter, rows::json(state)?])?;
    }
    let mut delete_holds = db.prepare_cached(
        "DELETE FROM holds WHERE hold IN (SELECT hold FROM entries WHERE seq <= ?1 AND kind = 'settled')",
    )?;
    delete_holds.execute([last])?;
    let mut delete = db.prepare_cached("DELETE FROM entries WHERE seq <= ?1")?;
    delete.execute([last])
}

/// Deletes the oldest records, up to the first that is to be kept.
fn delete_records(storage: &SqliteStorage, until: i64) -> rusqlite::Result<usize> {
    let all = "SELECT seq, at FROM records ORDER BY seq";
    let Some(last) = last_before(storage, all, until)? else {
        return Ok(0);
    };
    let mut delete = storage
        .db
        .prepare_cached("DELETE FROM records WHERE seq <= ?1")?;
    delete.execute([last])
}

/// Deletes counters whose periods ended as long ago as the records that go, and buckets that have been dry since.
fn delete_counters(storage: &mut SqliteStorage, until: i64) -> rusqlite::Result<usize> {
    let db = &storage.db;
    let mut select = db.prepare_cached(
        "SELECT counter, period FROM balances \
         WHERE ends_at < ?1 AND seq < (SELECT ifnull(min(seq), 9223372036854775807) FROM entries) LIMIT ?2",
    )?;
    let ended = select.query_map(params![until, STEP], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let ended: Vec<(String, Option<String>)> = ended.collect::<rusqlite::Result<_>>()?;
    if ended.is_empty() {
        return Ok(0);
    }
    let is_held: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM holds WHERE at < ?1 \
         AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.hold = holds.hold AND kind = 'settled'))",
        [until],
        |row| row.get(0),
    )?;
    let mut delete = db.prepare_cached("DELETE FROM balances WHERE counter = ?1")?;
    let mut delete_terms = db.prepare_cached("DELETE FROM terms WHERE counter = ?1")?;
    for (counter, period) in &ended {
        delete.execute([counter])?;
        // A hold that is still open names its terms. Only one as old as the period can have those of a period.
        if period.is_some() && !is_held {
            delete_terms.execute([counter])?;
        }
    }
    drop((select, delete, delete_terms));
    storage.counters.forget();
    storage.terms.forget();
    Ok(ended.len())
}
