//! [`Store`] for [`MemoryStore`], whose answers are there at once.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use super::MemoryStore;
use crate::clock::Moment;
use crate::store::{
    Adjustment, Balance, BoxFuture, Charge, Decision, HoldId, Report, Reports, Reservation,
    Settlement, Store, StoreError,
};

impl Store for MemoryStore {
    /// Never fails.
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<Decision, StoreError>> {
        Box::pin(async move { Ok(self.reserve_now(&reservation)) })
    }

    /// They end with the process.
    fn keeps_holds(&self) -> bool {
        false
    }

    fn report_to(&self, reports: Arc<dyn Reports>) {
        self.listener.set(reports);
    }

    /// Books before it returns.
    fn settle(&self, settlement: Settlement) {
        self.settle_then(&settlement, |how| {
            let settlement = &settlement;
            self.listener.report(Report::Settled { settlement, how });
        });
    }

    fn renew(&self, id: HoldId, _organization: &str, now: Moment, expires_in: Duration) {
        self.renew_now(id, now, expires_in);
    }

    /// Never fails.
    fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> BoxFuture<'_, Result<Vec<Balance>, StoreError>> {
        Box::pin(async move { Ok(self.peek_now(&charges, now)) })
    }

    /// Never fails.
    fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> BoxFuture<'_, Result<Balance, StoreError>> {
        Box::pin(async move { Ok(self.adjust_now(&charge, adjustment, now)) })
    }

    /// Always healthy.
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(ready(Ok(())))
    }

    /// Has nothing to wait for.
    fn drain(&self) -> BoxFuture<'_, ()> {
        Box::pin(ready(()))
    }
}
