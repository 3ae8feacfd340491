//! What a store tells of what it has done.

use super::{CallRecord, Charge, Settled, Settlement};

/// What a store has done.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Report<'a> {
    /// A settlement was booked.
    Settled {
        /// The settlement.
        settlement: &'a Settlement,
        /// How it found its hold.
        how: Settled,
    },
    /// A counter's usage reached a threshold for the first time. Of several at once the lowest is told of first; those that a
    /// settlement crossed are told of after it.
    #[non_exhaustive]
    Crossed {
        /// The charge that was booked, given up or corrected; it names counter, limit and rule.
        charge: &'a Charge,
        /// The threshold, in percent of the rule's amount.
        percent: u8,
        /// The counter's usage then.
        used: u64,
        /// The call that was settled; nothing where a hold expired or an operator corrected the counter.
        record: Option<&'a CallRecord>,
    },
    /// A settlement was given up, because it could not be delivered in time or too many are waiting: it is not booked, and
    /// what its hold reserved ends as expiry says.
    #[non_exhaustive]
    Lost {
        /// The settlement.
        settlement: &'a Settlement,
        /// Why.
        reason: &'a str,
    },
    /// The store has forgotten an organization's usage: it came back empty.
    #[non_exhaustive]
    Emptied {
        /// Whose.
        organization: &'a str,
    },
}

/// Whom a store tells of what it has done, whenever it has done it. Called with no lock held.
pub trait Reports: Send + Sync + 'static {
    /// Takes note of it.
    fn report(&self, report: Report<'_>);
}
