//! An observer that is bound to a recorder counts what one counts that asks for the recorder in force.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusBuilder;
use support::{Provider, call, chat, hello, hello_call, metered, policy, quota_of};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::watch::MetricsObserver;
use tower_token_quota::{Limit, Tier};

/// The lines of an exporter's text, whose order is left to chance.
fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().collect()
}

#[test]
fn a_bound_observer_counts_what_any_other_does() {
    let in_force = PrometheusBuilder::new().build_recorder();
    let bound = Arc::new(PrometheusBuilder::new().build_recorder());
    metrics::with_local_recorder(&in_force, || {
        let tier = Tier::new("t")
            .limit(Limit::requests(6).per_day())
            .limit(Limit::tokens(1).per_day().id("shadow").shadow());
        let quota = quota_of(policy(tier), &FakeClock::at("2026-11-21T09:00:00Z"))
            .observer(MetricsObserver::new())
            .observer(MetricsObserver::bound_to(bound.clone()));
        let service = metered(&quota, &Provider::using(8, 1));
        support::run(async {
            for _ in 0..4 {
                call(&service, hello_call()).await;
            }
            // Of a model that nobody knows, and then of none, which is refused; as is what is too much.
            for body in [hello("new").to_string(), "{}".into()] {
                call(&service, chat(body)).await;
            }
            for _ in 0..4 {
                call(&service, hello_call()).await;
            }
        });
    });
    let (expected, text) = (in_force.handle().render(), bound.handle().render());
    assert_eq!(lines(&text), lines(&expected));
    for counted in [
        r#"token_quota_refused_by_limit_total{limit="t/requests/day"}"#,
        "token_quota_would_block_total",
        r#"model="new""#,
    ] {
        assert!(text.contains(counted), "{counted}: {text}");
    }
}
