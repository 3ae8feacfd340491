//! However many budgets and calls there are: each threshold is told of once.

use serde_json::{Value, json};
use tower_token_quota::policy::{OpaqueInput, OutputCap, PolicyBuilder};
use tower_token_quota::prices::Price;
use tower_token_quota::store::MemoryStore;
use tower_token_quota::{Limit, Policy, Quota, Tier, Usd};

use crate::spending::{crossed, priced, spend, watched};
use crate::support::watch::Events;
use crate::support::{self, Provider, alice, call, metered, post};

#[tokio::test]
async fn the_lessons_budgets_alert_once_at_each_threshold() {
    let (quota, events, _) = watched(lesson());
    play(quota, &events).await;
    // Through the trait it is told of in the same order.
    let (quota, events, _) = watched(lesson());
    play(quota.store(MemoryStore::new()), &events).await;
}

fn lesson() -> PolicyBuilder {
    let monthly = |dollars, id: &str| Limit::usd(Usd::dollars(dollars)).per_month().id(id);
    priced()
        .tier(Tier::new("t"))
        .organization_limit(monthly(1_000, "org"))
        .project("api", [monthly(500, "api")])
        .project("batch", [monthly(300, "batch")])
}

async fn play(quota: Quota, events: &Events) {
    let api = alice().project("api");
    spend(&quota, &api, 50).await.unwrap();
    for _ in 0..4 {
        spend(&quota, &api, 45).await.unwrap();
    }
    assert_eq!(crossed(events), [""; 0], "$230 are 46 % of $500");
    for _ in 0..6 {
        spend(&quota, &api, 45).await.unwrap();
    }
    assert_eq!(
        crossed(events),
        [
            "api 50 info",
            "api 75 warning",
            "api 90 critical",
            "org 50 info"
        ]
    );
    spend(&quota, &api, 1).await.unwrap_err();
    spend(&quota, &alice().project("batch"), 100).await.unwrap();
    assert_eq!(crossed(events), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_parallel_calls_against_a_dollar_alert_once_at_each_threshold() {
    let limit = Limit::usd(Usd::dollars(1)).per_month().id("budget");
    let tier = Tier::new("t").limit(limit);
    let tier = tier
        .output_cap(OutputCap::Enforce)
        .opaque_input(OpaqueInput::Reject);
    let price = Price::per_million("2.50", "10").unwrap();
    let (quota, events, _) = watched(Policy::new().tier(tier).price("gpt-4o", price));
    // It puts out all that it may.
    let provider = Provider::new(|seen| {
        let body: Value = serde_json::from_slice(&seen.body).unwrap();
        let cap = body["max_completion_tokens"].as_u64().unwrap();
        let answer = support::provider::completion(8, cap);
        Ok(support::provider::json_answer(200, &answer))
    });
    let body = json!({
        "model": "gpt-4o", "max_completion_tokens": 4_000, "messages": [{"role": "user", "content": "Hi"}],
    });
    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let (service, body) = (metered(&quota, &provider), body.to_string());
            tokio::spawn(async move { call(&service, post(support::PATH, body)).await.status })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert!(Usd::from_nanos(support::limit(&quota, "budget").used) <= Usd::dollars(1));
    let mut crossed = crossed(&events);
    crossed.sort();
    assert_eq!(
        crossed,
        ["budget 50 info", "budget 75 warning", "budget 90 critical"]
    );
}
