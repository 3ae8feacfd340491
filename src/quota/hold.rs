//! A granted reservation.

use std::fmt;
use std::sync::Arc;

use crate::clock::Moment;
use crate::model::Model;
use crate::money::Usd;
use crate::policy::{OnStoreFailure, PricedModel, Unit, Window};
use crate::prices::Cost;
use crate::reject::LimitView;
use crate::settle::Outcome;
use crate::store::{Balance, Booking, CallRecord, Charge, HoldId, Settlement};
use crate::subject::Subject;
use crate::usage::{Estimate, Usage};

use super::charges;
use super::engine::Engine;
use super::pace::{ChargedPace, Pace};
use super::plan::{Candidate, Prepared};

/// A granted reservation, not yet settled.
///
/// It is settled exactly once: by [`settle`](Self::settle), by [`release`](Self::release), or when it is dropped; then
/// the whole reservation is booked, since nobody knows what the call used.
#[must_use = "a hold that is dropped books its whole reservation"]
pub struct Hold {
    id: HoldId,
    engine: Arc<Engine>,
    granted: Option<Granted>,
    /// When to renew it next, in steady microseconds.
    renew_at: u64,
}

/// What was granted.
pub(super) struct Granted {
    /// Of the candidates the granted one is left.
    prepared: Box<Prepared>,
    /// The counter of each charge, in order, as it stood right after that was applied.
    balances: Vec<Balance>,
    /// The charges, by position, that a shadow limit would have refused; they were not applied.
    would_block: Vec<usize>,
    /// By which rule it was granted, where the store did not answer.
    degraded: Option<OnStoreFailure>,
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

impl Hold {
    pub(super) fn new(id: HoldId, engine: Arc<Engine>, granted: Granted) -> Self {
        engine.opened();
        let hold = Self {
            id,
            renew_at: engine.renew_at(granted.at().steady),
            engine,
            granted: Some(granted),
        };
        // From here on whatever happens settles it.
        if let Some(granted) = &hold.granted {
            hold.engine.tell_admitted(id, granted);
        }
        hold
    }

    /// The model that may be called: the asked one or a rung of the ladder.
    #[must_use]
    pub fn model(&self) -> &str {
        self.granted().map_or("", |granted| granted.model().raw())
    }

    /// The model that was asked for, if another one may be called.
    #[must_use]
    pub fn downgraded_from(&self) -> Option<&str> {
        let granted = self.granted()?;
        granted.downgraded_from().map(|asked| asked.raw())
    }

    /// What the call is expected to use at the most. Where the tier reserves what is typical, less was reserved.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        self.granted()
            .map(|granted| granted.candidate().estimate)
            .unwrap_or_default()
    }

    /// The most output tokens that an answer may have, where the tier enforces caps: to be written into the request.
    #[must_use]
    pub fn output_cap(&self) -> Option<u64> {
        self.granted()?.candidate().output_cap
    }

    /// Books what the call used, in full, above the reservation too.
    pub fn settle(mut self, usage: Usage) {
        self.finish(Outcome::Reported(usage));
    }

    /// Settles at zero: nothing ran. Tokens go back; the call still counts as a request.
    pub fn release(mut self) {
        self.finish(Outcome::NothingRan);
    }

    /// Books what an outcome says.
    pub fn settle_as(mut self, outcome: Outcome) {
        self.finish(outcome);
    }

    /// Books the whole reservation, until the answer that is still being made is asked for again, and tells what it used.
    pub(crate) fn settle_until_followed(mut self, api: &'static str, answer: &str) {
        if let Some(granted) = self.granted.take() {
            self.engine
                .settle_until_followed(self.id, granted, (api, answer));
        }
    }

    /// Puts off the expiry. The layer does this for long streams by itself.
    pub fn renew(&self) {
        if let Some(granted) = &self.granted {
            self.engine
                .renew(self.id, granted.subject().organization_name());
        }
    }

    /// Renews the hold if a good part of its life has passed.
    pub(crate) fn renew_if_due(&mut self) {
        let now = self.engine.now().steady;
        if now >= self.renew_at {
            self.renew_at = self.engine.renew_at(now);
            self.renew();
        }
    }

    pub(crate) fn subject(&self) -> Option<&Subject> {
        self.granted().map(Granted::subject)
    }

    /// What the tier answers in the provider's place, where that limits our account.
    pub(crate) fn provider_reply(&self) -> Option<Arc<str>> {
        let granted = self.granted()?;
        let policy = &granted.prepared.policy;
        let tier = policy.tier(granted.subject().tier_name())?;
        tier.on_provider_limit.clone()
    }

    pub(crate) fn canonical_model(&self) -> Option<&Model> {
        self.granted().map(|granted| &**granted.model())
    }

    /// The limits that were charged, as they stood at the moment of the decision.
    pub fn limits(&self) -> impl Iterator<Item = LimitView<'_>> + Clone {
        let at = self.granted().map_or(0, |granted| granted.at().wall);
        self.charged().map(move |limit| limit.view(at))
    }

    /// The ids of soft limits that are passed, and of budgets of which today is spent too fast, these with ` pace` behind them:
    /// `organization/usd/month pace`.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        let passed = self.charged().filter(ChargedLimit::is_soft_and_passed);
        let paces = self.granted().into_iter().flat_map(Granted::paces);
        let too_fast = paces.filter(|day| day.pace.is_too_fast());
        let passed = passed.map(|limit| limit.charge);
        let warned = passed.chain(too_fast.map(|day| day.charge));
        warned.map(|charge| &*charge.limit)
    }

    /// The ids of shadow limits that would have refused.
    pub fn shadows(&self) -> impl Iterator<Item = &str> {
        let blocking = self.charged().filter(|limit| limit.would_block);
        blocking.map(|limit| &*limit.charge.limit)
    }

    /// By which rule the call was admitted while the store did not answer; nothing where it did.
    #[must_use]
    pub fn degraded(&self) -> Option<OnStoreFailure> {
        self.granted()?.degraded
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    fn charged(&self) -> impl Iterator<Item = ChargedLimit<'_>> + Clone {
        self.granted().into_iter().flat_map(Granted::limits)
    }

    fn granted(&self) -> Option<&Granted> {
        self.granted.as_ref()
    }

    fn finish(&mut self, outcome: Outcome) {
        if let Some(granted) = self.granted.take() {
            self.engine.settle(self.id, granted, outcome);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.finish(Outcome::Unreconciled);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold")
            .field("id", &self.id)
            .field("model", &self.model())
            .finish_non_exhaustive()
    }
}

impl Granted {
    pub(super) fn new(
        mut prepared: Box<Prepared>,
        candidate: usize,
        balances: Vec<Balance>,
        would_block: Vec<usize>,
        degraded: Option<OnStoreFailure>,
    ) -> Self {
        prepared.candidates.swap(0, candidate);
        prepared.candidates.truncate(1);
        Self {
            prepared,
            balances,
            would_block,
            degraded,
        }
    }

    /// The time that the decision was made for.
    fn at(&self) -> Moment {
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
    fn view(self, at: i64) -> LimitView<'a> {
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
        self.charge.enforcement == crate::policy::Enforcement::Soft
            && used.saturating_add(held) > amount
    }
}
