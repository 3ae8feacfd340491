//! What is asked for, and whether a tier takes it at all.

use crate::api::{Api, Call, ModelSite, OutputAsk};
use crate::count::{InputCount, Known};
use crate::model;
use crate::policy::{CheckedTier, OpaqueInput, OutputCap, Policy, PricedModel, Rung};
use crate::reject::{Rejection, RejectionKind};

use super::Demand;
use super::size::Size;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ask<'a> {
    /// A request that has been read.
    Call {
        api: &'a dyn Api,
        call: &'a Call,
        body: &'a str,
    },
    /// A model, and figures that somebody else found.
    Demand(&'a Demand),
}

impl<'a> Ask<'a> {
    pub(super) fn size(&self, known: impl FnOnce() -> Option<Known<'a>>) -> Size<'a> {
        match *self {
            Self::Call { api, call, body } => {
                let count = InputCount::new(api, &call.input, body).knowing(known());
                Size::Counted(api, call, count)
            }
            Self::Demand(demand) => Size::Told(demand),
        }
    }

    pub(super) fn model(&self, policy: &Policy) -> PricedModel {
        match self {
            Self::Call { call, .. } => match call.model_site {
                ModelSite::Body(_) | ModelSite::PathVerb | ModelSite::Nowhere => {
                    policy.resolve(&call.model)
                }
                ModelSite::PathAfter(_) => {
                    policy.resolve_deployment(&call.model, |name| model::facts(name).is_some())
                }
            },
            Self::Demand(demand) => policy.resolve(&demand.model),
        }
    }

    pub(super) fn other_models(&self) -> &'a [Box<str>] {
        match *self {
            Self::Call { call, .. } => &call.other_models,
            Self::Demand(_) => &[],
        }
    }

    /// The rungs that this call can be sent to. Where a request does not name its model, it cannot be sent to another; vectors
    /// of two models cannot be compared; and tokens that come by their numbers mean nothing to another tokenizer.
    pub(super) fn reachable<'p>(
        &self,
        asked: &PricedModel,
        mut rungs: Vec<Rung<'p>>,
    ) -> Result<Vec<Rung<'p>>, Rejection> {
        let Self::Call { call, .. } = self else {
            return Ok(rungs);
        };
        if call.model_site == ModelSite::Nowhere
            || !call.output.generates
            || call.input.token_ids > 0
        {
            rungs.retain(|rung| rung.model == *asked);
            if rungs.is_empty() {
                let message = format!("The model `{}` is not in the tier.", asked.raw());
                return Err(Rejection::new(RejectionKind::ModelNotAllowed, message));
            }
        }
        Ok(rungs)
    }

    /// What a tier takes no call with, whatever its limits are.
    pub(super) fn check_tier(&self, tier: &CheckedTier) -> Result<(), Rejection> {
        let Self::Call { api, call, .. } = self else {
            return Ok(());
        };
        let OutputAsk { answers, least, .. } = call.output;
        if answers > tier.max_n {
            let message = format!("`n` may be at most {} here, and is {answers}.", tier.max_n);
            return Err(Rejection::new(RejectionKind::InvalidRequest, message).about("n"));
        }
        let most = tier.max_output_tokens.unwrap_or(u64::MAX);
        let is_enforced = tier.output_cap == OutputCap::Enforce && api.writes_cap(call);
        if is_enforced && least > most {
            let message = format!(
                "An answer may have at most {most} tokens here, and this request needs a cap of {least} or more."
            );
            return Err(Rejection::new(RejectionKind::InvalidRequest, message));
        }
        match (call.opaque, tier.opaque_input) {
            (Some(reason), Some(OpaqueInput::Reject)) => {
                let message = format!(
                    "Calls whose input cannot all be seen ({}) are not allowed here.",
                    reason.in_words()
                );
                Err(Rejection::new(RejectionKind::OpaqueInput, message))
            }
            _ => Ok(()),
        }
    }
}
