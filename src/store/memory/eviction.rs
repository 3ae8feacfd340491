//! Forgetting counters that have nothing to remember, a few at each call.

use std::collections::BTreeMap;

use super::SECOND;
use super::counter::Counter;
use super::counters::ByName;
use super::sync::{AtomicU64, Mutex, Ordering, lock};
use crate::clock::Moment;

/// A counter is not looked at again within so many seconds…
const REST: u64 = 10;

/// …and is within so many, whatever it seemed to wait for: a credit may have come first.
const LONGEST_REST: u64 = 24 * 3600;

/// The map gives back its room when one in so many of its counters is left.
const SPARSE: usize = 16;

/// So many counters at most stand in one piece of the queue: a longer list would have room for as many again.
const PIECE: usize = 256;

/// A map of so few is not worth the trouble.
const FEW: usize = 1024;

/// When to look at which counter. Each counter of the map stands in it once, from just after it is made until it goes.
#[derive(Debug)]
pub(super) struct Eviction {
    queue: Mutex<Queue>,
    /// The second in which the first of the queue is due, to be read without the lock.
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
    pub(super) fn watch(&self, counter: Counter, now: Moment) {
        let mut queue = lock(&self.queue);
        queue.len += 1;
        queue.most = queue.most.max(queue.len);
        queue.push(now.steady.div_ceil(SECOND) + REST, counter);
        self.note_first(&queue);
    }

    /// Looks at up to `looks` counters that are due and forgets those that may be forgotten.
    pub(super) fn sweep(&self, map: &ByName, looks: usize, now: Moment) {
        let second = now.steady / SECOND;
        if self.first_due.load(Ordering::Relaxed) > second {
            return;
        }
        let mut queue = lock(&self.queue);
        for _ in 0..looks {
            let Some(counter) = queue.pop_due(second) else {
                break;
            };
            if forget(map, &counter, now) {
                queue.len -= 1;
            } else {
                let due = counter.idle().second();
                let due = due.clamp(second + REST, second + LONGEST_REST);
                queue.push(due, counter);
            }
        }
        self.note_first(&queue);
        let is_sparse = queue.is_sparse();
        drop(queue);
        if is_sparse {
            map.shrink_to_fit();
        }
    }

    fn note_first(&self, queue: &Queue) {
        self.first_due.store(queue.first_due(), Ordering::Relaxed);
    }
}

/// The second in which a piece of the queue is due, and its number in that second.
type Piece = (u64, usize);

/// The counters by the second in which they are due.
#[derive(Debug, Default)]
struct Queue {
    by_second: BTreeMap<Piece, Vec<Counter>>,
    /// How many there are…
    len: usize,
    /// …and the most that there were since the map gave back its room.
    most: usize,
}

impl Queue {
    fn first_due(&self) -> u64 {
        let first = self.by_second.first_key_value();
        first.map_or(u64::MAX, |(&(second, _), _)| second)
    }

    fn push(&mut self, second: u64, counter: Counter) {
        let mut pieces = self.by_second.range_mut((second, 0)..=(second, usize::MAX));
        let next = match pieces.next_back() {
            Some((_, piece)) if piece.len() < PIECE => return piece.push(counter),
            Some((&(_, number), _)) => number + 1,
            None => 0,
        };
        self.by_second.insert((second, next), vec![counter]);
    }

    fn pop_due(&mut self, second: u64) -> Option<Counter> {
        let mut first = self.by_second.first_entry()?;
        if first.key().0 > second {
            return None;
        }
        let counter = first.get_mut().pop();
        if first.get().is_empty() {
            first.remove();
        }
        counter
    }

    /// Whether the map has far more room than it needs. It is told once, and is to give it back.
    fn is_sparse(&mut self) -> bool {
        let is_sparse = self.most >= FEW && self.len <= self.most / SPARSE;
        if is_sparse {
            self.most = self.len;
        }
        is_sparse
    }
}

/// Removes a counter from the map if it may be forgotten.
///
/// Holds share the counters that they have charged, so one that only the map and we share has no unsettled charge; and
/// nobody can begin to share it while the map's part is locked. No counter is locked here.
fn forget(map: &ByName, counter: &Counter, now: Moment) -> bool {
    let is_ours = |its: &Counter, (): &()| its.sharers() == 2 && its.idle().has_come(now);
    counter.idle().has_come(now) && map.remove_if(counter.name(), is_ours).is_some()
}
