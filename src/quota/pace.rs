//! Whether a budget is spent faster than it lasts: a day's budget is what is left at the day's beginning, divided by the days
//! left, that day included.
//!
//! A second counter, of the same scope and one local day, says what the day was charged. Both are charged in one step, so that
//! what they say fits together, and the arithmetic is pure.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::policy::{CheckedLimit, Period, Span, Window};
use crate::store::{Balance, Charge, CounterKey, Rule};

/// What the store need not know of a day's charge, which stands beside that of its limit.
#[derive(Debug)]
pub(super) struct PlannedPace {
    /// The position of its limit among those of the call.
    pub(super) of: usize,
    /// Today included.
    pub(super) days_left: u64,
}

/// A day's charge, as its counter stood right after it was applied.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChargedPace<'a> {
    pub(super) charge: &'a Charge,
    /// The charge of its limit.
    pub(super) of: &'a Charge,
    pub(super) pace: Pace,
}

/// The period that a limit's pace is watched in, if it is.
pub(super) fn watched(limit: &CheckedLimit) -> Option<Period> {
    match limit.window {
        Window::Calendar(period) if limit.pace => Some(period),
        _ => None,
    }
}

/// How many days are left of a period, today included, given what ends it and today's span.
///
/// Days of 23 and 25 hours are days: a difference of half a day at most is rounded away. One that a zone left out, as Samoa did
/// with 30 December 2011, is none.
pub(super) fn days_left(period: Period, of: &Rule, today: &Span) -> u64 {
    const DAY: i64 = 24 * 3600 * 1_000_000;
    let most = match period {
        Period::Day => 1,
        Period::Week => 7,
        Period::Month => 31,
    };
    let ends_at = match *of {
        Rule::Budget { ends_at, .. } => ends_at,
        Rule::Bucket { .. } | Rule::Gauge { .. } => today.ends_at,
    };
    let left = ends_at.saturating_sub(today.starts_at);
    let days = left.saturating_add(DAY / 2).div_euclid(DAY);
    // A clock that was set, or a zone that was changed, may leave a day outside of its period for a while.
    u64::try_from(days).unwrap_or(0).clamp(1, most)
}

/// What a budget had to spend at the beginning of a day, and what was spent since. In the limit's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    left: u64,
    days_left: u64,
    today: u64,
}

impl Pace {
    /// From the counters of the whole period and of the day, which are charged together. What open calls hold counts as spent on
    /// both; what a correction has moved on the whole period's counter was so from the beginning of the day.
    pub(super) fn of(whole: &Balance, day: &Balance, days_left: u64) -> Self {
        let taken = |balance: &Balance| balance.used.saturating_add(balance.held);
        let before_today = taken(whole).saturating_sub(taken(day));
        Self {
            left: whole.amount.saturating_sub(before_today),
            days_left: days_left.max(1),
            today: taken(day),
        }
    }

    /// What was spent today, and what is held.
    pub(super) fn today(&self) -> u64 {
        self.today
    }

    /// The day's budget.
    pub(super) fn daily(&self) -> u64 {
        self.left / self.days_left
    }

    /// Whether more than 1.5 times of the day's budget is spent: `today > 3/2 * left / days`, without division.
    pub(super) fn is_too_fast(&self) -> bool {
        let spent = u128::from(self.today) * 2 * u128::from(self.days_left);
        spent > u128::from(self.left) * 3
    }
}

/// More days of counters than this are not remembered; the oldest are told of again.
const MOST: usize = 65_536;

/// The days of which somebody was told: each is told of once. Of this process only.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Days>);

#[derive(Debug, Default)]
struct Days {
    told: HashSet<CounterKey>,
    by_age: VecDeque<CounterKey>,
}

impl Told {
    /// Whether this is the first time for a day's counter.
    pub(super) fn is_first(&self, day: &CounterKey) -> bool {
        let mut days = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !days.told.insert(day.clone()) {
            return false;
        }
        days.by_age.push_back(day.clone());
        if days.by_age.len() > MOST
            && let Some(oldest) = days.by_age.pop_front()
        {
            days.told.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
