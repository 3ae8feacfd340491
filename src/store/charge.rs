//! One limit's share of one call.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::CounterKey;
use super::arithmetic::Percents;
use crate::policy::{Durability, Enforcement, OnStoreFailure};

/// How a counter counts. Times are microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A token bucket: `capacity` fits, `refill` leaks away each `every` microseconds.
    Bucket {
        /// The most that fits.
        capacity: u64,
        /// How much leaks away…
        refill: u64,
        /// …in how many microseconds; at least one.
        every: u64,
    },
    /// A calendar period's budget.
    Budget {
        /// The most that may be used in the period.
        cap: u64,
        /// The first microsecond of the period, since the Unix epoch.
        starts_at: i64,
        /// The first microsecond after it.
        ends_at: i64,
    },
    /// A number of things under way at once.
    Gauge {
        /// The most at once.
        cap: u64,
    },
}

impl Rule {
    /// The limit's amount: capacity or cap.
    #[must_use]
    pub fn amount(&self) -> u64 {
        match *self {
            Self::Bucket { capacity, .. } => capacity,
            Self::Budget { cap, .. } | Self::Gauge { cap } => cap,
        }
    }
}

/// What one limit asks of one call: this much, on this counter, under this rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Charge {
    /// The counter.
    pub key: CounterKey,
    /// The limit's id, for messages.
    pub limit: Arc<str>,
    /// How the counter counts.
    pub rule: Rule,
    /// What happens when it does not fit.
    pub enforcement: Enforcement,
    /// Whether a hard refusal passes the call on to the next candidate.
    pub downgrades: bool,
    /// How much, in the limit's unit.
    pub amount: u64,
    /// What an expired hold leaves booked of the amount: calls stay counted, tokens go back, gauges always fall.
    pub kept_on_expiry: bool,
    /// The thresholds that are told of when the counter's usage reaches them, in percent of the rule's amount. Only those of
    /// a [`Rule::Budget`] count.
    pub alerts: Percents,
    /// What happens to the call when the store does not answer.
    pub on_store_failure: OnStoreFailure,
    /// When it has to be on disk, where there is a journal.
    pub durability: Durability,
}

/// A charge that was applied, and what to book for it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The charge as it was reserved.
    pub charge: Charge,
    /// What the call used, in the limit's unit. Ignored for gauges, which fall to nothing.
    pub actual: u64,
    /// What an earlier settlement of the same call, by another id, has booked already, and this one replaces. Zero but for
    /// corrections.
    pub booked: u64,
}

impl Booking {
    /// Books so much for a charge.
    #[must_use]
    pub fn new(charge: Charge, actual: u64) -> Self {
        Self {
            charge,
            actual,
            booked: 0,
        }
    }
}
