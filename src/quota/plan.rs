//! From a call to what a store is asked: candidates, and their charges. All of it is CPU work and waits for nothing.

use crate::clock::Moment;
use crate::count::CountTally;
use crate::learn::Lesson;
use crate::model;
use crate::model::Facts;
use crate::money::Usd;
use crate::policy::{
    CheckedLimit, CheckedTier, Enforcement, Period, Policy, PricedModel, Rung, Unit, Unpriced,
};
use crate::prices::Price;
use crate::reject::{Rejection, RejectionKind};
use crate::store::Charge;
use crate::subject::Subject;
use crate::usage::Estimate;

use super::ask::Ask;
use super::charges::{self, Charging};
use super::engine::Engine;
use super::pace::{self, PlannedPace};
use super::prepared::{Candidate, PlannedLimit, Prepared};
use super::size::Size;

/// All that the candidates of one call have in common.
pub(super) struct Planning<'a> {
    pub(super) engine: &'a Engine,
    pub(super) policy: &'a Policy,
    pub(super) subject: &'a Subject,
    pub(super) now: Moment,
    pub(super) tier: &'a CheckedTier,
    pub(super) size: Size<'a>,
}

impl Engine {
    /// Finds the candidates, counts for each, and makes their charges.
    ///
    /// # Errors
    /// When the policy does not let this subject call this model at all.
    pub(crate) fn prepare(
        &self,
        subject: &Subject,
        ask: Ask<'_>,
    ) -> Result<Box<Prepared>, Rejection> {
        let policy = self.policy();
        let (now, asked) = (self.now(), ask.model(&policy));
        let rungs = ask.reachable(&asked, policy.candidates(subject, &asked)?)?;
        let tier = policy.tier_of(subject)?;
        ask.check_tier(tier)?;
        policy.check_others(subject, ask.other_models())?;
        let planning = Planning {
            engine: self,
            policy: &policy,
            subject,
            now,
            tier,
            size: ask.size(|| self.counted.of(subject.organization_name())),
        };
        let rungs = planning.priced(&asked, rungs)?;
        planning.count(&asked, &rungs);
        // Few are left out: a list that grows would begin with room for more than there are.
        let mut candidates = Vec::with_capacity(rungs.len());
        let can_serve = rungs
            .into_iter()
            .filter_map(|rung| planning.candidate(&asked, rung));
        candidates.extend(can_serve);
        if candidates.is_empty() {
            let message = format!("No model in place of `{}` can take this call.", asked.raw());
            return Err(Rejection::new(RejectionKind::ModelNotAllowed, message));
        }
        Ok(Box::new(Prepared {
            subject: subject.clone(),
            asked,
            now,
            candidates,
            counted: planning.counted(),
            policy,
        }))
    }

    /// What a call of an unknown API is charged: it counts as a request, and as one under way.
    ///
    /// # Errors
    /// When the policy does not know the subject.
    pub(crate) fn prepare_unknown(&self, subject: &Subject) -> Result<Box<Prepared>, Rejection> {
        let policy = self.policy();
        let counts_calls =
            |limit: &&CheckedLimit| matches!(limit.unit, Unit::Requests | Unit::Concurrent);
        let limits = policy.all_limits(subject)?;
        let limits = limits
            .into_iter()
            .filter(counts_calls)
            .filter(|limit| limit.models.is_none())
            .collect();
        let (now, model) = (self.now(), policy.resolve("unknown"));
        let planning = Planning {
            engine: self,
            policy: &policy,
            subject,
            now,
            tier: policy.tier_of(subject)?,
            size: Size::None,
        };
        let rung = Rung {
            model: model.clone(),
            limits,
        };
        let candidates = planning.candidate(&model, rung);
        Ok(Box::new(Prepared {
            subject: subject.clone(),
            asked: model.clone(),
            now,
            candidates: candidates.into_iter().collect(),
            counted: CountTally::default(),
            policy,
        }))
    }
}

impl Planning<'_> {
    /// The rungs of which somebody knows what they cost, where a hard limit in dollars binds them and the policy wants to know.
    fn priced<'p>(
        &self,
        asked: &PricedModel,
        mut rungs: Vec<Rung<'p>>,
    ) -> Result<Vec<Rung<'p>>, Rejection> {
        if self.policy.unpriced() == Unpriced::Count {
            return Ok(rungs);
        }
        let is_hard = |limit: &&CheckedLimit| {
            limit.unit == Unit::Usd && limit.enforcement == Enforcement::Hard
        };
        let is_known =
            |rung: &Rung<'_>| !rung.limits.iter().any(is_hard) || rung.model.price().is_some();
        let asked_is_known = rungs
            .iter()
            .filter(|rung| rung.model == *asked)
            .all(is_known);
        rungs.retain(is_known);
        if !asked_is_known || rungs.is_empty() {
            let message = format!(
                "The price of `{}` is not known, and dollars are limited: a price for it in the policy would let it pass.",
                asked.raw()
            );
            return Err(Rejection::new(RejectionKind::ModelNotAllowed, message).about("model"));
        }
        Ok(rungs)
    }

    /// A candidate's charges; nothing for a rung that cannot serve the call. What was asked for is never left out.
    fn candidate(&self, asked: &PricedModel, mut rung: Rung<'_>) -> Option<Candidate> {
        let is_rung = rung.model != *asked;
        if is_rung && model::of_other_provider(asked, &rung.model) {
            return None;
        }
        // What costs nothing is not stopped by a budget that is spent.
        if rung.model.price().is_some_and(Price::is_free) {
            rung.limits.retain(|limit| limit.unit != Unit::Usd);
        }
        let input = self.input(&rung.model, &rung.limits);
        let is_too_long = |facts: &Facts| input.seen > facts.context;
        if is_rung && rung.model.facts().is_some_and(is_too_long) {
            return None;
        }
        let price = rung.model.price();
        let cost = |output_tokens| {
            let estimate = Estimate {
                input_tokens: input.reserved,
                output_tokens,
            };
            price.map_or(Usd::ZERO, |price| price.bound(estimate, &self.permits()))
        };
        let at_least = self.is_cut(&rung.model);
        // What can be seen is too large already where counting ended.
        let unseen = input.unseen().filter(|_| !at_least);
        let output = self.output(&rung.model, input.reserved, &rung.limits, &cost);
        // An answer that ends at its cap does not tell how long it would have been, whoever set the cap.
        let lesson = input.lesson.map(|lesson| Lesson {
            cap: output.enforced.or(self.caller_cap()),
            ..lesson
        });
        let estimate = |output_tokens| Estimate {
            input_tokens: input.reserved,
            output_tokens,
        };
        let (reserved, most) = (estimate(output.reserved), cost(output.most));
        let mut charging = Charging::new(self.subject, Some(&rung.model));
        let mut charges: Vec<_> = rung
            .limits
            .iter()
            .map(|limit| self.charge(&mut charging, limit, reserved, most))
            .collect();
        let paces = self.paces(&mut charging, &rung.limits, &mut charges);
        Some(Candidate {
            service_tier: self.permits().service_tier,
            cost: most,
            estimate: estimate(output.most),
            reserved,
            unseen,
            at_least,
            lesson,
            output_cap: output.enforced,
            charges,
            limits: rung.limits.iter().copied().map(PlannedLimit::of).collect(),
            paces,
            model: rung.model,
        })
    }

    fn charge(
        &self,
        charging: &mut Charging<'_>,
        limit: &CheckedLimit,
        estimate: Estimate,
        cost: Usd,
    ) -> Charge {
        let span = |period| self.engine.span(period, self.now, self.policy);
        let amount = charges::asked(limit.unit, estimate, cost);
        charging.charge(limit, amount, span)
    }

    /// Adds what is charged on the days of those limits whose pace is watched.
    fn paces(
        &self,
        charging: &mut Charging<'_>,
        limits: &[&CheckedLimit],
        charges: &mut Vec<Charge>,
    ) -> Vec<PlannedPace> {
        let limits = limits.iter().enumerate();
        let watched = limits.filter_map(|(of, limit)| Some((of, limit, pace::watched(limit)?)));
        let pace = |(of, limit, period): (usize, &&CheckedLimit, Period)| {
            let today = self.engine.span(Period::Day, self.now, self.policy);
            let Charge { amount, rule, .. } = charges[of];
            charges.push(charging.pace(limit, amount, &today));
            PlannedPace {
                of,
                days_left: pace::days_left(period, &rule, &today),
            }
        };
        watched.map(pace).collect()
    }
}
