//! Whose bill an answer tells of.

use std::sync::Arc;

use crate::api::Tally;
use crate::quota::{Engine, Hold};
use crate::settle::Outcome;

#[allow(
    clippy::large_enum_variant,
    reason = "nearly every account is a call's: boxing it would cost each call an allocation"
)]
#[derive(Debug)]
pub(super) enum Account {
    /// A call's own.
    Call(Hold),
    /// That of an earlier call, whose answer was not ready when it ended.
    Earlier {
        engine: Arc<Engine>,
        answer: Box<str>,
    },
}

impl Account {
    pub(super) fn hold(&self) -> Option<&Hold> {
        match self {
            Self::Call(hold) => Some(hold),
            Self::Earlier { .. } => None,
        }
    }

    pub(super) fn settle(self, api: &'static str, outcome: Outcome, tally: &Tally) {
        match (self, outcome) {
            (Self::Call(hold), Outcome::Unreconciled) if tally.pending => match &tally.id {
                Some(answer) => hold.settle_until_followed(api, answer),
                None => hold.settle_as(outcome),
            },
            (Self::Call(hold), _) => hold.settle_as(outcome),
            // A server may read the path differently, and give another answer than the one that is awaited.
            (Self::Earlier { engine, answer }, Outcome::Reported(usage))
                if tally.id.as_deref() == Some(&*answer) =>
            {
                engine.correct((api, &answer), usage);
            }
            // It is asked for again, or stays booked as it is.
            (Self::Earlier { .. }, _) => {}
        }
    }
}
