//! The memory store, which tells what it was asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tower_token_quota::clock::Moment;
use tower_token_quota::store::{
    Adjustment, Balance, BoxFuture, Charge, CounterKey, Decision, HoldId, MemoryStore, Reports,
    Reservation, Settlement, Store, StoreError,
};

/// The memory store, and all charges that it was ever asked for.
#[derive(Debug, Clone)]
pub(crate) struct Spied {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) charges: Arc<Mutex<HashMap<CounterKey, Charge>>>,
    pub(crate) hold_life: Duration,
}

impl Store for Spied {
    fn reserve(&self, mut reservation: Reservation) -> BoxFuture<'_, Result<Decision, StoreError>> {
        reservation.expires_in = self.hold_life;
        let mut charges = self.charges.lock().unwrap();
        for charge in reservation.candidates.iter().flatten() {
            charges.insert(charge.key.clone(), charge.clone());
        }
        self.store.reserve(reservation)
    }

    fn report_to(&self, reports: Arc<dyn Reports>) {
        self.store.report_to(reports);
    }

    fn settle(&self, settlement: Settlement) {
        self.store.settle(settlement.clone());
        // A settlement may be delivered twice.
        self.store.settle(settlement);
    }

    fn renew(&self, _: HoldId, _: &str, _: Moment, _: Duration) {}

    fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> BoxFuture<'_, Result<Vec<Balance>, StoreError>> {
        self.store.peek(charges, now)
    }

    fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> BoxFuture<'_, Result<Balance, StoreError>> {
        self.store.adjust(charge, adjustment, now)
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.health()
    }

    fn drain(&self) -> BoxFuture<'_, ()> {
        self.store.drain()
    }
}
