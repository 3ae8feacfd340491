//! A store that can fail, and what holds while it does.

mod alone;
mod answer;
mod breaker;
mod decided;
mod known;
mod share;
#[cfg(test)]
mod tests;
mod unbooked;

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

pub(super) use self::decided::Decided;

use self::answer::about;
use self::breaker::Breaker;
use self::known::Known;
use crate::clock::{Clock, Moment};
use crate::policy::OnStoreFailure;
use crate::store::{
    Adjustment, Balance, BoxFuture, Charge, HoldId, HoldIds, Reports, Reservation, Settlement,
    Store, StoreError,
};
use crate::watch::{Event, Observers};

/// A store, and beside it in memory what this instance last knew of its counters.
///
/// While the store answers, it decides. While it does not, each limit's own rule does: [`OnStoreFailure`]. What is admitted then
/// is booked in the store when it answers again, by an id of its own: the one that the store was asked with is taken back, since
/// nobody knows whether it was granted. Until it is booked it counts here, beside whatever the store says.
#[derive(Debug)]
pub(super) struct Guard {
    store: Arc<dyn Store>,
    known: Known,
    breaker: Breaker,
    ids: Arc<HoldIds>,
}

/// By which clock a store is left alone, and who hears of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) clock: &'a dyn Clock,
    pub(super) observers: &'a Observers,
}

impl Guard {
    pub(super) fn new(store: Arc<dyn Store>, ids: Arc<HoldIds>) -> Self {
        Self {
            store,
            known: Known::new(),
            breaker: Breaker::default(),
            ids,
        }
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Says whom the store has to tell.
    pub(super) fn report_to(&self, next: Arc<dyn Reports>) {
        self.store.report_to(self.known.listening(next));
    }

    /// Decides on a call, with the store or without it.
    ///
    /// # Errors
    /// When the store does not answer and a limit is closed then.
    pub(super) async fn reserve(
        &self,
        reservation: Reservation,
        instances: NonZeroU64,
        around: Around<'_>,
    ) -> Result<Decided, StoreError> {
        let observers = around.observers;
        if !self.breaker.lets_through(reservation.now.steady) {
            return self.decide(&reservation, instances, observers);
        }
        let gone = self.known.gone();
        let decided = self.store.reserve(reservation.clone()).await;
        match decided.and_then(|decision| about(&reservation, decision)) {
            Ok(decision) => {
                self.answered(observers);
                self.known.note(gone, &reservation, &decision, instances);
                Ok(decision.into())
            }
            Err(error) => {
                self.failed(&error, around);
                self.take_back(&reservation);
                self.decide(&reservation, instances, observers)
            }
        }
    }

    /// Decides without the store.
    fn decide(
        &self,
        reservation: &Reservation,
        instances: NonZeroU64,
        observers: &Observers,
    ) -> Result<Decided, StoreError> {
        let decided = alone::decide(&self.known, self.ids.next(), reservation, instances);
        observers.tell(|| Event::Degraded {
            rule: match &decided {
                Ok(Decided { degraded, .. }) => {
                    degraded.map_or(OnStoreFailure::Open, |degraded| degraded.rule)
                }
                Err(_) => OnStoreFailure::Closed,
            },
        });
        decided
    }

    fn answered(&self, observers: &Observers) {
        if self.breaker.succeeded() {
            observers.tell(|| Event::StoreRecovered);
        }
    }

    /// Settles at zero what the store may have granted, for all that we know.
    fn take_back(&self, reservation: &Reservation) {
        self.store.settle(Settlement {
            id: reservation.id,
            organization: reservation.organization.clone(),
            now: reservation.now,
            bookings: Vec::new(),
            record: None,
        });
    }

    /// Books in the store, which does not know a hold that was granted without it, and so books all of it.
    pub(super) fn settle(&self, settlement: Settlement) {
        self.known.settle(&settlement);
        self.store.settle(settlement);
    }

    pub(super) fn renew(&self, id: HoldId, organization: &str, now: Moment, life: Duration) {
        if !self.known.renew(id, now, life) {
            self.store.renew(id, organization, now, life);
        }
    }

    pub(super) async fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
        around: Around<'_>,
    ) -> Result<Vec<Balance>, StoreError> {
        self.ask(now, around, || self.store.peek(charges, now))
            .await
    }

    pub(super) async fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
        around: Around<'_>,
    ) -> Result<Balance, StoreError> {
        self.ask(now, around, || self.store.adjust(charge, adjustment, now))
            .await
    }

    /// Asks the store in any case: whoever wants to know whether it answers does not want to hear what others have seen.
    pub(super) async fn health(&self, around: Around<'_>) -> Result<(), StoreError> {
        let health = self.store.health().await;
        self.learn_from(&health, around);
        health
    }

    async fn ask<'a, T>(
        &'a self,
        now: Moment,
        around: Around<'_>,
        question: impl FnOnce() -> BoxFuture<'a, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if !self.breaker.lets_through(now.steady) {
            return Err(StoreError("it did not answer a moment ago".to_owned()));
        }
        let answer = question().await;
        self.learn_from(&answer, around);
        answer
    }

    fn learn_from<T>(&self, answer: &Result<T, StoreError>, around: Around<'_>) {
        match answer {
            Ok(_) => self.answered(around.observers),
            Err(error) => self.failed(error, around),
        }
    }

    /// The store is left alone from now on, and not from when it was asked: it may have let us wait.
    fn failed(&self, StoreError(reason): &StoreError, around: Around<'_>) {
        self.breaker.failed(around.clock.now().steady);
        around.observers.tell(|| Event::StoreFailed {
            reason: reason.clone(),
        });
    }
}
