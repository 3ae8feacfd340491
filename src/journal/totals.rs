//! What calls have cost month by month. The calls of a batch are summed first, and each sum is written once.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::days::Day;
use super::rows::int;
use crate::store::CallRecord;
use crate::usage::Usage;
use crate::watch::Basis;

/// The sums of a batch.
#[derive(Default)]
pub(super) struct Totals(HashMap<Whose, Sum>);

/// The month, organization, project and model of a sum.
struct Whose {
    day: Arc<Day>,
    /// One of its calls.
    record: Arc<CallRecord>,
    model: Arc<str>,
}

#[derive(Default)]
struct Sum {
    calls: i64,
    input_tokens: i64,
    cached_input_tokens: i64,
    output_tokens: i64,
    cost: i64,
    unreconciled: i64,
    unpriced_calls: i64,
    downgraded_calls: i64,
    downgraded_saved: i64,
}

impl Totals {
    /// Adds a call to its month.
    pub(super) fn add(&mut self, record: &Arc<CallRecord>, day: &Arc<Day>) {
        let whose = |model: &Arc<str>| Whose {
            day: day.clone(),
            record: record.clone(),
            model: model.clone(),
        };
        let sum = self.0.entry(whose(&record.summed_as())).or_default();
        sum.add(record);
        if let Some(asked_cost) = record.asked_cost {
            let saved = int(asked_cost.saturating_sub(record.cost.usd).nanos());
            let sum = self.0.entry(whose(&record.asked)).or_default();
            sum.downgraded_calls += 1;
            sum.downgraded_saved = sum.downgraded_saved.saturating_add(saved);
        }
    }

    pub(super) fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        for (whose, sum) in self.0.drain() {
            sum.write(db, &whose)?;
        }
        Ok(())
    }

    /// As if no call had been added.
    pub(super) fn undo(&mut self) {
        self.0.clear();
    }
}

impl Whose {
    fn parts(&self) -> (&str, &str, Option<&str>, &str) {
        let subject = &self.record.subject;
        let organization = subject.organization_name();
        let month = self.day.month();
        (month, organization, subject.project_name(), &self.model)
    }
}

impl PartialEq for Whose {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Whose {}

impl Hash for Whose {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl Sum {
    fn add(&mut self, record: &CallRecord) {
        let (usage, cost) = (&record.usage, int(record.cost.usd.nanos()));
        let replaced = record.corrects;
        let before = replaced.map(|by| by.usage).unwrap_or_default();
        let before_cost = replaced.map_or(0, |by| int(by.cost.nanos()));
        let is_call = i64::from(replaced.is_none());
        let unreconciled = match record.basis {
            Basis::Unreconciled => cost,
            _ => 0,
        };
        let more = |sum: &mut i64, is: i64, was: i64| *sum = sum.saturating_add(is - was);
        let tokens =
            |sum: &mut i64, of: fn(&Usage) -> u64| more(sum, int(of(usage)), int(of(&before)));
        tokens(&mut self.input_tokens, |usage| usage.input_tokens);
        tokens(&mut self.cached_input_tokens, |usage| {
            usage.cached_input_tokens
        });
        tokens(&mut self.output_tokens, |usage| usage.output_tokens);
        more(&mut self.cost, cost, before_cost);
        // Only what nobody knew the usage of is ever corrected.
        more(&mut self.unreconciled, unreconciled, before_cost);
        self.calls += is_call;
        self.unpriced_calls += is_call * i64::from(!record.cost.unpriced.is_empty());
    }

    /// A sum that is too large for an integer of SQLite's is a float; cast back, it is the largest integer.
    fn write(&self, db: &Connection, whose: &Whose) -> rusqlite::Result<()> {
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
        let (month, organization, project, model) = whose.parts();
        upsert
            .execute(params![
                month,
                organization,
                project,
                model,
                self.calls,
                self.input_tokens,
                self.cached_input_tokens,
                self.output_tokens,
                self.cost,
                self.unreconciled,
                self.unpriced_calls,
                self.downgraded_calls,
                self.downgraded_saved,
            ])
            .map(drop)
    }
}
