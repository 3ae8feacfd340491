//! Names of holds.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

use crate::random::random;

/// A hold's name: unique over all instances, made by us and never taken from a client.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoldId(u128);

impl HoldId {
    /// An id from its number, for stores that keep it elsewhere and for tests.
    #[must_use]
    pub const fn from_u128(id: u128) -> Self {
        Self(id)
    }

    /// The id's number.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How many lanes ids are counted up in: the last bits of an id tell its lane.
///
/// A thread stays in its lane. So threads do not wait for each other to count, nor in a store that keeps the holds of each lane
/// together.
pub(crate) const LANES: usize = 1 << LANE_BITS;

/// By how many bits of an id its lane is told.
pub(crate) const LANE_BITS: u32 = 5;

impl HoldId {
    /// The lane that it was counted in.
    pub(crate) fn lane(self) -> usize {
        self.0 as usize % LANES
    }

    /// The id without the bits of its lane: neighbours in a lane are neighbours.
    pub(crate) fn in_lane(self) -> u128 {
        self.0 >> LANE_BITS
    }
}

/// Makes [`HoldId`]s: 64 random bits for this process, and 64 that count.
#[derive(Debug)]
pub(crate) struct HoldIds {
    process: u64,
    lanes: [CachePadded<AtomicU64>; LANES],
}

impl HoldIds {
    /// # Panics
    /// When the operating system has no random numbers to give.
    pub(crate) fn new() -> Self {
        Self {
            process: random(),
            lanes: std::array::from_fn(|_| CachePadded::default()),
        }
    }

    pub(crate) fn next(&self) -> HoldId {
        let lane = lane();
        let count = self.lanes[lane].fetch_add(1, Ordering::Relaxed) << LANE_BITS | lane as u64;
        HoldId((u128::from(self.process) << 64) | u128::from(count))
    }
}

/// This thread's lane: threads get them in turn.
fn lane() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static LANE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % LANES;
    }
    LANE.with(|lane| *lane)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::thread;

    use super::*;

    #[test]
    fn a_threads_ids_are_neighbours_in_a_lane_and_no_two_are_alike() {
        let ids = HoldIds::new();
        let of_a_thread = || [(); 100].map(|()| ids.next());
        let all = thread::scope(|scope| {
            let threads = [(); 2 * LANES].map(|()| scope.spawn(of_a_thread));
            threads.map(|thread| thread.join().expect("it counts"))
        });
        for ids in &all {
            assert!(ids.iter().all(|id| id.lane() == ids[0].lane()));
            assert!(ids.is_sorted());
        }
        let numbers: HashSet<_> = all
            .iter()
            .flatten()
            .map(|id| (id.lane(), id.in_lane()))
            .collect();
        assert_eq!(numbers.len(), 2 * LANES * 100);
        let lanes: HashSet<_> = all.iter().map(|ids| ids[0].lane()).collect();
        assert!(lanes.len() > 1, "threads get them in turn");
    }
}
