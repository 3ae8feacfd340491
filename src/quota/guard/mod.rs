//! A store that can fail, and what holds while it does.

mod breaker;
mod share;
#[cfg(test)]
mod tests;
mod unbooked;

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use self::breaker::Breaker;
use self::share::{Share, is_bound, is_closed};
use self::unbooked::{Listener, SharedUnbooked, Unbooked};
use crate::clock::{Clock, Moment};
use crate::policy::OnStoreFailure;
use crate::store::{
    Adjustment, Balance, Charge, Decision, HoldId, HoldIds, MemoryStore, Refusal, Reports,
    Reservation, Settlement, Store, StoreError,
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
    known: MemoryStore,
    breaker: Breaker,
    /// Read while `known` learns what the store says, and written while holds are granted and settled in it: an answer is never
    /// put over a hold that was not added to it.
    unbooked: SharedUnbooked,
    ids: Arc<HoldIds>,
}

/// By which clock a store is left alone, and who hears of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) clock: &'a dyn Clock,
    pub(super) observers: &'a Observers,
}

/// A decision, and whether the store made it.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) decision: Decision,
    pub(super) degraded: Option<Degraded>,
}

/// A decision was made without the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Degraded {
    /// The id of the hold, if it was granted.
    pub(super) id: HoldId,
    /// The strictest rule that took part in it.
    pub(super) rule: OnStoreFailure,
}

impl From<Decision> for Decided {
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            degraded: None,
        }
    }
}

impl Guard {
    pub(super) fn new(store: Arc<dyn Store>, ids: Arc<HoldIds>) -> Self {
        Self {
            store,
            known: MemoryStore::new(),
            breaker: Breaker::default(),
            unbooked: SharedUnbooked::default(),
            ids,
        }
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Says whom the store has to tell.
    pub(super) fn report_to(&self, next: Arc<dyn Reports>) {
        let unbooked = self.unbooked.clone();
        self.store.report_to(Arc::new(Listener { unbooked, next }));
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
        let gone = self.unbooked.read().gone();
        let decided = self.store.reserve(reservation.clone()).await;
        match decided.and_then(|decision| about(&reservation, decision)) {
            Ok(decision) => {
                self.answered(observers);
                let unbooked = self.unbooked.read();
                // Of what was booked meanwhile the answer may know nothing. The next one will.
                if unbooked.gone() == gone {
                    self.note(&reservation, &decision, instances, &unbooked);
                }
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
        let decided = self.decide_by_rules(reservation, instances);
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

    /// Candidates are tried up to the first with a closed limit: what comes after it nobody can know.
    fn decide_by_rules(
        &self,
        reservation: &Reservation,
        instances: NonZeroU64,
    ) -> Result<Decided, StoreError> {
        let all = &reservation.candidates;
        let closed = |charges: &Vec<Charge>| charges.iter().any(is_closed);
        let open = all.iter().position(closed).unwrap_or(all.len());
        let own = |charge: &Charge| Share::of(charge, instances).charge(charge);
        let own = |charges: &Vec<Charge>| charges.iter().map(own).collect();
        let id = self.ids.next();
        let decision = self.grant(&Reservation {
            id,
            candidates: all[..open].iter().map(own).collect(),
            ..reservation.clone()
        });
        let (tried, decision) = match decision {
            Decision::Granted {
                candidate,
                balances,
                would_block,
            } => {
                let balance = |(charge, own): (&Charge, &Balance)| {
                    Share::of(charge, instances).balance(charge, own)
                };
                let charges = &all[candidate];
                let granted = Decision::Granted {
                    candidate,
                    balances: charges.iter().zip(&balances).map(balance).collect(),
                    would_block,
                };
                (std::slice::from_ref(charges), granted)
            }
            Decision::Refused(refusals) => {
                if open < all.len() && passes_on(&all[..open], &refusals) {
                    return Err(closed_limit());
                }
                let whole = |refusal: &Refusal| {
                    let charge = &all[refusal.candidate][refusal.charge];
                    Share::of(charge, instances).refusal(charge, refusal)
                };
                let refusals: Option<_> = refusals.iter().map(whole).collect();
                (
                    &all[..open],
                    Decision::Refused(refusals.ok_or_else(closed_limit)?),
                )
            }
            Decision::Closed | Decision::WrongPeriod => return Err(closed_limit()),
        };
        let mut bound = tried.iter().flatten().filter(|charge| is_bound(charge));
        let is_local = bound.any(|charge| charge.on_store_failure == OnStoreFailure::Local);
        let rule = if is_local {
            OnStoreFailure::Local
        } else {
            OnStoreFailure::Open
        };
        Ok(Decided {
            decision,
            degraded: Some(Degraded { id, rule }),
        })
    }

    /// Decides by what is known, and keeps the hold that is granted.
    fn grant(&self, reservation: &Reservation) -> Decision {
        let mut unbooked = self.unbooked.write();
        let decision = self.known.reserve_now(reservation);
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

    /// Remembers what the store said of its counters, and adds what it does not know of.
    fn note(
        &self,
        reservation: &Reservation,
        decision: &Decision,
        instances: NonZeroU64,
        unbooked: &Unbooked,
    ) {
        let note = |charge: &Charge, balance: &Balance| {
            let share = Share::of(charge, instances);
            let taken = share.used(balance).saturating_add(unbooked.of(&charge.key));
            self.known
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
        self.settle_own(&settlement);
        self.store.settle(settlement);
    }

    fn settle_own(&self, settlement: &Settlement) {
        if self.unbooked.read().is_open(settlement.id) {
            let mut unbooked = self.unbooked.write();
            unbooked.settle(settlement.id, &settlement.bookings);
            self.known.settle_now(settlement);
        }
    }

    pub(super) fn renew(&self, id: HoldId, organization: &str, now: Moment, life: Duration) {
        if self.unbooked.read().is_open(id) {
            self.known.renew_now(id, now, life);
        } else {
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
        question: impl FnOnce() -> crate::store::BoxFuture<'a, Result<T, StoreError>>,
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

/// A decision that is about this reservation: a store is not trusted with our indices.
fn about(reservation: &Reservation, decision: Decision) -> Result<Decision, StoreError> {
    let candidates = &reservation.candidates;
    let is_ours = match &decision {
        Decision::Granted {
            candidate,
            balances,
            ..
        } => candidates.get(*candidate).map(Vec::len) == Some(balances.len()),
        Decision::Refused(refusals) => refusals.iter().all(|refusal| {
            let charges = candidates.get(refusal.candidate);
            charges
                .and_then(|charges| charges.get(refusal.charge))
                .is_some_and(is_bound)
        }),
        Decision::Closed | Decision::WrongPeriod => true,
    };
    let stranger = || StoreError("it decided on charges that it was not asked for".to_owned());
    is_ours.then_some(decision).ok_or_else(stranger)
}

/// Whether all candidates were refused by limits that downgrade, so that the next one's turn has come.
fn passes_on(candidates: &[Vec<Charge>], refusals: &[Refusal]) -> bool {
    refusals
        .iter()
        .all(|by| candidates[by.candidate][by.charge].downgrades)
}

fn closed_limit() -> StoreError {
    StoreError("a limit of the call needs it".to_owned())
}
