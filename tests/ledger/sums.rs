//! Sums of usage records, as the report should show them.

use std::sync::Arc;

use tower_token_quota::model;
use tower_token_quota::prices::Part;
use tower_token_quota::watch::{Basis, Totals, UsageRecord};

/// The row of the report that a record is summed in: invented names that ran nothing have none of their own.
pub(crate) fn row(record: &UsageRecord) -> &str {
    let is_invented =
        record.unpriced.contains(Part::Model) && model::facts(&record.model).is_none();
    if is_invented && record.basis == Basis::NothingRan {
        "other"
    } else {
        &record.model
    }
}

/// Calls, input, output, cost, unreconciled.
pub(crate) type Facts = [i128; 5];

pub(crate) fn facts(totals: &Totals) -> Facts {
    [
        totals.calls,
        totals.input_tokens,
        totals.output_tokens,
        totals.cost.nanos(),
        totals.unreconciled.nanos(),
    ]
    .map(i128::from)
}

pub(crate) fn sum<'a>(records: impl Iterator<Item = &'a Arc<UsageRecord>>) -> Facts {
    let mut sum = [0; 5];
    for record in records {
        let cost = record.cost.nanos();
        let unreconciled = if record.basis == Basis::Unreconciled {
            cost
        } else {
            0
        };
        let (usage, calls) = (&record.usage, u64::from(record.replaces.is_none()));
        let added = [
            calls,
            usage.input_tokens,
            usage.output_tokens,
            cost,
            unreconciled,
        ];
        let replaced = record.replaces.map_or([0; 5], |was| {
            let cost = was.cost.nanos();
            [
                0,
                was.usage.input_tokens,
                was.usage.output_tokens,
                cost,
                cost,
            ]
        });
        for ((sum, added), replaced) in sum.iter_mut().zip(added).zip(replaced) {
            *sum += i128::from(added) - i128::from(replaced);
        }
    }
    sum
}
