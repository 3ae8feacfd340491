//! What was granted, from the decision to the settlement.

use std::sync::Arc;

use crate::clock::Moment;
use crate::money::Usd;
use crate::policy::{Enforcement, OnStoreFailure, PricedModel, Unit, Window};
use crate::prices::Cost;
use crate::reject::LimitView;
use crate::settle::Outcome;
use crate::store::{Balance, Booking, CallRecord, Charge, HoldId, Settlement};
use crate::subject::Subject;
use crate::usage::Usage;

use super::charges;
use super::pace::{ChargedPace, Pace};
use super::prepared::{Candidate, Prepared};

/// What was granted.
pub(super) struct Granted {
    /// Of the candidates the granted one is left.
    pub(super) prepared: Box<Prepared>,
    /// The counter of each charge, in order, as it stood right after that was applied.
    balances: Vec<Balance>,
    /// The charges, by position, that a shadow limit would have refused; they were not applied.
    would_block: Vec<usize>,
    /// By which rule it was granted, where the store did not answer.
    pub(super) degraded: Option<OnStoreFailure>,
}

/// One limit's charge, as its counter stood right after it was applied.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChargedLimit<'a> {
    pub(super) charge: &'a Charge,
    unit: Unit,
    window: Window,
    balance: Balance,
    /// A shadow limit would have refused: the charge was not applied.
    pub(super) would_block: bool,
}

impl Granted {
    pub(super) fn new(
        mut prepared: Box<Prepared>,
        candidate: usize,
        balances: Vec<Balance>,
        would_block: Vec<usize>,
        degraded: Option<OnStoreFailure>,
    ) -> Self {
        prepared.candidates.truncate(candidate + 1);
        prepared.candidates.drain(..candidate);
        Self {
            prepared,
            balances,
            would_block,
            degraded,
        }
    }

    /// The time that the decision was made for.
    pub(super) fn at(&self) -> Moment {
        self.prepared.now
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.prepared.subject
    }

    pub(super) fn candidate(&self) -> &Candidate {
        &self.prepared.candidates[0]
    }

    pub(super) fn asked(&self) -> &PricedModel {
        &self.prepared.asked
    }

    pub(super) fn model(&self) -> &PricedModel {
        &self.candidate().model
    }

    /// The model that was asked for, if another one may be called.
    pub(super) fn downgraded_from(&self) -> Option<&PricedModel> {
        let asked = self.asked();
        (asked != self.model()).then_some(asked)
    }

    pub(super) fn limits(&self) -> impl Iterator<Item = ChargedLimit<'_>> + Clone {
        let candidate = self.candidate();
        let limits = candidate.limits.iter().zip(&candidate.charges).enumerate();
        limits.map(|(position, (limit, charge))| ChargedLimit {
            charge,
            unit: limit.unit,
            window: limit.window,
            balance: self.balance(position),
            would_block: self.would_block.contains(&position),
        })
    }

    pub(super) fn paces(&self) -> impl Iterator<Item = ChargedPace<'_>> {
        let candidate = self.candidate();
        let days = candidate.limits.len();
        let paces = candidate.paces.iter().zip(days..);
        paces.map(move |(pace, day)| ChargedPace {
            charge: &candidate.charges[day],
            of: &candidate.charges[pace.of],
            pace: Pace::of(&self.balance(pace.of), &self.balance(day), pace.days_left),
        })
    }

    fn balance(&self, position: usize) -> Balance {
        self.balances.get(position).copied().unwrap_or_default()
    }

    /// What each charge counts; nothing where a shadow limit would have refused.
    pub(super) fn units(&self) -> Vec<Option<Unit>> {
        let limits = self.limits();
        let limits = limits.map(|limit| (!limit.would_block).then_some(limit.unit));
        let days = self.candidate().paces.iter().map(|_| Some(Unit::Usd));
        limits.chain(days).collect()
    }

    /// What the call cost: by its usage, or the most that it may have cost, where nobody knows that.
    fn cost_of(&self, outcome: Outcome, usage: &Usage) -> Cost {
        let candidate = self.candidate();
        let usage = Usage {
            service_tier: usage.service_tier.or(match outcome {
                Outcome::Counted(_) | Outcome::AtLeast(_) => candidate.service_tier,
                _ => None,
            }),
            ..*usage
        };
        let cost = candidate.model.cost(&usage);
        match outcome {
            Outcome::Unreconciled | Outcome::AtLeast(_) => Cost {
                usd: cost.usd.max(candidate.cost),
                ..cost
            },
            _ => cost,
        }
    }

    /// What is booked for the charge at a position, of so much.
    fn actual(
        &self,
        (position, amount): (usize, u64),
        outcome: Outcome,
        usage: &Usage,
        cost: Usd,
    ) -> u64 {
        match (self.candidate().limits.get(position), outcome) {
            // What a shadow limit would have refused was never charged.
            _ if self.would_block.contains(&position) => 0,
            (Some(limit), Outcome::Unreconciled) => limit.unreconciled(amount, usage, cost),
            (Some(limit), _) => charges::used(limit.unit, usage, cost),
            // A day's, of a budget in dollars.
            (None, _) => cost.nanos(),
        }
    }

    /// The settlement that books a usage.
    pub(super) fn settlement(mut self, id: HoldId, now: Moment, outcome: Outcome) -> Settlement {
        let usage = outcome.usage(self.candidate().estimate);
        let cost = self.cost_of(outcome, &usage);
        let asked_cost = match outcome {
            Outcome::Reported(_) | Outcome::Counted(_) => {
                charges::asked_cost(self.asked(), self.model(), &usage)
            }
            Outcome::NothingRan | Outcome::Unreconciled | Outcome::AtLeast(_) => None,
        };
        let bookings = self.bookings(outcome, &usage, cost.usd);
        let candidate = self.candidate();
        Settlement {
            id,
            now,
            bookings,
            organization: self.subject().shared_organization(),
            record: Some(Arc::new(CallRecord {
                subject: self.subject().clone(),
                api: candidate.lesson.as_ref().map(|lesson| lesson.api),
                admitted_at: self.at().wall,
                asked: self.asked().shared_canonical(),
                model: self.model().shared_canonical(),
                reserved: candidate.reserved,
                usage,
                basis: outcome.basis(),
                cost,
                asked_cost,
                corrects: None,
            })),
        }
    }

    fn bookings(&mut self, outcome: Outcome, usage: &Usage, cost: Usd) -> Vec<Booking> {
        let charges = std::mem::take(&mut self.prepared.candidates[0].charges);
        let booking = |(position, charge): (usize, Charge)| {
            let actual = self.actual((position, charge.amount), outcome, usage, cost);
            Booking::new(charge, actual)
        };
        charges.into_iter().enumerate().map(booking).collect()
    }
}

impl<'a> ChargedLimit<'a> {
    pub(super) fn view(self, at: i64) -> LimitView<'a> {
        LimitView {
            id: &self.charge.limit,
            unit: self.unit,
            window: self.window,
            enforcement: self.charge.enforcement,
            balance: self.balance,
            at,
        }
    }

    pub(super) fn is_soft_and_passed(&self) -> bool {
        let Balance {
            used, held, amount, ..
        } = self.balance;
        self.charge.enforcement == Enforcement::Soft && used.saturating_add(held) > amount
    }
}
