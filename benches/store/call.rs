//! A call as the store sees it: reserved, and settled.

use std::hint::black_box;
use std::time::Duration;

use tower_token_quota::clock::{Clock, SystemClock};
use tower_token_quota::store::{
    Booking, Charge, CounterKey, Decision, HoldId, MemoryStore, Reservation, Settlement,
};

use crate::limits::charges;

/// A call of one user, to be made again and again.
pub(crate) struct Call {
    reservation: Reservation,
    settlement: Settlement,
}

impl Call {
    pub(crate) fn of(user: usize, limits: usize) -> Self {
        let charges = charges(user, limits);
        let (id, now) = (HoldId::from_u128(0), SystemClock::default().now());
        let booking = |charge: &Charge| Booking::new(charge.clone(), 1);
        Self {
            settlement: Settlement {
                id,
                organization: "default".into(),
                now,
                bookings: charges.iter().map(booking).collect(),
                record: None,
            },
            reservation: Reservation {
                id,
                organization: "default".into(),
                now,
                expires_in: Duration::from_secs(86_400),
                candidates: vec![charges],
                unreconciled: Vec::new(),
            },
        }
    }

    /// Lends it the keys of a user, or takes them back.
    pub(crate) fn swap_keys(&mut self, keys: &mut [Vec<CounterKey>; 2]) {
        let [reserved, settled] = keys;
        let charges = self.reservation.candidates[0].iter_mut();
        let booked = self.settlement.bookings.iter_mut();
        let places = charges
            .map(|it| &mut it.key)
            .chain(booked.map(|it| &mut it.charge.key));
        for (place, key) in places.zip(reserved.iter_mut().chain(settled)) {
            std::mem::swap(place, key);
        }
    }

    pub(crate) fn make(&mut self, store: &MemoryStore, clock: &impl Clock, id: HoldId) {
        (self.reservation.id, self.reservation.now) = (id, clock.now());
        let decision = store.reserve_now(&self.reservation);
        assert!(matches!(decision, Decision::Granted { .. }));
        (self.settlement.id, self.settlement.now) = (id, clock.now());
        black_box(store.settle_now(&self.settlement));
    }
}

/// Ids as a quota makes them: each thread counts them up in a lane of its own, which their last five bits tell.
pub(crate) struct Ids(u128);

impl Ids {
    pub(crate) fn of_thread(lane: usize) -> Self {
        Self(lane as u128)
    }

    pub(crate) fn next(&mut self) -> HoldId {
        self.0 += 1 << 5;
        HoldId::from_u128(self.0)
    }
}
