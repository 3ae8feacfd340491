//! Forgetting counters that have nothing to remember, a few at each call.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use dashmap::DashMap;

use super::counter::{Counter, Forget};
use super::sync::{AtomicU64, Mutex, Ordering, lock};
use crate::clock::Moment;
use crate::store::CounterKey;

/// A counter is not looked at again within this time, in microseconds.
const REST: u64 = 10_000_000;

/// Due times and names, the first due on top.
type Queue = BinaryHeap<Reverse<(u64, CounterKey)>>;

/// When to look at which counter. Each counter of the map stands in it once, from just after it is made until it goes.
#[derive(Debug)]
pub(super) struct Eviction {
    queue: Mutex<Queue>,
    /// When the first of the queue is due, to be read without the lock.
    first_due: AtomicU64,
}

impl Default for Eviction {
    fn default() -> Self {
        Self {
            queue: Mutex::default(),
            first_due: AtomicU64::new(u64::MAX),
        }
    }
}

impl Eviction {
    /// Begins to watch a new counter.
    pub(super) fn watch(&self, key: CounterKey, now: Moment) {
        let mut queue = lock(&self.queue);
        queue.push(Reverse((now.steady.saturating_add(REST), key)));
        self.note_first(&queue);
    }

    /// Looks at up to `looks` counters that are due and forgets those that may be forgotten.
    pub(super) fn sweep(&self, map: &DashMap<CounterKey, Arc<Counter>>, looks: usize, now: Moment) {
        if self.first_due.load(Ordering::Relaxed) > now.steady {
            return;
        }
        let mut queue = lock(&self.queue);
        for _ in 0..looks {
            let Some(key) = pop_due(&mut queue, now) else {
                break;
            };
            if let Forget::LookAt(at) = forget(map, &key, now) {
                queue.push(Reverse((at.max(now.steady.saturating_add(REST)), key)));
            }
        }
        self.note_first(&queue);
    }

    fn note_first(&self, queue: &Queue) {
        let first = queue.peek().map_or(u64::MAX, |first| first.0.0);
        self.first_due.store(first, Ordering::Relaxed);
    }
}

fn pop_due(queue: &mut Queue, now: Moment) -> Option<CounterKey> {
    let first = queue.peek_mut()?;
    if first.0.0 > now.steady {
        return None;
    }
    let Reverse((_, key)) = PeekMut::pop(first);
    Some(key)
}

/// Removes a counter from the map if it may be forgotten.
///
/// Holds share the counters that they have charged, so one that is not shared has no unsettled charge; and nobody can
/// begin to share it while the map's shard is locked. No counter is locked here.
fn forget(map: &DashMap<CounterKey, Arc<Counter>>, key: &CounterKey, now: Moment) -> Forget {
    let mut verdict = Forget::Now;
    map.remove_if_mut(key, |_, counter| {
        verdict = match Arc::get_mut(counter) {
            Some(counter) => counter.unshared().forget_at(now),
            None => Forget::LookAt(now.steady),
        };
        verdict == Forget::Now
    });
    verdict
}
