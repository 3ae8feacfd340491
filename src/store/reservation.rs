//! What a store is asked.

use std::sync::Arc;
use std::time::Duration;

use super::{CallRecord, Charge, HoldId};
use crate::clock::Moment;

/// All that a store needs to decide on a call.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// The hold's id, made by us. The same id again changes nothing and gets the same decision.
    pub id: HoldId,
    /// Whose it is: the part that all of its counters' keys begin with, and by which a store may place it.
    pub organization: Arc<str>,
    /// The caller's time; a store with a clock of its own uses that instead.
    pub now: Moment,
    /// After which time an unsettled hold is given up.
    pub expires_in: Duration,
    /// What to try, in order: the asked model's charges, then each rung's.
    pub candidates: Vec<Vec<Charge>>,
    /// For each candidate what is booked should nobody ever say what its call used, for stores that write it down before the
    /// call is made. Of a candidate without one the estimate is booked, and no call is recorded.
    pub unreconciled: Vec<Unreconciled>,
}

/// What a call is booked at while nobody knows what it used: the most that it may have.
#[derive(Debug, Clone)]
pub struct Unreconciled {
    /// For each charge of its candidate, in order.
    pub actuals: Vec<u64>,
    /// The call, as one whose usage never came.
    pub record: Arc<CallRecord>,
}
