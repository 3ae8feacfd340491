//! Filling an empty store with what another has kept.

use super::MemoryStore;
use crate::clock::Moment;
use crate::store::arithmetic::State;
use crate::store::{CounterKey, HoldId, Rule};

impl MemoryStore {
    /// Puts a counter in, as it stands.
    pub(crate) fn restore(&self, key: &CounterKey, rule: Rule, state: State, now: Moment) {
        let counter = self.counters.obtain(key, rule, now);
        counter.lock().change(|slot| slot.restore(state, rule, now));
    }

    /// Remembers an id that was settled.
    pub(crate) fn remember_settled(&self, id: HoldId, now: Moment) {
        self.holds.shard_of(id, now).remember_settled(id);
    }

    /// Remembers ids of settled holds for so long at the least, in microseconds.
    pub(crate) fn keep_settled_for(&self, time: u64) {
        self.holds.keep_settled_for(time);
    }
}
