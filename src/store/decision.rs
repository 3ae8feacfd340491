//! What a store decided, and why.

use super::Balance;

/// What a store decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// One candidate fits, and all of its charges are applied.
    Granted {
        /// Which one.
        candidate: usize,
        /// The counter of each of its charges, in order, as it stands after the charge.
        balances: Vec<Balance>,
        /// The charges, by position, that a shadow limit would have refused; they were not applied.
        would_block: Vec<usize>,
    },
    /// None fits; nothing has changed.
    Refused(Vec<Refusal>),
    /// This hold has been settled already; nothing has changed.
    Closed,
    /// A charge's period does not run by the store's clock; nothing has changed. [`Store::clock_offset`](super::Store::clock_offset) tells how far the
    /// clocks are apart.
    WrongPeriod,
}

/// One charge that did not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The candidate's position in the reservation.
    pub candidate: usize,
    /// The charge's position in the candidate.
    pub charge: usize,
    /// Why.
    pub reason: Reason,
    /// The counter, unchanged.
    pub balance: Balance,
    /// In how many microseconds this charge would fit if nothing else came: `None` where waiting does not help or nobody knows.
    pub wait: Option<u64>,
}

/// Why a charge was refused, from the most lasting reason to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// More than the limit's whole amount: waiting will not help.
    NeverFits,
    /// A calendar period's amount is spent.
    Quota,
    /// A bucket is too full just now.
    Rate,
    /// Too many calls are under way.
    Concurrent,
}
