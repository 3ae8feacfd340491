//! A call that is ready to be decided on, and what is said of it where nobody knows what came of it, or it is refused.

use std::sync::Arc;
use std::time::Duration;

use crate::api::Opaque;
use crate::clock::Moment;
use crate::count::CountTally;
use crate::learn::Lesson;
use crate::money::Usd;
use crate::policy::{CheckedLimit, OnExhausted, Policy, PricedModel, Unit, Window};
use crate::prices::Cost;
use crate::reject::{CannedReply, RefusedLimit, Rejection};
use crate::settle::Outcome;
use crate::store::{CallRecord, Charge, Refusal, Unreconciled};
use crate::subject::Subject;
use crate::usage::{Estimate, ServiceTier, Usage};

use super::charges;
use super::pace::PlannedPace;
use super::verdict::{self, Asked};

/// A call, ready to be decided on.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(super) policy: Arc<Policy>,
    pub(super) subject: Subject,
    pub(super) asked: PricedModel,
    pub(super) now: Moment,
    pub(super) candidates: Vec<Candidate>,
    pub(crate) counted: CountTally,
}

/// The asked model or a rung, with what it would be charged.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) model: PricedModel,
    /// What it may use at the most, as far as can be told.
    pub(super) estimate: Estimate,
    /// What is reserved of tokens: less, where the tier reserves what is typical.
    pub(super) reserved: Estimate,
    /// Why more input is reserved than can be seen, where it is.
    pub(super) unseen: Option<Opaque>,
    /// It is larger still: counting ended when it was certain that it is too large.
    pub(super) at_least: bool,
    /// The most that it may cost, as far as can be told; nothing where the model has no price.
    pub(super) cost: Usd,
    /// The service tier that the request asks for, or our account has.
    pub(super) service_tier: Option<ServiceTier>,
    /// What its usage will teach.
    pub(super) lesson: Option<Lesson>,
    pub(super) output_cap: Option<u64>,
    /// What the store is asked for: each limit's charge, then each pace's.
    pub(super) charges: Vec<Charge>,
    pub(super) limits: Vec<PlannedLimit>,
    /// Refused by none.
    pub(super) paces: Vec<PlannedPace>,
}

impl Candidate {
    /// Whether its answer has a bound that the caller may lower. One that is enforced is as low as would help.
    fn has_cap(&self) -> bool {
        self.estimate.output_tokens > 0 && self.output_cap.is_none()
    }
}

impl AsRef<[Charge]> for Candidate {
    fn as_ref(&self) -> &[Charge] {
        &self.charges
    }
}

/// What the store need not know of a limit.
#[derive(Debug)]
pub(super) struct PlannedLimit {
    pub(super) unit: Unit,
    pub(super) window: Window,
    pub(super) reply: Option<Arc<str>>,
}

impl PlannedLimit {
    pub(super) fn of(limit: &CheckedLimit) -> Self {
        Self {
            unit: limit.unit,
            window: limit.window,
            reply: match &limit.on_exhausted {
                OnExhausted::Reply(text) => Some(text.clone()),
                OnExhausted::Refuse | OnExhausted::Downgrade => None,
            },
        }
    }

    /// What is booked while nobody knows what a call used, given the most that this may be.
    pub(super) fn unreconciled(&self, amount: u64, most: &Usage, cost: Usd) -> u64 {
        match self.window {
            // A rate was taken up when it was charged: an outage must not fill buckets for hours to come.
            Window::Bucket { .. } => amount,
            Window::Calendar(_) | Window::Gauge => charges::used(self.unit, most, cost),
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
    pub(super) fn rejection(&self, refusals: &[Refusal]) -> Rejection {
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
                at_least: candidate.at_least && limit.unit.counts_input(),
                reason: refusal.reason,
                balance: refusal.balance,
                wait: refusal.wait.map(Duration::from_micros),
            });
        }
        let first = self.candidates.first();
        let asked = Asked {
            unseen: first.and_then(|asked| asked.unseen),
            has_cap: first.is_some_and(Candidate::has_cap),
        };
        let mut rejection = verdict::rejection(&by_candidate, asked, self.now);
        rejection.estimate = first.map(|asked| asked.estimate);
        let priced = first.filter(|asked| asked.model.price().is_some());
        rejection.cost = priced.map(|asked| asked.cost);
        rejection.reply = reply;
        rejection
    }
}
