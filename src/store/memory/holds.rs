//! All holds, and their expiry.

use std::time::Duration;

use crossbeam_utils::CachePadded;

use super::crossings::Crossings;
use super::record::Record;
use super::shard::Shard;
use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering, lock};
use crate::clock::{Moment, saturating_micros};
use crate::store::{HoldId, LANES};

/// The holds, in a shard for each lane of ids: threads that make calls at once seldom meet.
///
/// Locks are taken in this order: shards by their index, then counters by their addresses.
#[derive(Debug)]
pub(super) struct Holds {
    shards: [CachePadded<Mutex<Shard>>; LANES],
    /// No open hold expires before this steady time. It falls with the shard of the new hold locked and rises only
    /// with all shards locked, so whoever reads a time to come knows that nothing is due.
    first_due: AtomicU64,
}

impl Default for Holds {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| CachePadded::default()),
            first_due: AtomicU64::new(u64::MAX),
        }
    }
}

impl Holds {
    /// Locks the shard of a hold.
    pub(super) fn shard_of(&self, id: HoldId, now: Moment) -> MutexGuard<'_, Shard> {
        let mut shard = lock(&self.shards[id.lane()]);
        shard.forget_old(now);
        shard
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn keep_settled_for(&self, time: u64) {
        for shard in &self.shards {
            lock(shard).keep_settled_for(time);
        }
    }

    pub(super) fn open_count(&self) -> usize {
        let open = |shard: &CachePadded<Mutex<Shard>>| lock(shard).open_count();
        self.shards.iter().map(open).sum()
    }

    /// Opens a hold in its shard, which the caller has locked.
    pub(super) fn open(
        &self,
        shard: &mut Shard,
        id: HoldId,
        record: Record,
        now: Moment,
        expires_in: Duration,
    ) {
        let expires_at = after(now, expires_in);
        shard.open(id, record, now, expires_at);
        self.note_due(expires_at);
    }

    /// Puts off the expiry of a hold, if it is open.
    pub(super) fn renew(&self, id: HoldId, now: Moment, expires_in: Duration) {
        let expires_at = after(now, expires_in);
        let mut shard = self.shard_of(id, now);
        if shard.renew(id, now, expires_at) {
            self.note_due(expires_at);
        }
    }

    /// Says that a hold expires then, whose shard the caller has locked: until it is unlocked the first time cannot rise.
    /// Most holds expire after others, and change nothing that all threads read.
    fn note_due(&self, expires_at: u64) {
        if self.first_due.load(Ordering::Acquire) > expires_at {
            self.first_due.fetch_min(expires_at, Ordering::AcqRel);
        }
    }

    /// Whether a hold may be due. It costs one read.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.first_due.load(Ordering::Acquire) <= now.steady
    }

    /// Gives up all holds that are due, in the order of their expiry and as of that time: what comes of it does not
    /// depend on when it is done. Each call to the store does this first, if [any is](Self::is_due).
    pub(super) fn expire_due(&self, now: Moment) -> Crossings {
        let mut crossings = Crossings::default();
        let mut shards: Vec<_> = self.shards.iter().map(|shard| lock(shard)).collect();
        let mut due = Vec::new();
        for shard in &mut shards {
            // Nobody else may come to a lane whose thread is gone.
            shard.forget_old(now);
            due.extend(std::iter::from_fn(|| shard.pop_due(now)));
        }
        due.sort_unstable_by_key(|&(at, id, _)| (at, id));
        for (at, id, record) in due {
            crossings.append(record.expire(Moment { steady: at, ..now }));
            shards[id.lane()].keep_expired(id, record);
        }
        let first = shards.iter().map(|shard| shard.first_due()).min();
        self.first_due
            .store(first.unwrap_or(u64::MAX), Ordering::Release);
        crossings
    }
}

fn after(now: Moment, time: Duration) -> u64 {
    now.steady.saturating_add(saturating_micros(time))
}
