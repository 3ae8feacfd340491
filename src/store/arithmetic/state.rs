//! One counter, of whichever kind its rule says.

use serde::{Deserialize, Serialize};

use super::{Bucket, Budget, Gauge, Leak, Percents};
use crate::clock::Moment;
use crate::policy::Enforcement;
use crate::store::{Adjustment, Balance, Charge, Reason, Rule};

/// A counter's state.
///
/// Each function takes the rule that holds now, and leaves the state as it is where it says so. A state that is
/// handed a rule of another kind becomes a fresh one of that kind; names of counters contain their kind, so that
/// no store comes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    count: Count,
    would_block: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Count {
    Bucket(Bucket),
    Budget(Budget),
    Gauge(Gauge),
}

/// What became of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was applied.
    Applied(Held),
    /// It is a shadow limit's and would not have fitted: only that was counted.
    WouldBlock,
    /// It is a hard limit's and does not fit: nothing has changed.
    Refused {
        /// Why.
        reason: Reason,
        /// In how many microseconds it would fit if nothing else came: `None` where waiting does not help or nobody knows.
        wait: Option<u64>,
    },
}

/// What an applied charge leaves behind, for its settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The rule under which it was granted.
    pub rule: Rule,
    /// The estimate.
    pub amount: u64,
    /// In a bucket, all that will ever have left it when this charge has, modulo 2^64; else zero.
    pub mark: u64,
    /// Whether an expiry keeps it booked.
    pub kept_on_expiry: bool,
}

impl State {
    /// The state of a counter that nothing was ever charged to.
    #[must_use]
    pub fn fresh(rule: Rule, now: Moment) -> Self {
        let count = match rule {
            Rule::Bucket { .. } => Count::Bucket(Bucket::fresh(now.steady)),
            Rule::Budget { .. } => Count::Budget(Budget::default()),
            Rule::Gauge { .. } => Count::Gauge(Gauge::default()),
        };
        Self {
            count,
            would_block: 0,
        }
    }

    /// The state with so many calls that a shadow limit would have refused.
    #[must_use]
    pub const fn with_would_block(self, calls: u64) -> Self {
        Self {
            would_block: calls,
            ..self
        }
    }

    /// Applies a charge if it fits. One that does not: hard, it is refused; soft, it is applied nevertheless;
    /// shadow, `would_block` grows by one.
    pub fn reserve(&mut self, charge: &Charge, now: Moment) -> Verdict {
        let mut next = self.at(charge.rule, now);
        let verdict = match (next.obstacle(charge, now), charge.enforcement) {
            (Some((reason, wait)), Enforcement::Hard) => return Verdict::Refused { reason, wait },
            (Some(_), Enforcement::Shadow) => {
                next.would_block = next.would_block.saturating_add(1);
                Verdict::WouldBlock
            }
            (Some(_), Enforcement::Soft) | (None, _) => Verdict::Applied(next.apply(charge)),
        };
        *self = next;
        verdict
    }

    /// Replaces an applied charge by what its call used. A gauge falls, whatever that is.
    pub fn settle(&mut self, held: &Held, actual: u64, now: Moment) {
        *self = self.at(held.rule, now);
        match &mut self.count {
            Count::Bucket(bucket) => bucket.settle(held.mark, held.amount, actual),
            Count::Budget(budget) => budget.settle(held.amount, actual),
            Count::Gauge(gauge) => gauge.lower(held.amount),
        }
    }

    /// Gives an applied charge up: it is settled at its estimate if it is kept on expiry, else at zero.
    pub fn expire(&mut self, held: &Held, now: Moment) {
        self.settle(held, held.kept(), now);
    }

    /// Corrects what the expiry of a charge left booked to what its call used.
    ///
    /// A bucket that kept the charge is settled as if it had not expired: what has leaked does not go back.
    pub fn settle_late(&mut self, held: &Held, actual: u64, now: Moment) {
        *self = self.at(held.rule, now);
        match &mut self.count {
            Count::Bucket(bucket) => bucket.settle(held.mark, held.kept(), actual),
            Count::Budget(budget) => {
                budget.debit(actual.saturating_sub(held.kept()));
                budget.credit(held.kept().saturating_sub(actual));
            }
            Count::Gauge(_) => {}
        }
    }

    /// Books what a call used whose reservation nobody remembers, in the place of what was `booked` for it before. A gauge
    /// stays: nothing was raised. A bucket gives nothing back: nobody remembers what of it has leaked.
    pub fn book(&mut self, rule: Rule, booked: u64, actual: u64, now: Moment) {
        *self = self.at(rule, now);
        match &mut self.count {
            Count::Bucket(bucket) => {
                bucket.add(actual.saturating_sub(booked));
            }
            Count::Budget(budget) => {
                budget.debit(actual.saturating_sub(booked));
                budget.credit(booked.saturating_sub(actual));
            }
            Count::Gauge(_) => {}
        }
    }

    /// Corrects the counter. What open holds have reserved stays reserved, except that a gauge, which knows nothing
    /// else, is raised by a debit, lowered by a credit and left alone by a reset.
    pub fn adjust(&mut self, rule: Rule, adjustment: Adjustment, now: Moment) {
        *self = self.at(rule, now);
        match (&mut self.count, adjustment) {
            (Count::Bucket(bucket), Adjustment::Credit(amount)) => bucket.drain(amount),
            (Count::Bucket(bucket), Adjustment::Debit(amount)) => {
                bucket.add(amount);
            }
            (Count::Bucket(bucket), Adjustment::Reset) => bucket.drain(u64::MAX),
            (Count::Budget(budget), Adjustment::Credit(amount)) => budget.credit(amount),
            (Count::Budget(budget), Adjustment::Debit(amount)) => budget.debit(amount),
            (Count::Budget(budget), Adjustment::Reset) => budget.credit(u64::MAX),
            (Count::Gauge(gauge), Adjustment::Credit(amount)) => gauge.lower(amount),
            (Count::Gauge(gauge), Adjustment::Debit(amount)) => gauge.raise(amount),
            (Count::Gauge(_), Adjustment::Reset) => {}
        }
    }

    /// Counts a call that a shadow limit would have refused.
    pub fn count_would_block(&mut self) {
        self.would_block = self.would_block.saturating_add(1);
    }

    /// The counter as it stands at `here`, for a steady clock that shows `there` then.
    #[must_use]
    pub fn rebased(&self, rule: Rule, here: Moment, there: Moment) -> Self {
        let mut state = self.at(rule, here);
        if let Count::Bucket(bucket) = &mut state.count {
            bucket.rebase(there.steady);
        }
        state
    }

    /// Marks the thresholds, in percent of the rule's amount, that the usage of a period has reached, and returns those
    /// that had no mark: to be told of, each once. To be asked after each booking, in the same step.
    ///
    /// Buckets and gauges have no thresholds: they come and go.
    pub fn cross(&mut self, rule: Rule, alerts: Percents) -> Percents {
        match (&mut self.count, rule) {
            (Count::Budget(budget), Rule::Budget { cap, .. }) => budget.cross(alerts, cap),
            _ => Percents::NONE,
        }
    }

    /// The counter at this time, for people.
    #[must_use]
    pub fn balance(&self, rule: Rule, now: Moment) -> Balance {
        let state = self.at(rule, now);
        let (used, held) = match &state.count {
            Count::Bucket(bucket) => (bucket.level(), 0),
            Count::Budget(budget) => (budget.used(), budget.held()),
            Count::Gauge(gauge) => (0, gauge.held()),
        };
        Balance {
            used,
            held,
            amount: rule.amount(),
            would_block: state.would_block,
            resets_in: state.resets_in(rule, now),
        }
    }

    /// The thresholds that were crossed, so that they must not be told of again.
    #[must_use]
    pub const fn crossed(&self) -> Percents {
        match &self.count {
            Count::Budget(budget) => budget.crossed(),
            Count::Bucket(_) | Count::Gauge(_) => Percents::NONE,
        }
    }

    /// The state under this rule at this time: leaked, and of the rule's kind.
    fn at(&self, rule: Rule, now: Moment) -> Self {
        let mut state = *self;
        match (&mut state.count, rule) {
            (Count::Bucket(bucket), Rule::Bucket { refill, every, .. }) => {
                bucket.leak(Leak::new(refill, every), now.steady);
            }
            (Count::Budget(_), Rule::Budget { .. }) | (Count::Gauge(_), Rule::Gauge { .. }) => {}
            _ => return Self::fresh(rule, now),
        }
        state
    }

    /// Why the charge does not fit, and for how long it will not.
    fn obstacle(&self, charge: &Charge, now: Moment) -> Option<(Reason, Option<u64>)> {
        let (amount, limit) = (charge.amount, charge.rule.amount());
        let (fits, reason) = match &self.count {
            Count::Bucket(bucket) => (bucket.fits(amount, limit), Reason::Rate),
            Count::Budget(budget) => (budget.fits(amount, limit), Reason::Quota),
            Count::Gauge(gauge) => (gauge.fits(amount, limit), Reason::Concurrent),
        };
        if fits {
            return None;
        }
        let Some(room) = limit.checked_sub(amount) else {
            return Some((Reason::NeverFits, None));
        };
        let wait = match (&self.count, charge.rule) {
            (Count::Bucket(bucket), Rule::Bucket { refill, every, .. }) => {
                bucket.time_until(room, Leak::new(refill, every), now.steady)
            }
            _ => self.resets_in(charge.rule, now),
        };
        Some((reason, wait))
    }

    fn resets_in(&self, rule: Rule, now: Moment) -> Option<u64> {
        match (&self.count, rule) {
            (Count::Bucket(bucket), Rule::Bucket { refill, every, .. }) => {
                bucket.time_until(0, Leak::new(refill, every), now.steady)
            }
            (_, Rule::Budget { ends_at, .. }) => Some(time_left(ends_at, now)),
            _ => None,
        }
    }

    fn apply(&mut self, charge: &Charge) -> Held {
        let mut mark = 0;
        match &mut self.count {
            Count::Bucket(bucket) => mark = bucket.add(charge.amount),
            Count::Budget(budget) => budget.hold(charge.amount),
            Count::Gauge(gauge) => gauge.raise(charge.amount),
        }
        Held {
            rule: charge.rule,
            amount: charge.amount,
            mark,
            kept_on_expiry: charge.kept_on_expiry,
        }
    }
}

impl From<Count> for State {
    fn from(count: Count) -> Self {
        Self {
            count,
            would_block: 0,
        }
    }
}

impl From<Bucket> for State {
    fn from(bucket: Bucket) -> Self {
        Count::Bucket(bucket).into()
    }
}

impl From<Budget> for State {
    fn from(budget: Budget) -> Self {
        Count::Budget(budget).into()
    }
}

impl From<Gauge> for State {
    fn from(gauge: Gauge) -> Self {
        Count::Gauge(gauge).into()
    }
}

impl Held {
    /// What an expiry leaves booked.
    #[must_use]
    pub const fn kept(&self) -> u64 {
        if self.kept_on_expiry { self.amount } else { 0 }
    }
}

/// Microseconds until a period's end, none after it.
pub(crate) fn time_left(ends_at: i64, now: Moment) -> u64 {
    u64::try_from(ends_at.saturating_sub(now.wall)).unwrap_or(0)
}
