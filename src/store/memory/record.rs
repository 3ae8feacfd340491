//! What the store remembers of a hold.

use std::sync::Arc;

use super::counter::Counter;
use crate::clock::Moment;
use crate::store::arithmetic::Held;
use crate::store::{Balance, Booking, CounterKey, Decision, Rule};

/// A granted call that is not settled: its candidate's charges, in order.
///
/// It shares the counters, which are therefore not forgotten before it is settled.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) candidate: usize,
    pub(super) charges: Box<[Charged]>,
}

/// One charge of a hold.
#[derive(Debug)]
pub(super) struct Charged {
    pub(super) counter: Arc<Counter>,
    pub(super) rule: Rule,
    /// Nothing, where a shadow limit would have refused.
    pub(super) held: Option<Held>,
}

impl Record {
    /// The decision that granted the call, with the counters as they stand now.
    pub(super) fn decision_again(&self, now: Moment) -> Decision {
        let balance = |charged: &Charged| charged.counter.lock().balance(charged.rule, now);
        self.decision(self.charges.iter().map(balance).collect())
    }

    /// The decision that grants the call.
    pub(super) fn decision(&self, balances: Vec<Balance>) -> Decision {
        let would_block = (0..self.charges.len())
            .filter(|&position| self.charges[position].held.is_none())
            .collect();
        Decision::Granted {
            candidate: self.candidate,
            balances,
            would_block,
        }
    }

    /// Replaces what is held by what was used.
    pub(super) fn settle(&self, bookings: &[Booking], now: Moment) {
        for (counter, held, actual) in self.actuals(bookings) {
            counter.lock().settle(held, actual, now);
        }
    }

    /// Gives the hold up.
    pub(super) fn expire(&self, now: Moment) {
        for (counter, held) in self.held() {
            counter.lock().expire(held, now);
        }
    }

    /// Corrects what the expiry left to what was used.
    pub(super) fn settle_late(&self, bookings: &[Booking], now: Moment) {
        for (counter, held, actual) in self.actuals(bookings) {
            counter.lock().settle_late(held, actual, now);
        }
    }

    fn held(&self) -> impl Iterator<Item = (&Counter, &Held)> {
        self.charges
            .iter()
            .filter_map(|charged| Some((&*charged.counter, charged.held.as_ref()?)))
    }

    fn actuals<'a>(
        &'a self,
        bookings: &'a [Booking],
    ) -> impl Iterator<Item = (&'a Counter, &'a Held, u64)> {
        self.charges
            .iter()
            .enumerate()
            .filter_map(move |(position, charged)| {
                let actual = actual(bookings, position, &charged.counter.key);
                Some((&*charged.counter, charged.held.as_ref()?, actual))
            })
    }
}

/// The booking of a charge: the one in its place, or else the first of its counter. A charge without one used nothing.
fn actual(bookings: &[Booking], position: usize, key: &CounterKey) -> u64 {
    bookings
        .get(position)
        .filter(|booking| booking.charge.key == *key)
        .or_else(|| bookings.iter().find(|booking| booking.charge.key == *key))
        .map_or(0, |booking| booking.actual)
}
