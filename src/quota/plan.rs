//! From a call to what a store is asked: candidates, estimates, charges. All of it is CPU work and waits for nothing.

use std::sync::Arc;

use crate::api::{Api, Call, ModelSite, OutputAsk};
use crate::clock::Moment;
use crate::count::{CountTally, InputCount, Known};
use crate::learn::Lesson;
use crate::model::{self, Encoding, Facts, Model};
use crate::money::Usd;
use crate::policy::{
    CheckedLimit, CheckedTier, Enforcement, OnExhausted, OnStoreFailure, OpaqueInput, OutputCap,
    Period, Policy, PricedModel, ReserveOutput, Rung, Unit, Unpriced, Window,
};
use crate::prices::{Permits, Price};
use crate::reject::{Rejection, RejectionKind};
use crate::store::Charge;
use crate::subject::Subject;
use crate::usage::{Estimate, ServiceTier, Usage};

use super::Demand;
use super::charges::{self, Charging};
use super::engine::Engine;
use super::input::InputQuestion;
use super::output::{OutputBound, OutputQuestion};
use super::pace::{self, PlannedPace};

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
    /// What is booked while nobody knows what a call used, given the most that this may be.
    pub(super) fn unreconciled(&self, amount: u64, most: &Usage, cost: Usd) -> u64 {
        match self.window {
            // A rate was taken up when it was charged: an outage must not fill buckets for hours to come.
            Window::Bucket { .. } => amount,
            Window::Calendar(_) | Window::Gauge => charges::used(self.unit, most, cost),
        }
    }
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
}

impl Engine {
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

impl<'a> Ask<'a> {
    fn size(&self, known: impl FnOnce() -> Option<Known<'a>>) -> Size<'a> {
        match *self {
            Self::Call { api, call, body } => {
                let count = InputCount::new(api, &call.input, body).knowing(known());
                Size::Counted(api, call, count)
            }
            Self::Demand(demand) => Size::Told(demand),
        }
    }

    fn model(&self, policy: &Policy) -> PricedModel {
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

    fn other_models(&self) -> &'a [Box<str>] {
        match *self {
            Self::Call { call, .. } => &call.other_models,
            Self::Demand(_) => &[],
        }
    }

    /// The rungs that this call can be sent to. Where a request does not name its model, it cannot be sent to another; vectors
    /// of two models cannot be compared; and tokens that come by their numbers mean nothing to another tokenizer.
    fn reachable<'p>(
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
    fn check_tier(&self, tier: &CheckedTier) -> Result<(), Rejection> {
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

/// All that the candidates of one call have in common.
struct Planning<'a> {
    engine: &'a Engine,
    policy: &'a Policy,
    subject: &'a Subject,
    now: Moment,
    tier: &'a CheckedTier,
    size: Size<'a>,
}

/// How large a call is.
enum Size<'a> {
    /// It has no tokens: a call of an unknown API.
    None,
    Told(&'a Demand),
    Counted(&'a dyn Api, &'a Call, InputCount<'a>),
}

/// The input of a call to one model.
struct PlannedInput {
    /// Tokens that can be seen.
    seen: u64,
    /// Tokens to reserve.
    reserved: u64,
    lesson: Option<Lesson>,
}

impl PlannedInput {
    /// As many as somebody else says.
    fn told(tokens: u64) -> Self {
        Self {
            seen: tokens,
            reserved: tokens,
            lesson: None,
        }
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
            at_least: self.is_cut(&rung.model),
            lesson,
            output_cap: output.enforced,
            charges,
            limits: rung.limits.iter().copied().map(planned).collect(),
            paces,
            model: rung.model,
        })
    }

    /// Counts the input, or as much of it as makes it certain that no rung can take the call. The tokenizers of different rungs
    /// have different counts.
    fn count(&self, asked: &PricedModel, rungs: &[Rung<'_>]) {
        let Size::Counted(_, _, count) = &self.size else {
            return;
        };
        let can_serve = |rung: &&Rung<'_>| !model::of_other_provider(asked, &rung.model);
        for rung in rungs.iter().filter(can_serve) {
            let encoding = Encoding::of(rung.model.canonical());
            count.count_until(encoding, |texts| {
                let alike = |rung: &&Rung<'_>| Encoding::of(rung.model.canonical()) == encoding;
                let too_large = |rung: &Rung<'_>| {
                    let input = count.with_texts(rung.model.canonical(), texts);
                    self.can_never_fit(rung, input.total())
                };
                rungs.iter().filter(alike).all(too_large)
            });
        }
    }

    /// Whether so much input is more than a limit has when nobody else uses it. What opens while a store fails may let it pass.
    fn can_never_fit(&self, rung: &Rung<'_>, input_tokens: u64) -> bool {
        let estimate = Estimate {
            input_tokens,
            output_tokens: 0,
        };
        let price = rung.model.price();
        let cost = || price.map_or(Usd::ZERO, |price| price.bound(estimate, &self.permits()));
        let always_refuses = |limit: &&CheckedLimit| {
            limit.enforcement == Enforcement::Hard && limit.on_store_failure != OnStoreFailure::Open
        };
        let asked = |limit: &CheckedLimit| match limit.unit {
            Unit::Usd => cost().nanos(),
            unit => charges::asked(unit, estimate, Usd::ZERO),
        };
        let mut limits = rung.limits.iter().copied().filter(always_refuses);
        limits.any(|limit| asked(limit) > limit.amount)
    }

    /// How much of the input was counted, and how much was known.
    fn counted(&self) -> CountTally {
        match &self.size {
            Size::Counted(_, _, count) => count.tally(),
            Size::None | Size::Told(_) => CountTally::default(),
        }
    }

    fn is_cut(&self, model: &Model) -> bool {
        match &self.size {
            Size::Counted(_, _, count) => count.is_cut(model.canonical()),
            Size::None | Size::Told(_) => false,
        }
    }

    fn caller_cap(&self) -> Option<u64> {
        match &self.size {
            Size::None => None,
            Size::Told(demand) => demand.output.cap,
            Size::Counted(_, call, _) => call.output.cap,
        }
    }

    /// A guess is good enough for tokens, and not for dollars that must not be passed.
    fn opaque_input(&self, limits: &[&CheckedLimit]) -> OpaqueInput {
        let is_hard = |limit: &&CheckedLimit| {
            limit.unit == Unit::Usd && limit.enforcement == Enforcement::Hard
        };
        self.tier.opaque_input.unwrap_or_else(|| {
            if limits.iter().any(is_hard) {
                OpaqueInput::ReserveContext
            } else {
                OpaqueInput::Learned
            }
        })
    }

    fn input(&self, model: &Model, limits: &[&CheckedLimit]) -> PlannedInput {
        let (api, call, count) = match &self.size {
            Size::None => return PlannedInput::told(0),
            Size::Told(demand) => return PlannedInput::told(demand.input_tokens),
            Size::Counted(api, call, count) => (*api, *call, count),
        };
        let canonical = model.canonical();
        let (visible, learned) = (count.tokens(canonical), &self.engine.learned);
        let question = InputQuestion {
            visible,
            factor: learned.input(api.name(), canonical),
            opaque: call.opaque,
            hidden: call
                .opaque
                .and_then(|reason| learned.hidden_input(api.name(), canonical, reason)),
            rule: self.opaque_input(limits),
            room: self.room(model, &call.output, limits),
            model: canonical,
        };
        PlannedInput {
            seen: question.seen(),
            reserved: question.reserved(),
            lesson: Some(Lesson {
                api: api.name(),
                model: model.shared_canonical(),
                visible,
                answers: call.output.count(),
                cap: None,
                opaque: call.opaque,
            }),
        }
    }

    /// The most input that could ever fit the hard limits, beside the output that the caller wants.
    fn room(&self, model: &Model, ask: &OutputAsk, limits: &[&CheckedLimit]) -> Option<u64> {
        let each = ask.cap.unwrap_or(self.tier.default_output_tokens);
        let most = model.facts().map_or(u64::MAX, |facts| facts.max_output);
        let output = each.min(most).saturating_mul(ask.count());
        let hard = limits
            .iter()
            .filter(|limit| limit.enforcement == Enforcement::Hard);
        let rooms = hard.filter_map(|limit| match limit.unit {
            Unit::InputTokens => Some(limit.amount),
            Unit::Tokens => Some(limit.amount.saturating_sub(output)),
            _ => None,
        });
        rooms.min()
    }

    /// What the call is permitted, where it says so; the policy says what it leaves to our account with the provider.
    fn permits(&self) -> Permits {
        let permits = match &self.size {
            Size::Counted(_, call, _) => call.permits,
            Size::None | Size::Told(_) => Permits::default(),
        };
        Permits {
            service_tier: permits.service_tier.or(self.policy.service_tier()),
            ..permits
        }
    }

    fn output(
        &self,
        model: &Model,
        input_tokens: u64,
        limits: &[&CheckedLimit],
        cost: &dyn Fn(u64) -> Usd,
    ) -> OutputBound {
        let (ask, typical, writes_cap) = match &self.size {
            Size::None => return OutputBound::default(),
            // Whoever asks so writes it himself.
            Size::Told(demand) => (&demand.output, None, true),
            Size::Counted(api, call, _) => {
                let learned = || {
                    let learned = &self.engine.learned;
                    learned.typical_output(api.name(), model.canonical())
                };
                let is_asked = self.tier.reserve_output == ReserveOutput::Typical;
                let typical = is_asked.then(learned).flatten();
                (&call.output, typical, api.writes_cap(call))
            }
        };
        let question = OutputQuestion {
            ask,
            input_tokens,
            model_max: model.facts().map(|facts| facts.max_output),
            typical,
            cost: Some(cost),
            writes_cap,
            tier: self.tier,
            limits,
        };
        question.bound()
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

fn planned(limit: &CheckedLimit) -> PlannedLimit {
    PlannedLimit {
        unit: limit.unit,
        window: limit.window,
        reply: match &limit.on_exhausted {
            OnExhausted::Reply(text) => Some(text.clone()),
            OnExhausted::Refuse | OnExhausted::Downgrade => None,
        },
    }
}
