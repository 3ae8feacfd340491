//! A number of things under way.

use serde::{Deserialize, Serialize};

/// What is under way now; when it is over, nothing remains of it.
///
/// - **Admit** iff `held + amount <= cap`.
/// - **Reserve**: `held += amount`.
/// - **Settle**: `held -= amount`, whatever the call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Gauge {
    held: u64,
}

impl Gauge {
    /// A gauge that a store has kept elsewhere.
    #[must_use]
    pub const fn restored(held: u64) -> Self {
        Self { held }
    }

    /// What is under way.
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// Whether `amount` more fits.
    #[must_use]
    pub fn fits(&self, amount: u64, cap: u64) -> bool {
        self.held
            .checked_add(amount)
            .is_some_and(|held| held <= cap)
    }

    /// Raises the gauge, whether it fits or not.
    pub fn raise(&mut self, amount: u64) {
        self.held = self.held.saturating_add(amount);
    }

    /// Lowers the gauge, to zero at the lowest.
    pub fn lower(&mut self, amount: u64) {
        self.held = self.held.saturating_sub(amount);
    }
}
