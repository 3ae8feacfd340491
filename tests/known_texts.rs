//! No text is counted twice, and none further than it takes to decide.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};

use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use support::provider::json_answer;
use support::{Provider, Read, call, chat, generous, metered, quota};
use tower::Layer;
use tower_token_quota::watch::{Event, MetricsObserver};
use tower_token_quota::{
    Limit, Quota, Rejection, RejectionKind, Subject, Tier, TokenQuotaLayer, Usd, identify,
};

/// Bytes of texts that were known, and of those that were not, of each call.
type Counted = Arc<Mutex<Vec<(u64, u64)>>>;

/// A quota, and what it counts.
fn watched(quota: Quota) -> (Quota, Counted) {
    let counted = Counted::default();
    let seen = counted.clone();
    let quota = quota.observer(move |event: &Event| {
        if let Event::Counted { known, fresh, .. } = event {
            seen.lock().unwrap().push((*known, *fresh));
        }
    });
    (quota, counted)
}

fn last(counted: &Counted) -> (u64, u64) {
    *counted.lock().unwrap().last().expect("a call was counted")
}

async fn send(quota: &Quota, body: &Value) -> Read {
    call(
        &metered(quota, &Provider::using(8, 1)),
        chat(body.to_string()),
    )
    .await
}

fn message(turn: usize) -> String {
    format!("This is turn {turn} of a conversation, which is long enough to be remembered.")
}

/// The history up to a turn.
fn conversation(turns: usize) -> Value {
    let messages: Vec<_> = (0..turns)
        .map(|turn| json!({"role": "user", "content": message(turn)}))
        .collect();
    json!({"model": "gpt-4o", "max_tokens": 10, "messages": messages})
}

#[tokio::test]
async fn a_turn_costs_its_new_text() {
    let (quota, counted) = watched(quota(generous()));
    for turns in 1..20 {
        assert_eq!(send(&quota, &conversation(turns)).await.status, 200);
        let roles = (turns * "user".len()) as u64;
        let known: usize = (0..turns - 1).map(|turn| message(turn).len()).sum();
        let fresh = message(turns - 1).len() as u64 + roles;
        assert_eq!(last(&counted), (known as u64, fresh));
    }
}

#[tokio::test]
async fn what_is_known_is_reserved_as_what_is_counted() {
    let reserved = |quota: &Quota| support::limit(quota, "input").used;
    let (cached, uncached) = (quota(generous()), quota(generous()).count_cache(0));
    for turns in [3, 5, 5, 2] {
        for quota in [&cached, &uncached] {
            // It answers without usage, so that what was counted is booked.
            let provider = Provider::new(|_| Ok(json_answer(200, &json!({"choices": []}))));
            call(
                &metered(quota, &provider),
                chat(conversation(turns).to_string()),
            )
            .await;
        }
        assert_eq!(reserved(&cached), reserved(&uncached));
    }
    assert!(reserved(&cached) > 0);
}

#[tokio::test]
async fn organizations_do_not_learn_what_others_have_sent() {
    let (quota, counted) = watched(quota(generous()));
    let by_organization =
        identify::trusted_header(http::HeaderName::from_static("x-user"), |organization| {
            Some(Subject::user("u", "t").organization(organization))
        });
    let service = TokenQuotaLayer::new(quota, by_organization).layer(Provider::using(8, 1));
    let mut known = Vec::new();
    for organization in ["one", "one", "other"] {
        let mut request = chat(conversation(1).to_string());
        request
            .headers_mut()
            .insert("x-user", organization.parse().unwrap());
        assert_eq!(call(&service, request).await.status, 200);
        known.push(last(&counted).0 > 0);
    }
    assert_eq!(known, [false, true, false]);
}

#[test]
fn the_metrics_tell_how_much_was_known() {
    let metrics = PrometheusBuilder::new().build_recorder();
    let quota = quota(generous()).observer(MetricsObserver::new());
    metrics::with_local_recorder(&metrics, || {
        support::run(async {
            for _ in 0..3 {
                send(&quota, &conversation(1)).await;
            }
        });
    });
    let (length, role) = (message(0).len(), "user".len());
    let text = metrics.handle().render();
    for expected in [
        format!(
            r#"token_quota_counted_bytes_total{{known="yes"}} {}"#,
            2 * length
        ),
        format!(
            r#"token_quota_counted_bytes_total{{known="no"}} {}"#,
            length + 3 * role
        ),
    ] {
        assert!(text.contains(&expected), "{expected}: {text}");
    }
}

mod early_end {
    use super::*;

    const MEGABYTE: usize = 1 << 20;

    fn large() -> Value {
        let text = "Words, words, words: none of them matters. ".repeat(MEGABYTE / 43);
        json!({"model": "gpt-4o", "max_tokens": 10, "messages": [{"role": "user", "content": text}]})
    }

    fn bytes(counted: &Counted) -> usize {
        let (known, fresh) = last(counted);
        usize::try_from(known + fresh).unwrap()
    }

    #[tokio::test]
    async fn counting_ends_when_no_model_can_take_the_call() {
        for limit in [
            Limit::tokens(2_000).per_day(),
            Limit::input_tokens(2_000).per_minute(),
            Limit::usd(Usd::from_nanos(10_000_000)).per_month(),
        ] {
            let (quota, counted) = watched(quota(Tier::new("t").limit(limit)));
            let refused = send(&quota, &large()).await;
            let rejection = refused.extensions.get::<Rejection>().unwrap();
            assert_eq!(rejection.kind, RejectionKind::NeverFits);
            assert!(rejection.limits[0].at_least);
            assert!(rejection.limits[0].asked > rejection.limits[0].balance.amount);
            assert!(
                rejection.message.contains(" held, at least "),
                "{}",
                rejection.message
            );
            assert!(bytes(&counted) < 64 << 10, "{}", bytes(&counted));
        }
    }

    #[tokio::test]
    async fn what_another_model_can_take_is_counted_to_its_end() {
        let tier = Tier::new("t")
            .limit(
                Limit::tokens(2_000)
                    .per_day()
                    .for_models(["gpt-4o"])
                    .then_downgrade(),
            )
            .ladder(["gpt-4.1-mini"]);
        let (quota, counted) = watched(quota(tier));
        assert_eq!(send(&quota, &large()).await.status, 200);
        assert!(bytes(&counted) > MEGABYTE - 100);
    }

    #[tokio::test]
    async fn what_only_a_soft_limit_is_too_small_for_is_counted_to_its_end() {
        let tier = Tier::new("t").limit(Limit::tokens(2_000).per_day().soft());
        let (quota, counted) = watched(quota(tier));
        assert_eq!(send(&quota, &large()).await.status, 200);
        assert!(bytes(&counted) > MEGABYTE - 100);
    }

    #[tokio::test]
    async fn a_refusal_of_what_was_counted_says_how_much_it_is() {
        let (quota, _) = watched(quota(Tier::new("t").limit(Limit::tokens(20).per_day())));
        let refused = send(&quota, &conversation(3)).await;
        let rejection = refused.extensions.get::<Rejection>().unwrap();
        assert_eq!(rejection.kind, RejectionKind::NeverFits);
        assert!(!rejection.limits[0].at_least);
        assert!(!rejection.message.contains("at least"));
    }
}
