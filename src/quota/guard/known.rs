//! What an instance knows of a store's counters by itself.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::share::Share;
use super::unbooked::{Listener, SharedUnbooked};
use crate::clock::Moment;
use crate::store::{
    Balance, Charge, Decision, HoldId, MemoryStore, Reports, Reservation, Settlement,
};

/// What the store last said of its counters, each as this instance's share, and the holds that were granted without it.
#[derive(Debug)]
pub(super) struct Known {
    counters: MemoryStore,
    /// Read while `counters` learns what the store says, and written while holds are granted and settled in it: an answer is
    /// never put over a hold that was not added to it.
    unbooked: SharedUnbooked,
}

impl Known {
    pub(super) fn new() -> Self {
        Self {
            counters: MemoryStore::new(),
            unbooked: SharedUnbooked::default(),
        }
    }

    /// Hears of what the store books, and passes it on.
    pub(super) fn listening(&self, next: Arc<dyn Reports>) -> Arc<dyn Reports> {
        let unbooked = self.unbooked.clone();
        Arc::new(Listener { unbooked, next })
    }

    /// How many of its holds the store has booked so far: to be asked for before the store is.
    pub(super) fn gone(&self) -> u64 {
        self.unbooked.read().gone()
    }

    /// Remembers what the store said of its counters, and adds what it does not know of. `gone` is as of when it was asked.
    pub(super) fn note(
        &self,
        gone: u64,
        reservation: &Reservation,
        decision: &Decision,
        instances: NonZeroU64,
    ) {
        let unbooked = self.unbooked.read();
        // Of what was booked meanwhile the answer may know nothing. The next one will.
        if unbooked.gone() != gone {
            return;
        }
        let note = |charge: &Charge, balance: &Balance| {
            let share = Share::of(charge, instances);
            let taken = share.used(balance).saturating_add(unbooked.of(&charge.key));
            self.counters
                .set_now(&share.charge(charge), taken, reservation.now);
        };
        match decision {
            Decision::Granted {
                candidate,
                balances,
                ..
            } => {
                let charges = &reservation.candidates[*candidate];
                charges
                    .iter()
                    .zip(balances)
                    .for_each(|(charge, balance)| note(charge, balance));
            }
            Decision::Refused(refusals) => {
                for refusal in refusals {
                    let charge = &reservation.candidates[refusal.candidate][refusal.charge];
                    note(charge, &refusal.balance);
                }
            }
            Decision::Closed | Decision::WrongPeriod => {}
        }
    }

    /// Decides by what is known, and keeps the hold that is granted.
    pub(super) fn grant(&self, reservation: &Reservation) -> Decision {
        let mut unbooked = self.unbooked.write();
        let decision = self.counters.reserve_now(reservation);
        if let Decision::Granted {
            candidate,
            would_block,
            ..
        } = &decision
        {
            let charges = reservation.candidates[*candidate].iter().enumerate();
            let applied = charges.filter(|(position, _)| !would_block.contains(position));
            unbooked.open(reservation.id, applied.map(|(_, charge)| charge));
        }
        decision
    }

    /// Books what a call used, if its hold was granted here.
    pub(super) fn settle(&self, settlement: &Settlement) {
        if self.unbooked.read().is_open(settlement.id) {
            let mut unbooked = self.unbooked.write();
            unbooked.settle(settlement.id, &settlement.bookings);
            self.counters.settle_now(settlement);
        }
    }

    /// Puts off the expiry of a hold, if it was granted here; whether it was.
    pub(super) fn renew(&self, id: HoldId, now: Moment, life: Duration) -> bool {
        let is_here = self.unbooked.read().is_open(id);
        if is_here {
            self.counters.renew_now(id, now, life);
        }
        is_here
    }

    /// How many counters are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.counters.len()
    }
}
