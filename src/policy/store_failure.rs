//! What becomes of a call while the store does not answer.

use serde::{Deserialize, Serialize};

/// What a hard limit does while the store of its counter does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStoreFailure {
    /// Calls are refused with 503. The default of dollars.
    Closed,
    /// Calls pass; they are booked when the store answers again. Nothing bounds them meanwhile.
    Open,
    /// Calls are bounded by this instance's share of what was left when the store last answered: the amount less what was
    /// used, divided by the policy's `instances`. The default of all but dollars.
    Local,
}

impl OnStoreFailure {
    /// The rule's name in configuration and headers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Local => "local",
        }
    }
}
