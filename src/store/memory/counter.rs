//! One counter behind its lock.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
// Its value is only relied upon where nobody else can touch the counter: there is nothing for a model checker to order.
use std::sync::atomic::{self, AtomicU64, Ordering};

use triomphe::ThinArc;

use super::idle::Idle;
use super::sync::{Mutex, MutexGuard, lock};
use crate::clock::Moment;
use crate::store::arithmetic::{Held, Percents, State, Verdict};
use crate::store::{Adjustment, Balance, Charge, CounterKey, Rule};

/// A counter, shared: what it holds, behind a lock, and its name, in one piece of memory.
#[derive(Debug, Clone)]
pub(super) struct Counter(ThinArc<Inner, u8>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// An [`Idle`] in bits, written with the state locked.
    idle: AtomicU64,
}

impl Counter {
    pub(super) fn fresh(key: &CounterKey, rule: Rule, now: Moment) -> Self {
        let state = State::fresh(rule, now);
        let idle = Idle::default().touched(&state, rule, now);
        let inner = Inner {
            state: Mutex::new(state),
            idle: AtomicU64::new(idle.to_bits()),
        };
        Self(ThinArc::from_header_and_slice(inner, key.as_bytes()))
    }

    /// Its key, in bytes.
    pub(super) fn name(&self) -> &[u8] {
        &self.0.slice
    }

    pub(super) fn lock(&self) -> Locked<'_> {
        let inner = self.inner();
        Locked {
            state: lock(&inner.state),
            idle: &inner.idle,
        }
    }

    /// Where it is: nobody else is there while it is shared.
    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self.inner()).addr()
    }

    /// How many share it.
    pub(super) fn sharers(&self) -> usize {
        ThinArc::strong_count(&self.0)
    }

    /// When it may be forgotten, to the knowledge of all who have shared it and do not any more.
    pub(super) fn idle(&self) -> Idle {
        atomic::fence(Ordering::Acquire);
        Idle::from_bits(self.inner().idle.load(Ordering::Relaxed))
    }

    fn inner(&self) -> &Inner {
        &self.0.header.header
    }
}

/// Counters are told apart by their names.
impl Borrow<[u8]> for Counter {
    fn borrow(&self) -> &[u8] {
        self.name()
    }
}

impl Hash for Counter {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.name().hash(hasher);
    }
}

impl PartialEq for Counter {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Counter {}

/// A counter that is locked.
pub(super) struct Locked<'a> {
    state: MutexGuard<'a, State>,
    idle: &'a AtomicU64,
}

impl Locked<'_> {
    pub(super) fn slot(&self) -> Slot {
        Slot {
            state: *self.state,
            idle: Idle::from_bits(self.idle.load(Ordering::Relaxed)),
        }
    }

    pub(super) fn write(&mut self, slot: &Slot) {
        *self.state = slot.state;
        self.idle.store(slot.idle.to_bits(), Ordering::Relaxed);
    }

    /// Changes what the counter holds.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut Slot) -> T) -> T {
        let mut slot = self.slot();
        let result = change(&mut slot);
        self.write(&slot);
        result
    }

    pub(super) fn balance(&self, rule: Rule, now: Moment) -> Balance {
        self.state.balance(rule, now)
    }
}

/// What a counter holds, out of its lock: its state, and what tells when it may be forgotten.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    state: State,
    idle: Idle,
}

impl Slot {
    /// A counter that a charge was applied to cannot be forgotten: the hold shares it, and touches it when it ends.
    pub(super) fn reserve(&mut self, charge: &Charge, now: Moment) -> Verdict {
        let verdict = self.state.reserve(charge, now);
        if verdict == Verdict::WouldBlock {
            self.touch(charge.rule, now);
        }
        verdict
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn restore(&mut self, state: State, rule: Rule, now: Moment) {
        self.state = state;
        self.touch(rule, now);
    }

    pub(super) fn settle(&mut self, held: &Held, actual: u64, now: Moment) {
        self.state.settle(held, actual, now);
        self.touch(held.rule, now);
    }

    pub(super) fn expire(&mut self, held: &Held, now: Moment) {
        self.state.expire(held, now);
        self.touch(held.rule, now);
    }

    pub(super) fn settle_late(&mut self, held: &Held, actual: u64, now: Moment) {
        self.state.settle_late(held, actual, now);
        self.touch(held.rule, now);
    }

    pub(super) fn book(&mut self, rule: Rule, booked: u64, actual: u64, now: Moment) {
        self.state.book(rule, booked, actual, now);
        self.touch(rule, now);
    }

    pub(super) fn adjust(&mut self, rule: Rule, adjustment: Adjustment, now: Moment) {
        self.state.adjust(rule, adjustment, now);
        self.touch(rule, now);
    }

    /// Marks what was crossed by a charge. It is asked after a booking, which has touched the counter; with a mark it may
    /// have to stay for longer.
    pub(super) fn cross(&mut self, charge: &Charge, now: Moment) -> Percents {
        let crossed = self.state.cross(charge.rule, charge.alerts);
        if !crossed.is_empty() {
            self.touch(charge.rule, now);
        }
        crossed
    }

    pub(super) fn balance(&self, rule: Rule, now: Moment) -> Balance {
        self.state.balance(rule, now)
    }

    fn touch(&mut self, rule: Rule, now: Moment) {
        self.idle = self.idle.touched(&self.state, rule, now);
    }
}
