//! A calendar period's amount: what is used stays used.

use serde::{Deserialize, Serialize};

use super::Percents;

/// What has been used in one period, and what open holds have reserved beside it.
///
/// - **Admit** iff `used + held + amount <= cap`.
/// - **Reserve**: `held += estimate`.
/// - **Settle**: `held -= estimate`, `used += actual`.
/// - **Cross** a threshold iff `used >= cap * percent / 100` and it was not crossed before. A credit takes no mark back.
///
/// The period is part of the counter's name, so a budget never begins anew: the next period has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Budget {
    used: u64,
    held: u64,
    crossed: Percents,
}

impl Budget {
    /// A period that a store has kept elsewhere, to be looked at: which thresholds were crossed is not known.
    #[must_use]
    pub const fn restored(used: u64, held: u64) -> Self {
        Self {
            used,
            held,
            crossed: Percents::NONE,
        }
    }

    /// What is booked.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// What open holds have reserved.
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// Whether `amount` more fits. In debt not even nothing does.
    #[must_use]
    pub fn fits(&self, amount: u64, cap: u64) -> bool {
        self.used
            .checked_add(self.held)
            .and_then(|taken| taken.checked_add(amount))
            .is_some_and(|taken| taken <= cap)
    }

    /// Reserves `amount`, whether it fits or not.
    pub fn hold(&mut self, amount: u64) {
        self.held = self.held.saturating_add(amount);
    }

    /// Replaces what was reserved by what was used.
    pub fn settle(&mut self, estimate: u64, actual: u64) {
        self.held = self.held.saturating_sub(estimate);
        self.debit(actual);
    }

    /// Books `amount`.
    pub fn debit(&mut self, amount: u64) {
        self.used = self.used.saturating_add(amount);
    }

    /// Marks the thresholds that the usage has reached, and returns those that had no mark.
    pub fn cross(&mut self, alerts: Percents, cap: u64) -> Percents {
        let reached =
            |percent: &u8| u128::from(self.used) * 100 >= u128::from(cap) * u128::from(*percent);
        let unmarked = alerts.without(self.crossed);
        let crossed = unmarked.iter().filter(reached).collect();
        self.crossed = self.crossed.and(crossed);
        crossed
    }

    /// The thresholds that were crossed, now or before a credit.
    #[must_use]
    pub const fn crossed(&self) -> Percents {
        self.crossed
    }

    /// Takes back `amount` of what is booked, or all of it.
    pub fn credit(&mut self, amount: u64) {
        self.used = self.used.saturating_sub(amount);
    }
}
