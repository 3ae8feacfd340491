//! All counters, by name.

use dashmap::DashMap;
use smallvec::SmallVec;

use super::counter::Counter;
use super::eviction::Eviction;
use crate::clock::Moment;
use crate::hashing::{SecretHasher, secret_hasher};
use crate::store::{Charge, CounterKey, Rule};

/// Into how many parts the map is split, each of which grows by itself: however many counters there are, nobody waits
/// long for that.
const PARTS: usize = 256;

/// The counters by their names, which callers may choose parts of.
pub(super) type ByName = DashMap<Counter, (), SecretHasher>;

/// A list that needs no memory of its own while it is about as long as a call has charges.
pub(super) type Few<T> = SmallVec<[T; 8]>;

/// The counters. Two rules keep it free of deadlocks: a guard of the map is never held while a lock is taken, and
/// several counters are locked in the order of their [addresses](Counter::address).
#[derive(Debug)]
pub(super) struct Counters {
    map: ByName,
    eviction: Eviction,
}

/// The counters that a call names.
pub(super) struct Named {
    /// The counter of each charge.
    by_charge: Few<Counter>,
    /// A charge of each counter, in the order in which these are to be locked.
    order: Few<usize>,
    /// The place in that order of each charge's counter.
    pub(super) places: Few<usize>,
}

impl Named {
    fn new(by_charge: Few<Counter>) -> Self {
        let addresses = by_charge.iter().map(Counter::address);
        let mut sorted: Few<(usize, usize)> = addresses.zip(0..).collect();
        sorted.sort_unstable();
        let (mut order, mut places) = (Few::new(), Few::from_elem(0, sorted.len()));
        let mut last = None;
        for &(address, charge) in &sorted {
            if last.replace(address) != Some(address) {
                order.push(charge);
            }
            places[charge] = order.len() - 1;
        }
        Self {
            by_charge,
            order,
            places,
        }
    }

    /// How many charges name them.
    pub(super) fn len(&self) -> usize {
        self.by_charge.len()
    }

    /// Each counter once, in the order in which they are to be locked.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &Counter> {
        self.order.iter().map(|&charge| &self.by_charge[charge])
    }

    /// The counter at a place of that order.
    pub(super) fn at(&self, place: usize) -> &Counter {
        &self.by_charge[self.order[place]]
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            map: DashMap::with_hasher_and_shard_amount(secret_hasher(), PARTS),
            eviction: Eviction::default(),
        }
    }
}

impl Counters {
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    pub(super) fn get(&self, key: &CounterKey) -> Option<Counter> {
        let found = self.map.get(key.as_bytes())?;
        Some(found.key().clone())
    }

    /// The counter of this name, made if there is none.
    pub(super) fn obtain(&self, key: &CounterKey, rule: Rule, now: Moment) -> Counter {
        if let Some(counter) = self.get(key) {
            return counter;
        }
        let fresh = Counter::fresh(key, rule, now);
        let counter = self.map.entry(fresh.clone()).or_insert(()).key().clone();
        if counter.address() == fresh.address() {
            self.eviction.watch(fresh, now);
        }
        counter
    }

    /// The counters of all charges of all candidates.
    pub(super) fn obtain_all<C: AsRef<[Charge]>>(&self, candidates: &[C], now: Moment) -> Named {
        let charges = candidates.iter().flat_map(AsRef::as_ref);
        let obtain = |charge: &Charge| self.obtain(&charge.key, charge.rule, now);
        Named::new(charges.map(obtain).collect())
    }

    /// Forgets a few of the counters that may be forgotten, by a call that has named so many. To be called with no
    /// lock held.
    ///
    /// A call can make no more counters than it names and looks at twice as many old ones: what is left behind is
    /// looked at sooner than it grows.
    pub(super) fn evict_some(&self, named: usize, now: Moment) {
        self.eviction.sweep(&self.map, 2 * named + 2, now);
    }
}
