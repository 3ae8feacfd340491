//! A decision, and who made it.

use crate::policy::OnStoreFailure;
use crate::store::{Decision, HoldId};

/// A decision, and whether the store made it.
#[derive(Debug)]
pub(in crate::quota) struct Decided {
    pub(in crate::quota) decision: Decision,
    pub(in crate::quota) degraded: Option<Degraded>,
}

/// A decision was made without the store.
#[derive(Debug, Clone, Copy)]
pub(in crate::quota) struct Degraded {
    /// The id of the hold, if it was granted.
    pub(in crate::quota) id: HoldId,
    /// The strictest rule that took part in it.
    pub(in crate::quota) rule: OnStoreFailure,
}

impl From<Decision> for Decided {
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            degraded: None,
        }
    }
}
