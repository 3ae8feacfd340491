//! The future of a decision.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::engine::{Deciding, Engine};
use super::guard::Decided;
use super::hold::{Granted, Hold};
use super::plan::{Candidate, Prepared};
use super::{Demand, verdict};
use crate::policy::{OnStoreFailure, Unit};
use crate::prices::Cost;
use crate::reject::{CannedReply, RefusedLimit, Rejection, RejectionKind};
use crate::settle::Outcome;
use crate::store::{
    BoxFuture, CallRecord, Charge, Decision, HoldId, Refusal, StoreError, Unreconciled,
};
use crate::subject::Subject;

const AFTER_READY: &str = "polled after it was ready";

/// The future of [`Quota::reserve`](super::Quota::reserve). On the memory store it is ready at once.
///
/// # Panics
/// When it is polled after it was ready, as futures do.
#[must_use = "futures do nothing unless polled"]
pub struct Reserve {
    engine: Arc<Engine>,
    demand: Demand,
    subject: Subject,
    state: State,
}

enum State {
    Refused(Option<Rejection>),
    Deciding(Reserving),
}

impl Reserve {
    /// A decision whose refusal is told of here.
    pub(super) fn told(
        engine: Arc<Engine>,
        subject: &Subject,
        demand: Demand,
        prepared: Result<Box<Prepared>, Rejection>,
    ) -> Self {
        let state = match prepared {
            Ok(prepared) => State::Deciding(Reserving::new(engine.clone(), prepared)),
            Err(rejection) => State::Refused(Some(rejection)),
        };
        Self {
            engine,
            demand,
            subject: subject.clone(),
            state,
        }
    }
}

impl fmt::Debug for Reserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve")
            .field("demand", &self.demand)
            .finish_non_exhaustive()
    }
}

impl Future for Reserve {
    type Output = Result<Hold, Rejection>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let decided = match &mut this.state {
            State::Refused(rejection) => Err(rejection.take().expect(AFTER_READY)),
            State::Deciding(reserving) => match Pin::new(reserving).poll(cx) {
                Poll::Ready(decided) => decided,
                Poll::Pending => return Poll::Pending,
            },
        };
        if let Err(rejection) = &decided {
            this.engine
                .tell_refused(Some(&this.subject), Some(&this.demand.model), rejection);
        }
        Poll::Ready(decided)
    }
}

/// A decision under way. Dropped before it is seen, it is taken back.
pub(crate) struct Reserving {
    engine: Arc<Engine>,
    id: HoldId,
    stage: Stage,
}

enum Stage {
    Asking(Box<Prepared>),
    Waiting(
        Box<Prepared>,
        BoxFuture<'static, Result<Decided, StoreError>>,
    ),
    Over,
}

impl Reserving {
    pub(crate) fn new(engine: Arc<Engine>, prepared: Box<Prepared>) -> Self {
        Self {
            id: engine.next_id(),
            engine,
            stage: Stage::Asking(prepared),
        }
    }
}

impl Future for Reserving {
    type Output = Result<Hold, Rejection>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Stage::Asking(prepared) = &this.stage {
            // On the memory store the hold is made in the same step as the decision: nothing comes in between.
            match this.engine.decide(this.id, prepared) {
                Deciding::Ready(decided) => return Poll::Ready(this.conclude(Ok(decided))),
                Deciding::Waiting(future) => this.wait_for(future),
            }
        }
        match &mut this.stage {
            Stage::Waiting(_, future) => {
                let decided = ready!(future.as_mut().poll(cx));
                Poll::Ready(this.conclude(decided))
            }
            Stage::Asking(_) | Stage::Over => panic!("{AFTER_READY}"),
        }
    }
}

impl Reserving {
    fn wait_for(&mut self, future: BoxFuture<'static, Result<Decided, StoreError>>) {
        if let Stage::Asking(prepared) = std::mem::replace(&mut self.stage, Stage::Over) {
            self.stage = Stage::Waiting(prepared, future);
        }
    }

    fn conclude(&mut self, decided: Result<Decided, StoreError>) -> Result<Hold, Rejection> {
        let (Stage::Asking(prepared) | Stage::Waiting(prepared, _)) =
            std::mem::replace(&mut self.stage, Stage::Over)
        else {
            return Err(unavailable());
        };
        let Ok(Decided { decision, degraded }) = decided else {
            let mut rejection = unavailable();
            rejection.degraded = Some(OnStoreFailure::Closed);
            return Err(rejection);
        };
        match decision {
            Decision::Granted {
                candidate,
                balances,
                would_block,
            } => {
                let granted = Granted::new(
                    prepared,
                    candidate,
                    balances,
                    would_block,
                    degraded.map(|degraded| degraded.rule),
                );
                // What was granted without the store has an id that the store was never asked with.
                let id = degraded.map_or(self.id, |degraded| degraded.id);
                Ok(Hold::new(id, self.engine.clone(), granted))
            }
            Decision::Refused(refusals) => {
                let mut rejection = self.refuse(&prepared, &refusals);
                rejection.degraded = degraded.map(|degraded| degraded.rule);
                Err(rejection)
            }
            Decision::Closed | Decision::WrongPeriod => Err(unavailable()),
        }
    }

    fn refuse(&self, prepared: &Prepared, refusals: &[Refusal]) -> Rejection {
        let rejection = prepared.rejection(refusals);
        let (subject, model) = (&prepared.subject, prepared.asked.canonical());
        let cost = rejection.cost.unwrap_or_default();
        let ledger = self.engine.ledger();
        ledger.refused(subject, model, rejection.kind, cost, prepared.now.wall);
        rejection
    }
}

impl Drop for Reserving {
    fn drop(&mut self) {
        if let Stage::Waiting(prepared, _) = &self.stage {
            self.engine
                .abandon(self.id, prepared.subject.organization_name());
        }
    }
}

impl Prepared {
    pub(super) fn charges(&self) -> Vec<Vec<Charge>> {
        let charges = |candidate: &Candidate| candidate.charges.clone();
        self.candidates.iter().map(charges).collect()
    }

    /// For each candidate what is booked while nobody knows what its call used.
    pub(super) fn unreconciled(&self) -> Vec<Unreconciled> {
        let of = |candidate| self.unreconciled_of(candidate);
        self.candidates.iter().map(of).collect()
    }

    fn unreconciled_of(&self, candidate: &Candidate) -> Unreconciled {
        let usage = Outcome::Unreconciled.usage(candidate.estimate);
        let cost = candidate.model.cost(&usage);
        let cost = Cost {
            usd: cost.usd.max(candidate.cost),
            ..cost
        };
        let actual = |(position, charge): (usize, &Charge)| match candidate.limits.get(position) {
            Some(limit) => limit.unreconciled(charge.amount, &usage, cost.usd),
            None => cost.usd.nanos(),
        };
        Unreconciled {
            actuals: candidate.charges.iter().enumerate().map(actual).collect(),
            record: Arc::new(CallRecord {
                subject: self.subject.clone(),
                api: candidate.lesson.as_ref().map(|lesson| lesson.api),
                admitted_at: self.now.wall,
                asked: self.asked.shared_canonical(),
                model: candidate.model.shared_canonical(),
                reserved: candidate.reserved,
                usage,
                basis: Outcome::Unreconciled.basis(),
                cost,
                asked_cost: None,
                corrects: None,
            }),
        }
    }

    /// What the caller is told of these refusals.
    fn rejection(&self, refusals: &[Refusal]) -> Rejection {
        let mut by_candidate = vec![Vec::new(); self.candidates.len()];
        let mut reply = None;
        for refusal in refusals {
            let candidate = &self.candidates[refusal.candidate];
            let limit = &candidate.limits[refusal.charge];
            let charge = &candidate.charges[refusal.charge];
            reply = reply.or_else(|| {
                let text = limit.reply.clone()?;
                let limit = charge.limit.clone();
                Some(CannedReply { limit, text })
            });
            by_candidate[refusal.candidate].push(RefusedLimit {
                id: charge.limit.clone(),
                unit: limit.unit,
                model: candidate.model.raw().into(),
                asked: charge.amount,
                at_least: candidate.at_least && counts_input(limit.unit),
                reason: refusal.reason,
                balance: refusal.balance,
                wait: refusal.wait.map(Duration::from_micros),
            });
        }
        let mut rejection = verdict::rejection(&by_candidate, self.now);
        rejection.estimate = self.candidates.first().map(|asked| asked.estimate);
        let priced = |asked: &&Candidate| asked.model.price().is_some();
        rejection.cost = self
            .candidates
            .first()
            .filter(priced)
            .map(|asked| asked.cost);
        rejection.reply = reply;
        rejection
    }
}

/// Whether a call asks more of such a limit the longer its prompt is.
fn counts_input(unit: Unit) -> bool {
    matches!(unit, Unit::InputTokens | Unit::Tokens | Unit::Usd)
}

fn unavailable() -> Rejection {
    Rejection::new(
        RejectionKind::StoreUnavailable,
        "The quota cannot be checked just now. Please try again.",
    )
}
