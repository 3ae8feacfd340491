//! The holds of a lane of ids: open, expired and settled.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::generations::{Generations, NumberSet};
use super::record::Record;
use crate::clock::{Moment, saturating_micros};
use crate::store::{HoldId, LONGEST_RETRY};

/// Some of the holds, guarded by one lock. Ids are made by us, so nobody can choose such that fall together in a map.
#[derive(Debug, Default)]
pub(super) struct Shard {
    open: FxHashMap<HoldId, Open>,
    by_expiry: BTreeSet<(u64, HoldId)>,
    expired: Generations<FxHashMap<HoldId, Record>>,
    settled: Generations<NumberSet>,
    /// The longest time that a hold was opened for, in microseconds.
    longest_life: u64,
}

#[derive(Debug)]
struct Open {
    expires_at: u64,
    record: Record,
}

/// How a settlement finds its hold.
pub(super) enum Found {
    Open(Record),
    Expired(Record),
    Settled,
    Unknown,
}

impl Shard {
    /// Forgets what nobody can ask for any more: ids of settled holds, and expired ones that nobody settled, after the
    /// longest life of a hold and the longest retry.
    pub(super) fn forget_old(&mut self, now: Moment) {
        let period = self
            .longest_life
            .saturating_add(saturating_micros(LONGEST_RETRY));
        self.expired.turn(period, now.steady);
        self.settled.turn(period, now.steady);
    }

    pub(super) fn open_count(&self) -> usize {
        self.open.len()
    }

    pub(super) fn get_open(&self, id: HoldId) -> Option<&Record> {
        self.open.get(&id).map(|open| &open.record)
    }

    /// Whether a hold was opened or settled before, and is not open now.
    pub(super) fn is_closed(&self, id: HoldId) -> bool {
        self.is_settled(id)
            || self.expired.new.contains_key(&id)
            || self.expired.old.contains_key(&id)
    }

    pub(super) fn open(&mut self, id: HoldId, record: Record, now: Moment, expires_at: u64) {
        self.longest_life = self.longest_life.max(expires_at - now.steady);
        self.by_expiry.insert((expires_at, id));
        self.open.insert(id, Open { expires_at, record });
    }

    /// Puts an open hold's expiry off; whether there is one.
    pub(super) fn renew(&mut self, id: HoldId, now: Moment, expires_at: u64) -> bool {
        let Some(open) = self.open.get_mut(&id) else {
            return false;
        };
        self.longest_life = self.longest_life.max(expires_at - now.steady);
        self.by_expiry.remove(&(open.expires_at, id));
        self.by_expiry.insert((expires_at, id));
        open.expires_at = expires_at;
        true
    }

    /// Takes a hold out to be settled, and remembers that it was. What was settled is never opened again.
    pub(super) fn take(&mut self, id: HoldId) -> Found {
        if let Some(open) = self.open.remove(&id) {
            self.settled.new.insert(id.in_lane());
            self.by_expiry.remove(&(open.expires_at, id));
            return Found::Open(open.record);
        }
        if self.is_settled(id) {
            return Found::Settled;
        }
        self.settled.new.insert(id.in_lane());
        let expired = &mut self.expired;
        match expired.new.remove(&id).or_else(|| expired.old.remove(&id)) {
            Some(record) => Found::Expired(record),
            None => Found::Unknown,
        }
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn remember_settled(&mut self, id: HoldId) {
        self.settled.new.insert(id.in_lane());
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn keep_settled_for(&mut self, time: u64) {
        self.longest_life = self.longest_life.max(time);
    }

    /// When the first of the open holds expires.
    pub(super) fn first_due(&self) -> u64 {
        self.by_expiry.first().map_or(u64::MAX, |&(at, _)| at)
    }

    /// Takes out a hold that has expired.
    pub(super) fn pop_due(&mut self, now: Moment) -> Option<(u64, HoldId, Record)> {
        if self.first_due() > now.steady {
            return None;
        }
        let (at, id) = self.by_expiry.pop_first()?;
        let open = self.open.remove(&id)?;
        Some((at, id, open.record))
    }

    /// Remembers a hold that has expired, should its settlement still come.
    pub(super) fn keep_expired(&mut self, id: HoldId, record: Record) {
        self.expired.new.insert(id, record);
    }

    fn is_settled(&self, id: HoldId) -> bool {
        let number = id.in_lane();
        self.settled.new.contains(number) || self.settled.old.contains(number)
    }
}
