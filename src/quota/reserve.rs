//! The future of a decision.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::Demand;
use super::backend::Deciding;
use super::engine::Engine;
use super::granted::Granted;
use super::guard::Decided;
use super::hold::Hold;
use super::prepared::Prepared;
use crate::policy::OnStoreFailure;
use crate::reject::{Rejection, RejectionKind};
use crate::store::{BoxFuture, Decision, HoldId, Refusal, StoreError};
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
        let cost = rejection.cost;
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

fn unavailable() -> Rejection {
    Rejection::new(
        RejectionKind::StoreUnavailable,
        "The quota cannot be checked just now. Please try again.",
    )
}
