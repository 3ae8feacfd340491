//! The future of a decision.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::reject::{RefusedLimit, Rejection, RejectionKind};
use crate::store::{BoxFuture, Decision, HoldId, Refusal, StoreError};
use crate::subject::Subject;
use crate::watch::Event;

use super::engine::{Deciding, Engine};
use super::hold::{ChargedLimit, Granted, Hold};
use super::plan::{Candidate, PlannedLimit, Prepared};
use super::{Demand, verdict};

/// The future of [`Quota::reserve`](super::Quota::reserve). On the memory store it is ready at once.
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
        prepared: Result<Prepared, Rejection>,
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

impl Future for Reserve {
    type Output = Result<Hold, Rejection>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let decided = match &mut this.state {
            State::Refused(rejection) => match rejection.take() {
                Some(rejection) => Err(rejection),
                None => return Poll::Pending,
            },
            State::Deciding(reserving) => match Pin::new(reserving).poll(cx) {
                Poll::Ready(decided) => decided.map(|admitted| admitted.hold),
                Poll::Pending => return Poll::Pending,
            },
        };
        if let Err(rejection) = &decided {
            this.engine.tell_refused(Some(&this.subject), Some(&this.demand.model), rejection);
        }
        Poll::Ready(decided)
    }
}

/// A granted call.
pub(crate) struct Admitted {
    pub(crate) hold: Hold,
    /// The most output tokens of an answer, to be written into the request.
    pub(crate) output_cap: Option<u64>,
}

/// A decision under way. Dropped before it is seen, it is taken back.
pub(crate) struct Reserving {
    engine: Arc<Engine>,
    id: HoldId,
    prepared: Option<Prepared>,
    deciding: Option<BoxFuture<'static, Result<Decision, StoreError>>>,
    decided: Option<Decision>,
}

impl Reserving {
    /// Starts the decision. On the memory store it is made here and now.
    pub(crate) fn new(engine: Arc<Engine>, prepared: Prepared) -> Self {
        let id = engine.next_id();
        let charges = |candidate: &Candidate| candidate.limits.iter().map(|limit| limit.charge.clone()).collect();
        let candidates = prepared.candidates.iter().map(charges).collect();
        let (decided, deciding) = match engine.decide(id, prepared.now, candidates) {
            Deciding::Ready(decision) => (Some(decision), None),
            Deciding::Waiting(future) => (None, Some(future)),
        };
        Self {
            engine,
            id,
            prepared: Some(prepared),
            deciding,
            decided,
        }
    }
}
