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

/// A limit's charge for a call of this subject to this model.
pub(super) fn charge(
    limit: &CheckedLimit,
    subject: &Subject,
    model: Option<&Model>,
    amount: u64,
    span: impl FnOnce(Period) -> Span,
) -> Charge {
    let span = match limit.window {
        Window::Calendar(period) => Some(span(period)),
        Window::Bucket { .. } | Window::Gauge => None,
    };
    let rule = rule(limit, span.as_ref());
    let window = span.map(|span| span.id);
    Charge {
        key: key(limit, subject, model, window.as_deref()),
        limit: limit.id.clone(),
        rule,
        enforcement: limit.enforcement,
        downgrades: limit.on_exhausted == OnExhausted::Downgrade,
        amount,
        kept_on_expiry: matches!(limit.unit, Unit::Requests | Unit::Usd),
        alerts: limit.alerts.iter().copied().collect(),
        on_store_failure: limit.on_store_failure,
        durability: limit.durability,
    }
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

/// The charge that counts what a limit is charged today, beside the limit's own: it never refuses.
pub(super) fn pace(
    limit: &CheckedLimit,
    subject: &Subject,
    model: &Model,
    amount: u64,
    today: &Span,
) -> Charge {
    let key = begin(limit, subject, Some(&today.id)).part("pace", None);
    Charge {
        key: scoped(key, limit, subject, Some(model)),
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
fn key(
    limit: &CheckedLimit,
    subject: &Subject,
    model: Option<&Model>,
    span: Option<&str>,
) -> CounterKey {
    let mut key = begin(limit, subject, span);
    if limit.enforcement == Enforcement::Shadow {
        key = key.part("shadow", None);
    }
    scoped(key, limit, subject, model)
}

/// What comes first in a key: organization, limit, what it counts, over which time.
fn begin(limit: &CheckedLimit, subject: &Subject, span: Option<&str>) -> KeyBuilder {
    let key = CounterKey::builder(subject.organization_name()).parts(&limit.key);
    match span {
        Some(span) => key.value(span),
        None => key,
    }
}

/// What comes last in a key: for whom.
fn scoped(
    mut key: KeyBuilder,
    limit: &CheckedLimit,
    subject: &Subject,
    model: Option<&Model>,
) -> CounterKey {
    if limit.scope.project {
        key = key.part("project", subject.project_name());
    }
    if limit.scope.user {
        key = key.part("user", subject.user_name());
    }
    if limit.scope.model {
        key = key.part("model", model.map(Model::canonical));
    }
    key.build()
}
