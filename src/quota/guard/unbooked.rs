//! What an instance has admitted by itself and the store does not know of yet.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::store::{Booking, Charge, CounterKey, HoldId, Report, Reports, Rule};

/// The holds that were granted without the store, until it has booked what their calls used.
#[derive(Debug, Default)]
pub(super) struct Unbooked {
    holds: HashMap<HoldId, Hold>,
    /// What all of them have of each counter.
    sums: HashMap<CounterKey, u64>,
    /// How many have gone.
    gone: u64,
}

#[derive(Debug)]
struct Hold {
    is_open: bool,
    amounts: Vec<(CounterKey, u64)>,
}

impl Unbooked {
    /// What these holds have of a counter.
    pub(super) fn of(&self, key: &CounterKey) -> u64 {
        self.sums.get(key).copied().unwrap_or(0)
    }

    /// How many holds have gone. An answer to a question that was asked when there were fewer may not know of one that has
    /// gone since.
    pub(super) fn gone(&self) -> u64 {
        self.gone
    }

    /// Whether this hold is here and its call under way.
    pub(super) fn is_open(&self, id: HoldId) -> bool {
        self.holds.get(&id).is_some_and(|hold| hold.is_open)
    }

    /// A hold was granted with these charges.
    pub(super) fn open<'a>(&mut self, id: HoldId, charges: impl Iterator<Item = &'a Charge>) {
        let amount = |charge: &Charge| (charge.key.clone(), charge.amount);
        self.insert(id, true, charges.map(amount).collect());
    }

    /// A hold's call is over: it has what it used, and its settlement is on its way.
    pub(super) fn settle(&mut self, id: HoldId, bookings: &[Booking]) {
        if self.remove(id) {
            self.insert(id, false, bookings.iter().map(used).collect());
        }
    }

    /// The store has booked a settlement, or never will.
    pub(super) fn close(&mut self, id: HoldId) {
        if self.remove(id) {
            self.gone += 1;
        }
    }

    fn insert(&mut self, id: HoldId, is_open: bool, amounts: Vec<(CounterKey, u64)>) {
        for (key, amount) in &amounts {
            let sum = self.sums.entry(key.clone()).or_default();
            *sum = sum.saturating_add(*amount);
        }
        self.holds.insert(id, Hold { is_open, amounts });
    }

    fn remove(&mut self, id: HoldId) -> bool {
        let Some(hold) = self.holds.remove(&id) else {
            return false;
        };
        for (key, amount) in &hold.amounts {
            if let Some(sum) = self.sums.get_mut(key) {
                *sum = sum.saturating_sub(*amount);
                if *sum == 0 {
                    self.sums.remove(key);
                }
            }
        }
        true
    }
}

/// What is left of a charge when its call is over.
fn used(booking: &Booking) -> (CounterKey, u64) {
    let charge = &booking.charge;
    let used = match charge.rule {
        Rule::Gauge { .. } => 0,
        Rule::Bucket { .. } | Rule::Budget { .. } => booking.actual,
    };
    (charge.key.clone(), used)
}

/// The same, shared with whoever hears of what the store books.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedUnbooked(Arc<RwLock<Unbooked>>);

impl SharedUnbooked {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Unbooked> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Unbooked> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hears of what the store books, and passes it on.
pub(super) struct Listener {
    pub(super) unbooked: SharedUnbooked,
    pub(super) next: Arc<dyn Reports>,
}

impl Reports for Listener {
    fn report(&self, report: Report<'_>) {
        if let Report::Settled { settlement, .. } | Report::Lost { settlement, .. } = report {
            // Read first: nearly all were granted by the store.
            let is_here = self.unbooked.read().holds.contains_key(&settlement.id);
            if is_here {
                self.unbooked.write().close(settlement.id);
            }
        }
        self.next.report(report);
    }
}
