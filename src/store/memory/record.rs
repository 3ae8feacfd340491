//! What the store remembers of a hold.

use super::counter::{Counter, Slot};
use super::crossings::Crossings;
use crate::clock::Moment;
use crate::store::arithmetic::Held;
use crate::store::{Balance, Booking, Charge, Decision, Rule};

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
    pub(super) counter: Counter,
    pub(super) share: Share,
    /// The charge itself, where there are thresholds that its booking may cross.
    pub(super) alerting: Option<Box<Charge>>,
}

/// What a charge has of its counter.
#[derive(Debug)]
pub(super) enum Share {
    Applied(Held),
    /// Nothing: a shadow limit would have refused.
    WouldBlock(Rule),
}

impl Share {
    fn rule(&self) -> Rule {
        match *self {
            Self::Applied(Held { rule, .. }) | Self::WouldBlock(rule) => rule,
        }
    }
}

impl Record {
    /// The decision that granted the call, with the counters as they stand now.
    pub(super) fn decision_again(&self, now: Moment) -> Decision {
        let balance = |charged: &Charged| charged.counter.lock().balance(charged.share.rule(), now);
        self.decision(self.charges.iter().map(balance).collect())
    }

    /// The decision that grants the call.
    pub(super) fn decision(&self, balances: Vec<Balance>) -> Decision {
        let would_block = (0..self.charges.len())
            .filter(|&position| matches!(self.charges[position].share, Share::WouldBlock(_)))
            .collect();
        Decision::Granted {
            candidate: self.candidate,
            balances,
            would_block,
        }
    }

    /// Replaces what is held by what was used.
    pub(super) fn settle(&self, bookings: &[Booking], now: Moment) -> Crossings {
        self.book(now, |position, charged, held, slot| {
            let actual = actual(bookings, position, charged.counter.name());
            slot.settle(held, actual, now);
        })
    }

    /// Gives the hold up.
    pub(super) fn expire(&self, now: Moment) -> Crossings {
        self.book(now, |_, _, held, slot| slot.expire(held, now))
    }

    /// Corrects what the expiry left to what was used.
    pub(super) fn settle_late(&self, bookings: &[Booking], now: Moment) -> Crossings {
        self.book(now, |position, charged, held, slot| {
            let actual = actual(bookings, position, charged.counter.name());
            slot.settle_late(held, actual, now);
        })
    }

    /// Books each charge that was applied, and judges its thresholds before anyone else can book.
    fn book(&self, now: Moment, book: impl Fn(usize, &Charged, &Held, &mut Slot)) -> Crossings {
        let mut crossings = Crossings::default();
        for (position, charged) in self.charges.iter().enumerate() {
            let Share::Applied(held) = &charged.share else {
                continue;
            };
            charged.counter.lock().change(|slot| {
                book(position, charged, held, slot);
                if let Some(charge) = &charged.alerting {
                    crossings.judge(slot, charge, now);
                }
            });
        }
        crossings
    }
}

/// The booking of a charge: the one in its place, or else the first of its counter. A charge without one used nothing.
fn actual(bookings: &[Booking], position: usize, name: &[u8]) -> u64 {
    let is_its = |booking: &&Booking| booking.charge.key.as_bytes() == name;
    let in_place = bookings.get(position).filter(is_its);
    let booking = in_place.or_else(|| bookings.iter().find(is_its));
    booking.map_or(0, |booking| booking.actual)
}
