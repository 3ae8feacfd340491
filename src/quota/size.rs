//! How large a call is: what is counted of its input, and what is reserved for that and for its output.

use crate::api::{Api, Call, Opaque, OutputAsk};
use crate::count::{CountTally, InputCount};
use crate::learn::{Factor, Lesson};
use crate::model::{self, Model};
use crate::money::Usd;
use crate::policy::{
    CheckedLimit, Enforcement, OnStoreFailure, OpaqueInput, PricedModel, ReserveOutput, Rung, Unit,
};
use crate::prices::Permits;
use crate::usage::Estimate;

use super::input::InputQuestion;
use super::output::{OutputBound, OutputQuestion};
use super::plan::Planning;
use super::{Demand, charges};

/// How large a call is.
pub(super) enum Size<'a> {
    /// It has no tokens: a call of an unknown API.
    None,
    Told(&'a Demand),
    Counted(&'a dyn Api, &'a Call, InputCount<'a>),
}

/// The input of a call to one model.
pub(super) struct PlannedInput {
    /// Tokens that can be seen.
    pub(super) seen: u64,
    /// Tokens to reserve.
    pub(super) reserved: u64,
    pub(super) lesson: Option<Lesson>,
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

    /// Why more is reserved than can be seen, where it is.
    pub(super) fn unseen(&self) -> Option<Opaque> {
        let reason = self.lesson.as_ref()?.opaque;
        reason.filter(|_| self.reserved > self.seen)
    }
}

impl Planning<'_> {
    /// Counts the input, or as much of it as makes it certain that no rung can take the call. The tokenizers of different rungs
    /// have different counts.
    pub(super) fn count(&self, asked: &PricedModel, rungs: &[Rung<'_>]) {
        let Size::Counted(_, _, count) = &self.size else {
            return;
        };
        let can_serve = |rung: &&Rung<'_>| !model::of_other_provider(asked, &rung.model);
        for rung in rungs.iter().filter(can_serve) {
            let encoding = rung.model.encoding();
            count.count_until(encoding, |texts| {
                let alike = |rung: &&Rung<'_>| rung.model.encoding() == encoding;
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
    pub(super) fn counted(&self) -> CountTally {
        match &self.size {
            Size::Counted(_, _, count) => count.tally(),
            Size::None | Size::Told(_) => CountTally::default(),
        }
    }

    pub(super) fn is_cut(&self, model: &Model) -> bool {
        match &self.size {
            Size::Counted(_, _, count) => count.is_cut(model.encoding()),
            Size::None | Size::Told(_) => false,
        }
    }

    pub(super) fn caller_cap(&self) -> Option<u64> {
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

    pub(super) fn input(&self, model: &Model, limits: &[&CheckedLimit]) -> PlannedInput {
        let (api, call, count) = match &self.size {
            Size::None => return PlannedInput::told(0),
            Size::Told(demand) => return PlannedInput::told(demand.input_tokens),
            Size::Counted(api, call, count) => (*api, *call, count),
        };
        let canonical = model.canonical();
        let (visible, learned) = (
            count.tokens(canonical, model.encoding()),
            &self.engine.learned,
        );
        let question = InputQuestion {
            visible,
            // Of nothing, every factor makes nothing.
            factor: match visible.estimated {
                0 => Factor::default(),
                _ => learned.input(api.name(), canonical),
            },
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
    pub(super) fn permits(&self) -> Permits {
        let permits = match &self.size {
            Size::Counted(_, call, _) => call.permits,
            Size::None | Size::Told(_) => Permits::default(),
        };
        Permits {
            service_tier: permits.service_tier.or(self.policy.service_tier()),
            ..permits
        }
    }

    pub(super) fn output(
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
}
