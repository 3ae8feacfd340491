//! Reading a journal: what the next process needs of it.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::HashMap;
use std::sync::Arc;

use super::storage::{Kept, KeptCounter};
use super::{DAY, OpenHold, rows};
use crate::api;
use crate::money::Usd;
use crate::policy::{Period, Span};
use crate::prices::Cost;
use crate::store::{Booking, CallRecord, Charge, HoldId, MonthTotals, Past, RunningPeriod};
use crate::subject::Subject;
use crate::usage::{Estimate, Usage};
use crate::watch::{Basis, Saved, Saving, Totals};

pub(super) fn read(db: &Connection) -> rusqlite::Result<Kept> {
    let past = past(db)?;
    Ok(Kept {
        counters: counters(db, past.until)?,
        open: open_holds(db)?,
        done: done(db)?,
        past,
    })
}

fn past(db: &Connection) -> rusqlite::Result<Past> {
    let select = "SELECT since, until FROM journal WHERE one = 1";
    let (since, until) = db.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Past {
        since,
        until,
        running: running(db)?,
        months: months(db)?,
    })
}

fn running(db: &Connection) -> rusqlite::Result<Vec<RunningPeriod>> {
    let mut select =
        db.prepare("SELECT period, id, starts_at, ends_at, closed_until FROM periods")?;
    let rows = select.query_map([], |row| {
        let name: String = row.get(0)?;
        let period = Period::ALL.into_iter().find(|it| it.as_str() == name);
        let span = Span {
            id: row.get(1)?,
            starts_at: row.get(2)?,
            ends_at: row.get(3)?,
        };
        let closed_until = row.get(4)?;
        Ok(period.map(|period| RunningPeriod {
            period,
            span,
            closed_until,
        }))
    })?;
    Ok(rows
        .collect::<rusqlite::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

fn months(db: &Connection) -> rusqlite::Result<Vec<MonthTotals>> {
    let mut select = db.prepare(
        "SELECT month, organization, project, model, calls, input_tokens, cached_input_tokens, output_tokens, cost, unreconciled, \
         unpriced_calls, downgraded_calls, downgraded_saved FROM totals ORDER BY month, organization",
    )?;
    let rows = select.query_map([], |row| {
        Ok(MonthTotals {
            month: row.get(0)?,
            organization: row.get(1)?,
            project: row.get(2)?,
            model: row.get(3)?,
            totals: totals(row)?,
        })
    })?;
    rows.collect()
}

fn totals(row: &Row<'_>) -> rusqlite::Result<Totals> {
    Ok(Totals {
        calls: amount(row, 4)?,
        input_tokens: amount(row, 5)?,
        cached_input_tokens: amount(row, 6)?,
        output_tokens: amount(row, 7)?,
        cost: Usd::from_nanos(amount(row, 8)?),
        unreconciled: Usd::from_nanos(amount(row, 9)?),
        unpriced_calls: amount(row, 10)?,
        saved: Saved {
            downgraded: Saving {
                calls: amount(row, 11)?,
                cost: Usd::from_nanos(amount(row, 12)?),
            },
            ..Saved::default()
        },
    })
}

fn amount(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let largest = i64::MAX.unsigned_abs();
    Ok(match row.get_ref(column)? {
        // What SQLite made of a sum that was too large for its integers.
        ValueRef::Real(amount) if amount > 0.0 => largest,
        ValueRef::Real(_) => 0,
        amount => u64::try_from(amount.as_i64_or_null()?.unwrap_or(0)).unwrap_or(0),
    })
}

/// The counters that counted anything a day ago, and those whose periods are not closed: a clock that jumped out of one may be set
/// right.
fn counters(db: &Connection, until: Option<i64>) -> rusqlite::Result<Vec<KeptCounter>> {
    let mut select = db.prepare(
        "SELECT terms.terms, state FROM balances LEFT JOIN terms ON terms.id = balances.terms WHERE ends_at IS NULL OR ends_at > ?1 OR ends_at > ifnull((SELECT closed_until \
         FROM periods WHERE periods.period = substr(balances.period, 1, instr(balances.period, ':') - 1)), ?2) ORDER BY balances.counter",
    )?;
    // For a day after its end memory keeps a period's counter as well.
    let since = until.unwrap_or(i64::MIN).saturating_sub(DAY);
    let rows = select.query_map([since, i64::MIN], |row| {
        Ok(KeptCounter {
            charge: rows::from_json(&row.get::<_, String>(0)?)?,
            state: rows::from_json(&row.get::<_, String>(1)?)?,
        })
    })?;
    rows.collect()
}

fn done(db: &Connection) -> rusqlite::Result<Vec<HoldId>> {
    let mut select = db.prepare("SELECT hold FROM entries WHERE kind = 'settled'")?;
    let rows = select.query_map([], |row| row.get(0).map(id))?;
    rows.collect()
}

fn id(bytes: [u8; 16]) -> HoldId {
    HoldId::from_u128(u128::from_be_bytes(bytes))
}

fn open_holds(db: &Connection) -> rusqlite::Result<Vec<OpenHold>> {
    let mut select = db.prepare(
        "SELECT hold, at, organization, bookings, project, user, tier, api, asked, model, reserved_input_tokens, \
         reserved_output_tokens, input_tokens, output_tokens, cost FROM holds \
         WHERE NOT EXISTS (SELECT 1 FROM entries WHERE entries.hold = holds.hold AND kind = 'settled') ORDER BY at, hold",
    )?;
    let mut terms = HashMap::new();
    let rows = select.query_map([], |row| {
        Ok(OpenHold {
            id: id(row.get(0)?),
            organization: row.get(2)?,
            at: row.get(1)?,
            bookings: bookings(db, &mut terms, &row.get::<_, String>(3)?)?,
            record: record(row)?,
        })
    })?;
    rows.collect()
}

/// Bookings, from how they stand in entries and holds.
pub(super) fn bookings(
    db: &Connection,
    terms: &mut HashMap<i64, Charge>,
    text: &str,
) -> rusqlite::Result<Vec<Booking>> {
    let all: Vec<(i64, u64, u64)> = rows::from_json(text)?;
    let mut bookings = Vec::with_capacity(all.len());
    for (id, actual, booked) in all {
        let charge = match terms.get(&id) {
            Some(charge) => charge.clone(),
            None => {
                let charge = charge(db, id)?;
                terms.insert(id, charge.clone());
                charge
            }
        };
        bookings.push(Booking {
            charge,
            actual,
            booked,
        });
    }
    Ok(bookings)
}

fn charge(db: &Connection, id: i64) -> rusqlite::Result<Charge> {
    let mut select = db.prepare_cached("SELECT terms FROM terms WHERE id = ?1")?;
    let text: Option<String> = select.query_row([id], |row| row.get(0)).optional()?;
    let missing = || {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(0, kind, format!("no terms {id}").into())
    };
    rows::from_json(&text.ok_or_else(missing)?)
}

/// The call of a hold, as one whose usage never came.
fn record(row: &Row<'_>) -> rusqlite::Result<Option<Arc<CallRecord>>> {
    let Some(model) = row.get(9)? else {
        return Ok(None);
    };
    let (project, user): (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
    let tier: Option<String> = row.get(6)?;
    let tier = tier.unwrap_or_default();
    let subject = match user {
        Some(user) => Subject::user(user, tier),
        None => Subject::new(tier),
    };
    let subject = subject.organization(row.get::<_, String>(2)?);
    let subject = match project {
        Some(project) => subject.project(project),
        None => subject,
    };
    let api: Option<String> = row.get(7)?;
    Ok(Some(Arc::new(CallRecord {
        subject,
        api: api.and_then(|name| api::name_of_family(&name)),
        admitted_at: row.get(1)?,
        asked: row.get(8)?,
        model,
        reserved: Estimate {
            input_tokens: amount(row, 10)?,
            output_tokens: amount(row, 11)?,
        },
        usage: Usage::new(amount(row, 12)?, amount(row, 13)?),
        basis: Basis::Unreconciled,
        cost: Cost {
            usd: Usd::from_nanos(amount(row, 14)?),
            ..Cost::default()
        },
        asked_cost: None,
        corrects: None,
    })))
}
