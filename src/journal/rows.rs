//! Rows of the tables, from what they are about.

use rusqlite::{Connection, OptionalExtension, ToSql, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::OpenHold;
use super::days::Day;
use super::fold;
use crate::store::arithmetic::State;
use crate::store::{CallRecord, Charge, CounterKey, HoldId, Settlement};
use crate::watch::Basis;

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

/// Writes what a counter stands at.
pub(super) fn balance(
    db: &Connection,
    charge: &Charge,
    state: &State,
    at: i64,
    seq: i64,
) -> rusqlite::Result<()> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO balances (counter, limit_id, unit, organization, project, user, model, period, used, amount, crossed, \
         ends_at, seq, terms, state) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
         ON CONFLICT (counter) DO UPDATE SET used = ?9, amount = ?10, crossed = ?11, ends_at = ?12, seq = ?13, terms = ?14, \
         state = ?15",
    )?;
    let (key, rule) = (&charge.key, charge.rule);
    let balance = state.balance(rule, fold::moment(at));
    let crossed: Vec<String> = state.crossed().iter().map(|at| at.to_string()).collect();
    let terms = Charge {
        amount: 0,
        ..charge.clone()
    };
    upsert.execute(params![
        key.as_str(),
        &*charge.limit,
        key.part("unit"),
        key.organization(),
        key.part("project"),
        key.part("user"),
        key.part("model"),
        key.part("period"),
        int(balance.used),
        int(balance.amount),
        crossed.join(","),
        fold::ends_at(state, rule, at),
        seq,
        json(&terms)?,
        json(state)?,
    ])?;
    Ok(())
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

/// Adds a call to its month. A sum that is too large for an integer of SQLite's is a float; cast back, it is the largest integer.
pub(super) fn total(db: &Connection, record: &CallRecord, day: &Day) -> rusqlite::Result<()> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO totals (month, organization, project, model, calls, input_tokens, cached_input_tokens, output_tokens, cost, \
         unreconciled, unpriced_calls, downgraded_calls, downgraded_saved) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
         ON CONFLICT (month, organization, ifnull(project, x''), model) DO UPDATE SET calls = calls + ?5, \
         input_tokens = CAST(input_tokens + ?6 AS INTEGER), cached_input_tokens = CAST(cached_input_tokens + ?7 AS INTEGER), \
         output_tokens = CAST(output_tokens + ?8 AS INTEGER), cost = CAST(cost + ?9 AS INTEGER), \
         unreconciled = CAST(unreconciled + ?10 AS INTEGER), unpriced_calls = unpriced_calls + ?11, \
         downgraded_calls = downgraded_calls + ?12, downgraded_saved = CAST(downgraded_saved + ?13 AS INTEGER)",
    )?;
    let (usage, cost) = (&record.usage, int(record.cost.usd.nanos()));
    let replaced = record.corrects;
    let before = replaced.map(|by| by.usage).unwrap_or_default();
    let before_cost = replaced.map_or(0, |by| int(by.cost.nanos()));
    let is_call = i64::from(replaced.is_none());
    let unreconciled = match record.basis {
        Basis::Unreconciled => cost,
        _ => 0,
    };
    let (organization, project) = (
        record.subject.organization_name(),
        record.subject.project_name(),
    );
    upsert.execute(params![
        day.month(),
        organization,
        project,
        &*record.model,
        is_call,
        int(usage.input_tokens) - int(before.input_tokens),
        int(usage.cached_input_tokens) - int(before.cached_input_tokens),
        int(usage.output_tokens) - int(before.output_tokens),
        cost - before_cost,
        // Only what nobody knew the usage of is ever corrected.
        unreconciled - before_cost,
        is_call * i64::from(!record.cost.unpriced.is_empty()),
        0,
        0,
    ])?;
    if let Some(asked_cost) = record.asked_cost {
        let saved = int(asked_cost.saturating_sub(record.cost.usd).nanos());
        let (month, asked) = (day.month(), &*record.asked);
        upsert.execute(params![
            month,
            organization,
            project,
            asked,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            1,
            saved
        ])?;
    }
    Ok(())
}
