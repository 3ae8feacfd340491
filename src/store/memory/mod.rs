//! The store of one process.

mod attempt;
mod boxed;
mod counter;
mod counters;
mod crossings;
mod eviction;
mod generations;
mod holds;
mod idle;
mod record;
#[cfg(feature = "sqlite")]
mod restore;
mod shard;
#[cfg(all(test, shuttle))]
mod shuttle_tests;
mod sync;

use std::fmt;
use std::time::Duration;

use self::attempt::{Fit, Trial};
use self::counters::Counters;
use self::crossings::Crossings;
use self::holds::Holds;
use self::shard::Found;
use super::arithmetic::State;
use super::{
    Adjustment, Balance, Charge, Decision, HoldId, Listener, Reservation, Settled, Settlement,
};
use crate::clock::Moment;

/// In microseconds.
const SECOND: u64 = 1_000_000;

/// Keeps counters and holds in this process's memory.
///
/// Each counter stands behind a small lock of its own; a call locks all that it names in one order, so calls of
/// different subjects do not wait for each other. Nothing blocks for longer than such a lock is held. The methods
/// that end in `_now` are those of [`Store`](super::Store) without the future.
///
/// # Memory
/// A counter takes about 106 bytes and its name, which is often 80; an open hold about 130 and 72 more for each of its charges (about 100
/// more, where it has thresholds); the id of a settled hold less than one, as ids are counted up. `cargo bench --bench memory` measures it.
/// Nobody has to clean up: each call, and each correction, looks at a few counters that may be
/// forgotten. A counter that cannot be told from a fresh one and has no unsettled charge goes within seconds, one of
/// which only `would_block` remains, or a gauge that was raised by hand, a day after it was last touched, and a closed period's a day after its end. Ids of
/// settled holds, and expired holds that nobody settled, go after the longest life of a hold and
/// [`LONGEST_RETRY`](super::LONGEST_RETRY) at the earliest and twice that at the latest.
///
/// # Examples
/// ```
/// use tower_token_quota::store::MemoryStore;
///
/// let store = MemoryStore::new();
/// assert!(store.is_empty());
/// ```
#[derive(Default)]
pub struct MemoryStore {
    counters: Counters,
    holds: Holds,
    /// Whom to tell of thresholds that were crossed and, when it is used through [`Store`](super::Store), of all else.
    listener: Listener,
}

impl MemoryStore {
    /// An empty store.
    ///
    /// # Panics
    /// When the operating system has no random numbers to give.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many counters there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counters.len()
    }

    /// Whether there are no counters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many holds are open.
    #[must_use]
    pub fn open_holds(&self) -> usize {
        self.holds.open_count()
    }

    /// Decides on a call at once; see [`Store::reserve`](super::Store::reserve).
    pub fn reserve_now(&self, reservation: &Reservation) -> Decision {
        let Reservation {
            id,
            now,
            expires_in,
            ref candidates,
            ..
        } = *reservation;
        self.reserve_lent(id, now, expires_in, candidates)
    }

    /// The same, for one who keeps the charges.
    pub(crate) fn reserve_lent<C: AsRef<[Charge]>>(
        &self,
        id: HoldId,
        now: Moment,
        expires_in: Duration,
        candidates: &[C],
    ) -> Decision {
        self.expire_due(now);
        let mut shard = self.holds.shard_of(id, now);
        if let Some(record) = shard.get_open(id) {
            return record.decision_again(now);
        }
        if shard.is_closed(id) {
            return Decision::Closed;
        }
        let named = self.counters.obtain_all(candidates, now);
        let fit = Trial::lock(&named).first_fit(candidates, now);
        let decision = match fit {
            Ok(Fit { record, balances }) => {
                let decision = record.decision(balances);
                self.holds.open(&mut shard, id, record, now, expires_in);
                decision
            }
            Err(refusals) => Decision::Refused(refusals),
        };
        drop(shard);
        let count = named.len();
        // What a call shares is not forgotten.
        drop(named);
        self.counters.evict_some(count, now);
        decision
    }

    /// Replaces a hold by what its call used, at once; see [`Store::settle`](super::Store::settle). Whoever is told of what
    /// the store does is told only of the thresholds that this crossed.
    pub fn settle_now(&self, settlement: &Settlement) -> Settled {
        self.settle_then(settlement, |_| {})
    }

    /// Settles, and tells of that before the thresholds that it crossed.
    pub(crate) fn settle_then(
        &self,
        settlement: &Settlement,
        tell: impl FnOnce(Settled),
    ) -> Settled {
        let (now, bookings) = (settlement.now, &settlement.bookings);
        self.expire_due(now);
        let mut shard = self.holds.shard_of(settlement.id, now);
        let (settled, crossings) = match shard.take(settlement.id) {
            Found::Open(record) => (Settled::OnTime, record.settle(bookings, now)),
            Found::Expired(record) => (Settled::Late, record.settle_late(bookings, now)),
            Found::Unknown => (Settled::Unknown, self.book_all(settlement)),
            Found::Settled => (Settled::Repeated, Crossings::default()),
        };
        drop(shard);
        self.counters.evict_some(bookings.len(), now);
        tell(settled);
        crossings.tell(&self.listener, settlement.record.as_deref());
        settled
    }

    fn book_all(&self, settlement: &Settlement) -> Crossings {
        let mut crossings = Crossings::default();
        for booking in &settlement.bookings {
            let (charge, now) = (&booking.charge, settlement.now);
            let counter = self.counters.obtain(&charge.key, charge.rule, now);
            counter.lock().change(|slot| {
                slot.book(charge.rule, booking.booked, booking.actual, now);
                crossings.judge(slot, charge, now);
            });
        }
        crossings
    }

    /// Gives up the holds that are due, and tells of what that crossed. To be called with no lock held.
    fn expire_due(&self, now: Moment) {
        if self.holds.is_due(now) {
            self.holds.expire_due(now).tell(&self.listener, None);
        }
    }

    /// Puts off a hold's expiry, at once; see [`Store::renew`](super::Store::renew).
    pub fn renew_now(&self, id: HoldId, now: Moment, expires_in: Duration) {
        self.expire_due(now);
        self.holds.renew(id, now, expires_in);
    }

    /// Reads counters at once; see [`Store::peek`](super::Store::peek).
    pub fn peek_now(&self, charges: &[Charge], now: Moment) -> Vec<Balance> {
        self.expire_due(now);
        charges
            .iter()
            .map(|charge| match self.counters.get(&charge.key) {
                Some(counter) => counter.lock().balance(charge.rule, now),
                None => State::fresh(charge.rule, now).balance(charge.rule, now),
            })
            .collect()
    }

    /// Corrects a counter at once; see [`Store::adjust`](super::Store::adjust).
    pub fn adjust_now(&self, charge: &Charge, adjustment: Adjustment, now: Moment) -> Balance {
        self.correct(charge, now, |_| adjustment)
    }

    /// Makes what is used and held together this much, in one step; but what open holds of a period have reserved stays.
    pub(crate) fn set_now(&self, charge: &Charge, taken: u64, now: Moment) {
        self.correct(charge, now, |Balance { used, held, .. }| {
            let is = used.saturating_add(held);
            match taken.checked_sub(is) {
                Some(more) => Adjustment::Debit(more),
                None => Adjustment::Credit(is - taken),
            }
        });
    }

    fn correct(
        &self,
        charge: &Charge,
        now: Moment,
        adjustment: impl FnOnce(Balance) -> Adjustment,
    ) -> Balance {
        self.expire_due(now);
        let counter = self.counters.obtain(&charge.key, charge.rule, now);
        let mut crossings = Crossings::default();
        let balance = counter.lock().change(|slot| {
            let adjustment = adjustment(slot.balance(charge.rule, now));
            slot.adjust(charge.rule, adjustment, now);
            crossings.judge(slot, charge, now);
            slot.balance(charge.rule, now)
        });
        drop(counter);
        self.counters.evict_some(1, now);
        crossings.tell(&self.listener, None);
        balance
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("counters", &self.len())
            .field("open_holds", &self.open_holds())
            .finish_non_exhaustive()
    }
}
