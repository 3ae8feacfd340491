//! Which store the engine has, and what it has it do: decide on calls, settle them, read and correct counters.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Moment, saturating_micros};
use crate::settle::Outcome;
use crate::store::{
    Adjustment, Balance, BoxFuture, Charge, DEFAULT_EXPIRY, HoldId, MemoryStore, Report, Reports,
    Reservation, Settlement, StoreError,
};
use crate::usage::Usage;

use super::engine::Engine;
use super::follow::{Billed, FollowUp};
use super::granted::Granted;
use super::guard::{Around, Decided, Guard};
use super::prepared::Prepared;

/// The memory store is called as it is; any other through its trait, which boxes futures.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    Memory(Arc<MemoryStore>),
    Other(Arc<Guard>),
}

/// A decision that is there, or under way.
pub(super) enum Deciding {
    Ready(Decided),
    Waiting(BoxFuture<'static, Result<Decided, StoreError>>),
}

impl Engine {
    /// After which time a hold is given up unless it is renewed. In memory it lives and dies with its owner; only one
    /// that was leaked on purpose is left for expiry to find.
    fn hold_life(&self) -> Duration {
        self.hold_life.unwrap_or(match self.backend {
            Backend::Memory(_) => Duration::from_secs(24 * 60 * 60),
            Backend::Other(_) => DEFAULT_EXPIRY,
        })
    }

    /// When a hold that was renewed now is renewed again: long before it expires.
    pub(super) fn renew_at(&self, now: u64) -> u64 {
        now.saturating_add(saturating_micros(self.hold_life() / 4))
    }

    pub(super) fn decide(&self, id: HoldId, prepared: &Prepared) -> Deciding {
        let (now, life) = (prepared.now, self.hold_life());
        match &self.backend {
            Backend::Memory(store) => {
                let decision = store.reserve_lent(id, now, life, &prepared.candidates);
                Deciding::Ready(decision.into())
            }
            Backend::Other(guard) => {
                let reservation = Reservation {
                    id,
                    organization: prepared.subject.shared_organization(),
                    now,
                    expires_in: life,
                    candidates: prepared.charges(),
                    unreconciled: match guard.store().keeps_holds() {
                        true => prepared.unreconciled(),
                        false => Vec::new(),
                    },
                };
                let (guard, clock) = (guard.clone(), self.clock.clone());
                let observers = self.observers.clone();
                let instances = prepared.policy.instances();
                Deciding::Waiting(Box::pin(async move {
                    let around = Around {
                        clock: &*clock,
                        observers: &observers,
                    };
                    guard.reserve(reservation, instances, around).await
                }))
            }
        }
    }

    /// Notes that there is one more hold to be settled.
    pub(super) fn opened(&self) {
        self.open.add();
    }

    pub(super) fn settle(&self, id: HoldId, granted: Granted, outcome: Outcome) {
        if let (Outcome::Reported(usage), Some(lesson)) = (outcome, &granted.candidate().lesson) {
            self.learn(lesson, &usage);
        }
        let settlement = granted.settlement(id, self.now(), outcome);
        self.book(settlement);
        self.open.remove();
    }

    fn book(&self, settlement: Settlement) {
        match &self.backend {
            Backend::Memory(store) => {
                let settlement = &settlement;
                store.settle_then(settlement, |how| {
                    self.observers.report(Report::Settled { settlement, how });
                });
            }
            Backend::Other(guard) => guard.settle(settlement),
        }
    }

    /// Settles at the whole reservation, and remembers what that booked until the answer is asked for again.
    pub(super) fn settle_until_followed(
        &self,
        id: HoldId,
        granted: Granted,
        answer: (&'static str, &str),
    ) {
        let (units, now) = (granted.units(), self.now());
        let billed = Billed {
            asked: granted.asked().clone(),
            called: granted.model().clone(),
        };
        let settlement = granted.settlement(id, now, Outcome::Unreconciled);
        let follow_up =
            FollowUp::new(self.next_id(), settlement.clone(), units, now.steady).billed_by(billed);
        // Booked first: a correction that came before it would be overtaken.
        self.book(settlement);
        self.open.remove();
        self.follow_ups.add(answer, follow_up);
    }

    /// Whether an answer was not ready when its call ended, and has not told its usage since.
    pub(crate) fn awaits(&self, answer: (&'static str, &str)) -> bool {
        self.follow_ups.knows(answer, self.now().steady)
    }

    /// Corrects what was booked for an answer that was not ready then, once.
    pub(crate) fn correct(&self, answer: (&'static str, &str), usage: Usage) {
        if let Some(follow_up) = self.follow_ups.take(answer) {
            self.book(follow_up.corrected(usage, self.now()));
        }
    }

    /// Takes back a reservation whose decision nobody has seen, in case it was granted.
    pub(super) fn abandon(&self, id: HoldId, organization: &str) {
        if let Backend::Other(guard) = &self.backend {
            guard.settle(Settlement {
                id,
                organization: organization.into(),
                now: self.now(),
                bookings: Vec::new(),
                record: None,
            });
        }
    }

    pub(super) fn renew(&self, id: HoldId, organization: &str) {
        let (now, life) = (self.now(), self.hold_life());
        match &self.backend {
            Backend::Memory(store) => store.renew_now(id, now, life),
            Backend::Other(guard) => guard.renew(id, organization, now, life),
        }
    }

    fn around(&self) -> Around<'_> {
        Around {
            clock: &*self.clock,
            observers: &self.observers,
        }
    }

    pub(super) async fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> Result<Vec<Balance>, StoreError> {
        match &self.backend {
            Backend::Memory(store) => Ok(store.peek_now(&charges, now)),
            Backend::Other(guard) => guard.peek(charges, now, self.around()).await,
        }
    }

    pub(super) async fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> Result<Balance, StoreError> {
        // An operator who takes usage away has seen what was booked for answers that are to come.
        if !matches!(adjustment, Adjustment::Debit(_)) {
            self.follow_ups.forget_counter(&charge.key);
        }
        match &self.backend {
            Backend::Memory(store) => Ok(store.adjust_now(&charge, adjustment, now)),
            Backend::Other(guard) => guard.adjust(charge, adjustment, now, self.around()).await,
        }
    }

    pub(super) async fn health(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Memory(_) => Ok(()),
            Backend::Other(guard) => guard.health(self.around()).await,
        }
    }

    pub(super) fn waiting_settlements(&self) -> usize {
        match &self.backend {
            Backend::Memory(_) => 0,
            Backend::Other(guard) => guard.store().waiting(),
        }
    }

    pub(super) async fn drain(&self) {
        self.open.none().await;
        if let Backend::Other(guard) = &self.backend {
            guard.store().drain().await;
        }
    }
}
