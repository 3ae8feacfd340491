//! Remembering for a time, in little space.

use rustc_hash::FxHashMap;

/// Something that is forgotten in two steps: what is new, and what was new a while ago.
///
/// What is put into `new` is remembered for one period at least and two at most, without an expiry of its own.
#[derive(Debug, Default)]
pub(super) struct Generations<T> {
    pub(super) new: T,
    pub(super) old: T,
    since: u64,
}

impl<T: Default> Generations<T> {
    /// Forgets what is older than the period, both in microseconds.
    pub(super) fn turn(&mut self, period: u64, now: u64) {
        let age = now.saturating_sub(self.since);
        if age < period {
            return;
        }
        self.since = now;
        self.old = std::mem::take(&mut self.new);
        if age >= period.saturating_mul(2) {
            self.old = T::default();
        }
    }
}

/// A set of numbers that lie close together, as counted ids do: 64 neighbours share one entry.
#[derive(Debug, Default)]
pub(super) struct NumberSet(FxHashMap<u128, u64>);

impl NumberSet {
    pub(super) fn insert(&mut self, number: u128) {
        *self.0.entry(number / 64).or_default() |= Self::bit(number);
    }

    pub(super) fn contains(&self, number: u128) -> bool {
        self.0
            .get(&(number / 64))
            .is_some_and(|bits| bits & Self::bit(number) != 0)
    }

    fn bit(number: u128) -> u64 {
        1 << (number % 64)
    }
}
