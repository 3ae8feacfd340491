//! Events as metrics, through the `metrics` facade: any exporter can publish them.

mod bound;
mod names;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Recorder, SharedString, counter, gauge};

use self::bound::{Bound, Count, Label, Value};
use super::{Event, Observer};
use crate::store::OTHER;

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
/// | `token_quota_alerts_total` | `limit`, `percent`, `level` | thresholds that usage has reached |
/// | `token_quota_pace_exceeded_total` | `limit` | days on which a budget was spent too fast |
/// | `token_quota_settled_total` | `model`, `basis` | settled calls |
/// | `token_quota_unpriced_total` | `model`, `part` | settled calls of which a part has no price; `model` as a part is all of it |
/// | `token_quota_tokens_total` | `model`, `kind` | tokens booked; `kind` is `input`, `output`, or a part of them |
/// | `token_quota_reserved_tokens_total` | `model`, `kind` | tokens reserved; `kind` is `input` or `output` |
/// | `token_quota_corrected_total` | | answers that told their usage later, when they were asked for again |
/// | `token_quota_corrected_tokens_total` | `direction` | by how much that moved what had been booked: `down` or `up` |
/// | `token_quota_provider_limited_total` | `status`, `reason`, `replied` | the provider's own 429 and 402; `reason` is `rate` or `quota` |
/// | `token_quota_counted_bytes_total` | `known` | bytes of texts that were counted; `known` is `yes` for those that an earlier call had too, which is the rate of hits in [`count_cache`](crate::Quota::count_cache) |
/// | `token_quota_unmetered_total` | | calls of unknown APIs that passed |
/// | `token_quota_store_failures_total` | | failures of the store |
/// | `token_quota_degraded_total` | `rule` | calls that were decided without the store; `rule` is `closed` (refused), `open` or `local` |
/// | `token_quota_store_recoveries_total` | | how often the store answered again after it was left alone |
/// | `token_quota_settlements_lost_total` | | settlements that could not be booked in the store, and never will be |
/// | `token_quota_store_emptied_total` | | how often a store came back without an organization's usage |
/// | `token_quota_usage_records_dropped_total` | | usage records that [`UsageRecords`](super::UsageRecords) dropped, because nobody took them fast enough |
/// | `token_quota_clock_jumps_total` | `period` | periods that a set clock began early |
///
/// And, as gauges, what is learned from the bills:
///
/// | gauge | labels | is |
/// | --- | --- | --- |
/// | `token_quota_input_factor_millionths` | `api`, `model` | by how much an estimate of input is multiplied, 1,000,000 to 2,000,000 |
/// | `token_quota_typical_output_tokens` | `api`, `model` | what 19 of 20 answers do not exceed |
/// | `token_quota_hidden_input_tokens` | `api`, `model`, `opaque` | what 19 of 20 opaque calls do not hide more of |
///
/// `model` is the canonical name of an admitted model. Where a tier names no `models`, callers choose it: of
/// models we have never heard of only the first 256 get a label, the others are `other`, so that nobody can make the recorder grow.
///
/// One made by [`new`](Self::new) counts at the recorder that is in force when something happens, and looks every counter up there
/// each time. One that is [bound to](Self::bound_to) a recorder costs a fraction of that.
#[derive(Debug, Default)]
pub struct MetricsObserver {
    bound: Option<Bound>,
    models: Mutex<HashSet<Arc<str>>>,
}

/// How many models get a label of their own.
const MODEL_LABELS: usize = 256;

impl MetricsObserver {
    /// Describes the metrics to the installed recorder; install it first.
    #[must_use]
    pub fn new() -> Self {
        names::describe();
        Self::default()
    }

    /// Counts at this recorder, whichever is in force elsewhere, and describes the metrics to it.
    ///
    /// Its counters are kept until the second turns, and then asked for anew: exporters that forget idle metrics have to keep them for two
    /// seconds at least. What a recorder takes from where a counter is asked for, such as labels from the span that is entered, goes to all
    /// that is counted meanwhile: for such a recorder there is [`new`](Self::new).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use metrics_exporter_prometheus::PrometheusBuilder;
    /// use tower_token_quota::watch::MetricsObserver;
    ///
    /// let recorder = Arc::new(PrometheusBuilder::new().build_recorder());
    /// let observer = MetricsObserver::bound_to(recorder.clone());
    /// // For all else that is counted in the program, the records that were dropped among it.
    /// metrics::set_global_recorder(recorder)?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn bound_to(recorder: impl Recorder + Send + Sync + 'static) -> Self {
        let observer = metrics::with_local_recorder(&recorder, Self::new);
        Self {
            bound: Some(Bound::to(recorder)),
            ..observer
        }
    }

    /// Adds to counters that share a label. To look one up is most of what that costs: for nothing it is not done.
    fn add(&self, shared: Label<'_>, counts: &[Count]) {
        let counts = counts.iter().filter(|count| count.number > 0);
        match &self.bound {
            Some(bound) => bound.add(shared, counts),
            None => counts.for_each(|count| count.counter(shared).increment(count.number)),
        }
    }

    fn model<'a>(&self, name: &'a Arc<str>) -> Label<'a> {
        let label = if self.has_label(name) {
            Value::Name(name)
        } else {
            Value::Word(OTHER)
        };
        ("model", label)
    }

    fn has_label(&self, name: &Arc<str>) -> bool {
        if crate::model::facts(name).is_some() {
            return true;
        }
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if models.contains(name) {
            return true;
        }
        let has_room = models.len() < MODEL_LABELS;
        if has_room {
            models.insert(name.clone());
        }
        has_room
    }
}

impl Observer for MetricsObserver {
    fn observe(&self, event: &Event) {
        match &self.bound {
            Some(bound) => bound.now(|| self.count(event)),
            None => self.count(event),
        }
    }
}

impl MetricsObserver {
    /// Counts an event at the recorder in force.
    fn count(&self, event: &Event) {
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
                let downgraded = Some(("downgraded", downgraded));
                let reserved = tokens("token_quota_reserved_tokens_total");
                let counts = [
                    Count::one("token_quota_admitted_total", downgraded),
                    reserved("input", *input_tokens),
                    reserved("output", *output_tokens),
                ];
                self.add(self.model(model), &counts);
            }
            Event::Refused { kind, limits, .. } => {
                let reason = ("reason", Value::Word(kind.as_str()));
                self.add(reason, &[Count::one("token_quota_refused_total", None)]);
                for limit in limits {
                    self.by_limit("token_quota_refused_by_limit_total", limit);
                }
            }
            Event::Replied { limit, .. } => self.by_limit("token_quota_replies_total", limit),
            Event::WouldBlock { limit, .. } => {
                self.by_limit("token_quota_would_block_total", limit)
            }
            Event::SoftLimitPassed { limit, .. } => {
                self.by_limit("token_quota_soft_limit_passed_total", limit)
            }
            Event::Crossed {
                limit,
                percent,
                level,
                ..
            } => {
                let percent = percent.to_string();
                counter!("token_quota_alerts_total", "limit" => limit.clone(), "percent" => percent, "level" => level.as_str()).increment(1);
            }
            Event::PaceExceeded { limit, .. } => {
                self.by_limit("token_quota_pace_exceeded_total", limit)
            }
            Event::Settled {
                model,
                usage,
                basis,
                cost,
                ..
            } => {
                let model = self.model(model);
                for part in cost.unpriced.iter() {
                    let part = Some(("part", part.name()));
                    self.add(model, &[Count::one("token_quota_unpriced_total", part)]);
                }
                let basis = Some(("basis", basis.as_str()));
                let booked = tokens("token_quota_tokens_total");
                let counts = [
                    Count::one("token_quota_settled_total", basis),
                    booked("input", usage.input_tokens),
                    booked("output", usage.output_tokens),
                    booked("cached_input", usage.cached_input_tokens),
                    booked("reasoning", usage.reasoning_tokens),
                ];
                self.add(model, &counts);
            }
            Event::ProviderLimited {
                status,
                reason,
                replied,
                ..
            } => {
                let replied = if *replied { "yes" } else { "no" };
                counter!("token_quota_provider_limited_total", "status" => status.to_string(), "reason" => reason.as_str(), "replied" => replied)
                    .increment(1);
            }
            Event::Corrected { booked, usage, .. } => {
                counter!("token_quota_corrected_total").increment(1);
                let (before, after) = (booked.total(), usage.total());
                let moved = |direction: &'static str| counter!("token_quota_corrected_tokens_total", "direction" => direction);
                moved("down").increment(before.saturating_sub(after));
                moved("up").increment(after.saturating_sub(before));
            }
            Event::Learned {
                api,
                model,
                input_millionths,
                typical_output_tokens,
                hidden_input_tokens,
            } => {
                // Many models share the label `other`: a gauge of all of them would tell of none.
                if self.model(model).1.as_str() == OTHER {
                    return;
                }
                let labels: [(&str, SharedString); 2] =
                    [("api", (*api).into()), ("model", model.clone().into())];
                if let Some(factor) = input_millionths {
                    gauge!("token_quota_input_factor_millionths", &labels).set(f64::from(*factor));
                }
                if let Some(tokens) = typical_output_tokens {
                    gauge!("token_quota_typical_output_tokens", &labels).set(*tokens as f64);
                }
                if let Some((tokens, reason)) = hidden_input_tokens {
                    let [api, model] = labels;
                    let labels = [api, model, ("opaque", reason.as_str().into())];
                    gauge!("token_quota_hidden_input_tokens", &labels).set(*tokens as f64);
                }
            }
            Event::Counted { known, fresh } => {
                for (is, bytes) in [("yes", *known), ("no", *fresh)] {
                    let counted = Count {
                        metric: "token_quota_counted_bytes_total",
                        label: None,
                        number: bytes,
                    };
                    self.add(("known", Value::Word(is)), &[counted]);
                }
            }
            Event::Unmetered => counter!("token_quota_unmetered_total").increment(1),
            Event::StoreFailed { .. } => counter!("token_quota_store_failures_total").increment(1),
            Event::Degraded { rule } => {
                counter!("token_quota_degraded_total", "rule" => rule.as_str()).increment(1);
            }
            Event::StoreRecovered => counter!("token_quota_store_recoveries_total").increment(1),
            Event::SettlementLost { .. } => {
                counter!("token_quota_settlements_lost_total").increment(1);
            }
            Event::StoreEmptied { .. } => {
                counter!("token_quota_store_emptied_total").increment(1);
            }
            Event::ClockJumped { period, .. } => {
                counter!("token_quota_clock_jumps_total", "period" => period.as_str()).increment(1);
            }
            Event::PolicyChanged | Event::Adjusted { .. } => {}
        }
    }

    fn by_limit(&self, metric: &'static str, limit: &Arc<str>) {
        self.add(("limit", Value::Name(limit)), &[Count::one(metric, None)]);
    }
}

/// Tokens of each kind.
fn tokens(metric: &'static str) -> impl Fn(&'static str, u64) -> Count {
    move |kind, number| Count {
        metric,
        label: Some(("kind", kind)),
        number,
    }
}
