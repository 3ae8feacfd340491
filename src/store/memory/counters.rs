//! All counters, by name.

use std::sync::Arc;

use dashmap::DashMap;

use super::counter::Counter;
use super::eviction::Eviction;
use crate::clock::Moment;
use crate::store::{Charge, CounterKey, Rule};

/// The counters. Two rules keep it free of deadlocks: a guard of the map is never held while a lock is taken, and
/// several counters are locked in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Counters {
    map: DashMap<CounterKey, Arc<Counter>>,
    eviction: Eviction,
}

impl Counters {
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    pub(super) fn get(&self, key: &CounterKey) -> Option<Arc<Counter>> {
        self.map.get(key).map(|counter| Arc::clone(&counter))
    }

    /// The counter of this name, made if there is none.
    pub(super) fn obtain(&self, key: &CounterKey, rule: Rule, now: Moment) -> Arc<Counter> {
        if let Some(counter) = self.get(key) {
            return counter;
        }
        let fresh = Arc::new(Counter::fresh(key.clone(), rule, now));
        let counter = Arc::clone(
            &*self
                .map
                .entry(key.clone())
                .or_insert_with(|| Arc::clone(&fresh)),
        );
        if Arc::ptr_eq(&counter, &fresh) {
            self.eviction.watch(key.clone(), now);
        }
        counter
    }

    /// The counters of all these charges, each once, in the order of their names: in which they are to be locked.
    pub(super) fn obtain_all<'a>(
        &self,
        charges: impl Iterator<Item = &'a Charge>,
        now: Moment,
    ) -> Vec<Arc<Counter>> {
        let mut charges: Vec<&Charge> = charges.collect();
        charges.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        charges.dedup_by(|a, b| a.key == b.key);
        charges
            .into_iter()
            .map(|charge| self.obtain(&charge.key, charge.rule, now))
            .collect()
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
