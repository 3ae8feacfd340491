//! Rows of the tables, from what they are about.

use rusqlite::{CachedStatement, Connection, OptionalExtension, ToSql, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::OpenHold;
use super::days::Day;
use crate::store::arithmetic::{Percents, State};
use crate::store::{CallRecord, Charge, CounterKey, HoldId, Settlement};

/// As SQLite has integers. What is beyond that stands in `state` exactly.
pub(super) fn int(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

pub(super) fn blob(id: HoldId) -> [u8; 16] {
    id.as_u128().to_be_bytes()
}

pub(super) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// A column of JSON.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    let kind = rusqlite::types::Type::Text;
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, kind, error.into()))
}

/// Inserts a hold, unless it is there.
pub(super) fn hold(db: &Connection, hold: &OpenHold, bookings: &str) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO holds (hold, at, organization, bookings, project, user, tier, api, asked, model, \
         reserved_input_tokens, reserved_output_tokens, input_tokens, output_tokens, cost) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    let record = hold.record.as_deref();
    insert.execute(params![
        blob(hold.id),
        hold.at,
        &*hold.organization,
        bookings,
        record.and_then(|record| record.subject.project_name()),
        record.and_then(|record| record.subject.user_name()),
        record.map(|record| record.subject.tier_name()),
        record.and_then(|record| record.api),
        record.map(|record| &*record.asked),
        record.map(|record| &*record.model),
        record.map(|record| int(record.reserved.input_tokens)),
        record.map(|record| int(record.reserved.output_tokens)),
        record.map(|record| int(record.usage.input_tokens)),
        record.map(|record| int(record.usage.output_tokens)),
        record.map(|record| int(record.cost.usd.nanos())),
    ])?;
    Ok(())
}

/// What is counted of a counter.
pub(super) fn state(db: &Connection, key: &CounterKey) -> rusqlite::Result<Option<State>> {
    let mut select = db.prepare_cached("SELECT state FROM balances WHERE counter = ?1")?;
    let state: Option<String> = select
        .query_row([key.as_str()], |row| row.get(0))
        .optional()?;
    state.map(|state| from_json(&state)).transpose()
}

/// What a counter's row has beside what each booking changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// The number of its last charge's terms.
    pub(super) terms: i64,
    pub(super) crossed: Percents,
    pub(super) ends_at: Option<i64>,
}

/// What each booking changes of a counter's row.
pub(super) struct Standing<'a> {
    pub(super) used: u64,
    /// The last entry that changed it.
    pub(super) seq: i64,
    pub(super) state: &'a State,
}

/// Writes the row of a counter, and returns its number.
pub(super) fn balance(
    db: &Connection,
    charge: &Charge,
    row: &Row,
    now: &Standing<'_>,
) -> rusqlite::Result<i64> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO balances (counter, limit_id, unit, organization, project, user, model, period, used, amount, crossed, \
         ends_at, seq, terms, state) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
         ON CONFLICT (counter) DO UPDATE SET used = ?9, amount = ?10, crossed = ?11, ends_at = ?12, seq = ?13, terms = ?14, \
         state = ?15 RETURNING id",
    )?;
    let key = &charge.key;
    let crossed: Vec<String> = row.crossed.iter().map(|at| at.to_string()).collect();
    let columns = params![
        key.as_str(),
        &*charge.limit,
        key.part("unit"),
        key.organization(),
        key.part("project"),
        key.part("user"),
        key.part("model"),
        key.part("period"),
        int(now.used),
        int(charge.rule.amount()),
        crossed.join(","),
        row.ends_at,
        now.seq,
        row.terms,
        json(now.state)?,
    ];
    upsert.query_row(columns, |row| row.get(0))
}

/// Changes a row that stays as it was otherwise, by its number: no name is compared, and no index changed.
pub(super) struct Update<'db>(CachedStatement<'db>);

impl<'db> Update<'db> {
    pub(super) fn of(db: &'db Connection) -> rusqlite::Result<Self> {
        let update = "UPDATE balances SET used = ?2, seq = ?3, state = ?4 WHERE id = ?1";
        db.prepare_cached(update).map(Self)
    }

    pub(super) fn row(&mut self, id: i64, now: &Standing<'_>) -> rusqlite::Result<()> {
        let columns = params![id, int(now.used), now.seq, json(now.state)?];
        match self.0.execute(columns)? {
            1 => Ok(()),
            rows => Err(rusqlite::Error::StatementChangedRows(rows)),
        }
    }
}

/// Inserts the record of a call.
pub(super) fn record(
    db: &Connection,
    settlement: &Settlement,
    record: &CallRecord,
    day: &Day,
) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO records (hold, at, admitted_at, day, month, organization, project, user, tier, api, asked, model, \
         input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, cache_write_1h_tokens, tool_use_input_tokens, \
         reasoning_tokens, audio_input_tokens, audio_output_tokens, accepted_prediction_tokens, rejected_prediction_tokens, \
         web_searches, service_tier, cost, unpriced, basis, replaces, replaced_input_tokens, replaced_output_tokens, \
         replaced_cost) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, \
         ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32)",
    )?;
    let (subject, usage) = (&record.subject, &record.usage);
    let tier = usage.service_tier.map(|tier| tier.as_str());
    let replaced = record.corrects;
    let replaced_usage = replaced.map(|by| by.usage).unwrap_or_default();
    let columns: [&dyn ToSql; 32] = [
        &blob(settlement.id),
        &settlement.now.wall,
        &record.admitted_at,
        &day.day(),
        &day.month(),
        &subject.organization_name(),
        &subject.project_name(),
        &subject.user_name(),
        &subject.tier_name(),
        &record.api,
        &&*record.asked,
        &&*record.model,
        &int(usage.input_tokens),
        &int(usage.output_tokens),
        &int(usage.cached_input_tokens),
        &int(usage.cache_write_tokens),
        &int(usage.cache_write_1h_tokens),
        &int(usage.tool_use_input_tokens),
        &int(usage.reasoning_tokens),
        &int(usage.audio_input_tokens),
        &int(usage.audio_output_tokens),
        &int(usage.accepted_prediction_tokens),
        &int(usage.rejected_prediction_tokens),
        &int(usage.web_searches),
        &tier,
        &int(record.cost.usd.nanos()),
        &record.cost.unpriced.to_string(),
        &record.basis.as_str(),
        &replaced.map(|by| blob(by.hold)),
        &int(replaced_usage.input_tokens),
        &int(replaced_usage.output_tokens),
        &replaced.map_or(0, |by| int(by.cost.nanos())),
    ];
    insert.execute(&columns[..]).map(drop)
}
