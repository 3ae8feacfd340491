//! Counting holds up.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

use super::hold_id::{HoldId, LANE_BITS, LANES};
use crate::random::random;

/// Makes [`HoldId`]s: 64 random bits for this process, 59 that count, and those of the lane.
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
        HoldId::from_u128((u128::from(self.process) << 64) | u128::from(count))
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
        assert!(lanes.len() >= LANES / 2, "threads get them in turn");
    }
}
