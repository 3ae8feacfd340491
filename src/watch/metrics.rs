//! Events as metrics, through the `metrics` facade: any exporter can publish them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Unit, counter, describe_counter};

use super::{Event, Observer};

/// Counts each event. Names of users are never labels: their number has no bound.
///
/// | metric | labels | counts |
/// | --- | --- | --- |
/// | `token_quota_admitted_total` | `model`, `downgraded` | admitted calls |
/// | `token_quota_refused_total` | `reason` | calls that we answered |
/// | `token_quota_refused_by_limit_total` | `limit` | refusals each limit took part in |
/// | `token_quota_replies_total` | `limit` | canned replies |
/// | `token_quota_would_block_total` | `limit` | what shadow limits would have refused |
/// | `token_quota_soft_limit_passed_total` | `limit` | admitted calls beyond a soft limit |
/// | `token_quota_settled_total` | `model`, `basis` | settled calls |
/// | `token_quota_tokens_total` | `model`, `kind` | tokens booked; `kind` is `input`, `output`, or a part of them |
/// | `token_quota_reserved_tokens_total` | `model`, `kind` | tokens reserved; `kind` is `input` or `output` |
/// | `token_quota_provider_limited_total` | `status` | the provider's own 429 and 402 |
/// | `token_quota_unmetered_total` | | calls of unknown APIs that passed |
/// | `token_quota_store_failures_total` | | failures of the store |
/// | `token_quota_clock_jumps_total` | `period` | periods that a set clock began early |
///
/// `model` is the canonical name of an admitted model. Where a tier names no `models`, callers choose it: of
/// models we have never heard of only the first 256 get a label, the others are `other`, so that nobody can make the recorder grow.
#[derive(Debug, Default)]
pub struct MetricsObserver {
    models: Mutex<HashSet<Arc<str>>>,
}

/// All metrics, with what they count.
const METRICS: &[(&str, &str)] = &[
    ("token_quota_admitted_total", "Admitted calls"),
    (
        "token_quota_refused_total",
        "Calls that were answered by the quota",
    ),
    (
        "token_quota_refused_by_limit_total",
        "Refusals a limit took part in",
    ),
    ("token_quota_replies_total", "Canned replies"),
    (
        "token_quota_would_block_total",
        "Calls that a shadow limit would have refused",
    ),
    (
        "token_quota_soft_limit_passed_total",
        "Admitted calls beyond a soft limit",
    ),
    ("token_quota_settled_total", "Settled calls"),
    ("token_quota_tokens_total", "Tokens booked"),
    ("token_quota_reserved_tokens_total", "Tokens reserved"),
    (
        "token_quota_provider_limited_total",
        "The provider's own 429 and 402",
    ),
    (
        "token_quota_unmetered_total",
        "Calls of unknown APIs that passed",
    ),
    ("token_quota_store_failures_total", "Failures of the store"),
    (
        "token_quota_clock_jumps_total",
        "Periods that a set clock began early",
    ),
];

/// How many models get a label of their own.
const MODEL_LABELS: usize = 256;

impl MetricsObserver {
    /// Describes the metrics to the installed recorder; install it first.
    #[must_use]
    pub fn new() -> Self {
        for (name, description) in METRICS {
            describe_counter!(*name, Unit::Count, *description);
        }
        Self::default()
    }

    fn model(&self, name: &Arc<str>) -> String {
        if crate::model::facts(name).is_some() {
            return name.to_string();
        }
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if models.contains(name) {
            return name.to_string();
        }
        if models.len() == MODEL_LABELS {
            return "other".to_owned();
        }
        models.insert(name.clone());
        name.to_string()
    }
}

impl Observer for MetricsObserver {
    fn observe(&self, event: &Event) {
        match event {
            Event::Admitted {
                model,
                downgraded_from,
                input_tokens,
                output_tokens,
                ..
            } => {
                let downgraded = if downgraded_from.is_some() {
                    "yes"
                } else {
                    "no"
                };
                let model = self.model(model);
                counter!("token_quota_admitted_total", "model" => model.clone(), "downgraded" => downgraded).increment(1);
                reserved(&model, "input", *input_tokens);
                reserved(&model, "output", *output_tokens);
            }
            Event::Refused { kind, limits, .. } => {
                counter!("token_quota_refused_total", "reason" => kind.as_str()).increment(1);
                for limit in limits {
                    by_limit("token_quota_refused_by_limit_total", limit);
                }
            }
            Event::Replied { limit, .. } => by_limit("token_quota_replies_total", limit),
            Event::WouldBlock { limit, .. } => by_limit("token_quota_would_block_total", limit),
            Event::SoftLimitPassed { limit, .. } => {
                by_limit("token_quota_soft_limit_passed_total", limit)
            }
            Event::Settled {
                model,
                usage,
                basis,
                ..
            } => {
                let model = self.model(model);
                counter!("token_quota_settled_total", "model" => model.clone(), "basis" => basis.as_str()).increment(1);
                booked(&model, "input", usage.input_tokens);
                booked(&model, "output", usage.output_tokens);
                booked(&model, "cached_input", usage.cached_input_tokens);
                booked(&model, "reasoning", usage.reasoning_tokens);
            }
            Event::ProviderLimited { status, .. } => {
                counter!("token_quota_provider_limited_total", "status" => status.to_string())
                    .increment(1);
            }
            Event::Unmetered => counter!("token_quota_unmetered_total").increment(1),
            Event::StoreFailed { .. } => counter!("token_quota_store_failures_total").increment(1),
            Event::ClockJumped { period, .. } => {
                counter!("token_quota_clock_jumps_total", "period" => period.as_str()).increment(1);
            }
            Event::PolicyChanged | Event::Adjusted { .. } => {}
        }
    }
}

fn by_limit(metric: &'static str, limit: &str) {
    counter!(metric, "limit" => limit.to_owned()).increment(1);
}

fn booked(model: &str, kind: &'static str, tokens: u64) {
    counter!("token_quota_tokens_total", "model" => model.to_owned(), "kind" => kind)
        .increment(tokens);
}

fn reserved(model: &str, kind: &'static str, tokens: u64) {
    counter!("token_quota_reserved_tokens_total", "model" => model.to_owned(), "kind" => kind)
        .increment(tokens);
}
