//! What entries make of a counter. Pure: the balances in a journal are nothing but this, entry after entry.

use crate::clock::Moment;
use crate::store::arithmetic::{Percents, State};
use crate::store::{Adjustment, Charge, Rule};

/// In microseconds.
const HOUR: i64 = 3600 * 1_000_000;

/// What an entry does to one counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Books what a call used, in place of what was booked before.
    Book { actual: u64, booked: u64 },
    /// Corrects it.
    Adjust(Adjustment),
    /// Counts a call that a shadow limit would have refused.
    WouldBlock,
}

/// The time of an entry: buckets leak by the wall clock here, the only one that outlives a process.
pub(super) fn moment(at: i64) -> Moment {
    Moment {
        wall: at,
        steady: u64::try_from(at).unwrap_or(0),
    }
}

/// What a change makes of a counter, and which thresholds that crosses.
pub(super) fn fold(state: &mut State, charge: &Charge, change: Change, at: i64) -> Percents {
    let now = moment(at);
    match change {
        Change::Book { actual, booked } => state.book(charge.rule, booked, actual, now),
        Change::Adjust(adjustment) => state.adjust(charge.rule, adjustment, now),
        Change::WouldBlock => state.count_would_block(),
    }
    state.cross(charge.rule, charge.alerts)
}

/// A counter before its first entry.
pub(super) fn fresh(charge: &Charge, at: i64) -> State {
    State::fresh(charge.rule, moment(at))
}

/// Whether a counter outlives its process: what is under way does not.
pub(super) fn is_kept(charge: &Charge) -> bool {
    !matches!(charge.rule, Rule::Gauge { .. })
}

/// From when on a counter counts nothing: its period is over, or the hour in which it has leaked dry. Nothing, if that never comes by itself.
pub(super) fn ends_at(state: &State, rule: Rule, at: i64) -> Option<i64> {
    match rule {
        Rule::Budget { ends_at, .. } => Some(ends_at),
        Rule::Bucket { .. } => {
            let dry_in = state.balance(rule, moment(at)).resets_in?;
            let dry_at = at.saturating_add_unsigned(dry_in);
            // In whole hours it seldom changes.
            Some(dry_at.saturating_add(HOUR - dry_at.rem_euclid(HOUR)))
        }
        Rule::Gauge { .. } => None,
    }
}
