//! From limits to charges: which counter, under which rule, how much. Pure but for the calendar's answer.

use crate::clock::saturating_micros;
use crate::model::Model;
use crate::money::Usd;
use crate::policy::{
    CheckedLimit, Enforcement, OnExhausted, Period, PricedModel, Span, Unit, Window,
};
use crate::store::arithmetic::Percents;
use crate::store::{Charge, CounterKey, KeyBuilder, Rule};
use crate::subject::Subject;
use crate::usage::{Estimate, Usage};

/// How much a call asks of a limit that counts calls or tokens, or how many dollars it may cost.
pub(super) fn asked(unit: Unit, estimate: Estimate, cost: Usd) -> u64 {
    match unit {
        Unit::Usd => cost.nanos(),
        Unit::Requests | Unit::Concurrent => 1,
        Unit::InputTokens => estimate.input_tokens,
        Unit::OutputTokens => estimate.output_tokens,
        Unit::Tokens => estimate.total(),
    }
}

/// How much of a limit a call has used when it is over. A call stays a call, whatever came of it.
pub(super) fn used(unit: Unit, usage: &Usage, cost: Usd) -> u64 {
    match unit {
        Unit::Usd => cost.nanos(),
        Unit::Requests => 1,
        Unit::Concurrent => 0,
        Unit::InputTokens => usage.input_tokens,
        Unit::OutputTokens => usage.output_tokens,
        Unit::Tokens => usage.total(),
    }
}

/// What a usage would have cost of the asked model, where another one was called and both have prices.
pub(super) fn asked_cost(asked: &PricedModel, called: &PricedModel, usage: &Usage) -> Option<Usd> {
    if asked == called {
        return None;
    }
    called.price()?;
    asked.price().map(|price| price.cost(usage).usd)
}

/// How a limit's counter counts; a calendar period's, in the instance that is given, or in none.
pub(super) fn rule(limit: &CheckedLimit, span: Option<&Span>) -> Rule {
    match limit.window {
        Window::Bucket { refill, every } => Rule::Bucket {
            capacity: limit.amount,
            refill,
            every: saturating_micros(every).max(1),
        },
        Window::Calendar(_) => Rule::Budget {
            cap: limit.amount,
            starts_at: span.map_or(0, |span| span.starts_at),
            ends_at: span.map_or(0, |span| span.ends_at),
        },
        Window::Gauge => Rule::Gauge { cap: limit.amount },
    }
}

/// Makes the charges of a subject, for calls to one model.
pub(super) struct Charging<'a> {
    subject: &'a Subject,
    model: Option<&'a Model>,
    keys: KeyBuilder,
}

impl<'a> Charging<'a> {
    pub(super) fn new(subject: &'a Subject, model: Option<&'a Model>) -> Self {
        Self {
            subject,
            model,
            keys: KeyBuilder::new(subject.organization_name()),
        }
    }

    /// A limit's charge.
    pub(super) fn charge(
        &mut self,
        limit: &CheckedLimit,
        amount: u64,
        span: impl FnOnce(Period) -> Span,
    ) -> Charge {
        let span = match limit.window {
            Window::Calendar(period) => Some(span(period)),
            Window::Bucket { .. } | Window::Gauge => None,
        };
        Charge {
            rule: rule(limit, span.as_ref()),
            key: self.key(limit, span.as_ref()),
            limit: limit.id.clone(),
            enforcement: limit.enforcement,
            downgrades: limit.on_exhausted == OnExhausted::Downgrade,
            amount,
            kept_on_expiry: matches!(limit.unit, Unit::Requests | Unit::Usd),
            alerts: limit.alerts,
            on_store_failure: limit.on_store_failure,
            durability: limit.durability,
        }
    }

    /// The charge that counts what a limit is charged today, beside the limit's own: it never refuses.
    pub(super) fn pace(&mut self, limit: &CheckedLimit, amount: u64, today: &Span) -> Charge {
        self.keys.parts(&limit.key, Some(&today.id));
        self.keys.part("pace", None);
        Charge {
            key: self.scoped(limit),
            limit: format!("{} pace", limit.id).into(),
            rule: Rule::Budget {
                cap: limit.amount,
                starts_at: today.starts_at,
                ends_at: today.ends_at,
            },
            enforcement: Enforcement::Soft,
            downgrades: false,
            amount,
            kept_on_expiry: true,
            alerts: Percents::NONE,
            on_store_failure: limit.on_store_failure,
            durability: limit.durability,
        }
    }

    /// The counter's key: organization, limit, what it counts, over which time, and for whom.
    ///
    /// What is not in it may change without losing the usage: amounts, enforcement between hard and soft, models, ladders.
    fn key(&mut self, limit: &CheckedLimit, span: Option<&Span>) -> CounterKey {
        self.keys.parts(&limit.key, span.map(|span| &*span.id));
        if limit.enforcement == Enforcement::Shadow {
            self.keys.part("shadow", None);
        }
        self.scoped(limit)
    }

    /// What comes last in a key: for whom.
    fn scoped(&mut self, limit: &CheckedLimit) -> CounterKey {
        if limit.scope.project {
            self.keys.part("project", self.subject.project_name());
        }
        if limit.scope.user {
            self.keys.part("user", self.subject.user_name());
        }
        if limit.scope.model {
            self.keys.part("model", self.model.map(Model::canonical));
        }
        self.keys.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Limit, Policy, Scope, Tier};

    fn keys(limits: impl IntoIterator<Item = Limit>, subject: &Subject) -> Vec<String> {
        let tier = limits.into_iter().fold(Tier::new("pro"), Tier::limit);
        let policy = Policy::new().tier(tier).build().expect("a policy");
        let model = policy.resolve("openai/gpt-4o");
        let today = Span {
            id: "day:2026-11-21".into(),
            starts_at: 0,
            ends_at: 1,
        };
        let limits = policy.all_limits(subject).expect("a known subject");
        let mut charging = Charging::new(subject, Some(&model));
        let mut keys = Vec::new();
        for limit in limits {
            keys.push(charging.charge(limit, 1, |_| today.clone()).key);
            if limit.pace {
                keys.push(charging.pace(limit, 1, &today).key);
            }
        }
        keys.iter().map(|key| key.as_str().to_owned()).collect()
    }

    /// What stores have written is found again by these names only.
    #[test]
    fn a_counter_is_named_by_whose_it_is_and_what_it_counts() {
        let alice = Subject::user("al/ice", "pro").organization("ac me");
        let limits = [
            Limit::requests(9).per_minute(),
            Limit::tokens(9).per_day().id("daily").scope(Scope::MODEL),
            Limit::concurrent(9).scope(Scope::USER.and(Scope::PROJECT)),
            Limit::tokens(9).per_day().id("dry").shadow(),
            Limit::usd(Usd::from_nanos(9))
                .per_month()
                .scope(Scope::ORGANIZATION),
        ];
        assert_eq!(
            keys(limits, &alice),
            [
                "ac%20me/limit=pro%2Frequests%2Fminute/unit=requests/bucket/user=al%2Fice",
                "ac%20me/limit=daily/unit=tokens/period=day:2026-11-21/model=gpt-4o",
                "ac%20me/limit=pro%2Fconcurrent/unit=concurrent/gauge/project/user=al%2Fice",
                "ac%20me/limit=dry/unit=tokens/period=day:2026-11-21/shadow/user=al%2Fice",
                "ac%20me/limit=pro%2Fusd%2Fmonth/unit=usd/period=day:2026-11-21",
                "ac%20me/limit=pro%2Fusd%2Fmonth/unit=usd/period=day:2026-11-21/pace",
            ]
        );
    }
}
