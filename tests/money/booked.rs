//! What a call has cost, and what it may cost while it is under way.

use http::StatusCode;
use serde_json::{Value, json};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::{OpaqueInput, OutputCap};
use tower_token_quota::{Demand, Policy, Quota, RejectionKind, Usage, Usd};

use crate::dollars::{chat, monthly, of, usd, used};
use crate::support::{self, Provider, alice, limit, metered, post};

#[tokio::test]
async fn a_call_is_booked_at_its_price_to_the_nano_dollar() {
    let quota = of(monthly("1"));
    let hold = quota.reserve(
        &alice(),
        Demand::new("gpt-4o").input_tokens(1_000).output_tokens(500),
    );
    let mut usage = Usage::new(1_000, 500);
    usage.cached_input_tokens = 400;
    hold.await.unwrap().settle(usage);
    assert_eq!(used(&quota), usd("0.007"));
    let demand = Demand::new("claude-sonnet-4-5")
        .input_tokens(6_000)
        .output_tokens(100);
    let mut usage = Usage::new(6_000, 100);
    usage.cache_write_tokens = 2_000;
    usage.cached_input_tokens = 3_000;
    quota.reserve(&alice(), demand).await.unwrap().settle(usage);
    assert_eq!(used(&quota), usd("0.0199"));
}

#[tokio::test]
async fn the_most_that_a_call_can_cost_is_held_while_it_is_under_way() {
    let quota = of(monthly("1"));
    let demand = Demand::new("gpt-4o")
        .input_tokens(1_000_000)
        .output_tokens(1);
    let refused = quota.reserve(&alice(), demand).await.unwrap_err();
    assert_eq!(refused.kind, RejectionKind::NeverFits);
    assert!(
        refused
            .message
            .contains("$1.00 allowed, $0.00 used, $0.00 held"),
        "{refused}"
    );
    let hold = quota.reserve(
        &alice(),
        Demand::new("gpt-4o").input_tokens(1_000).output_tokens(500),
    );
    let hold = hold.await.unwrap();
    let held = Usd::from_nanos(limit(&quota, "budget").held);
    assert!(held >= usd("0.0075"), "{held}");
    drop(hold);
    // Nobody knows what it used: all of it is booked.
    assert_eq!((used(&quota), limit(&quota, "budget").held), (held, 0));
}

#[tokio::test]
async fn p1_a_thousand_parallel_calls_do_not_pass_a_dollar() {
    let tier = monthly("1")
        .output_cap(OutputCap::Enforce)
        .opaque_input(OpaqueInput::Reject);
    let quota = of(tier);
    // It puts out all that it may.
    let provider = Provider::new(|seen| {
        let body: Value = serde_json::from_slice(&seen.body).unwrap();
        let cap = body["max_completion_tokens"].as_u64().unwrap();
        Ok(support::provider::json_answer(
            200,
            &support::provider::completion(8, cap),
        ))
    });
    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let (quota, provider) = (quota.clone(), provider.clone());
            tokio::spawn(async move { chat(&quota, &provider, "gpt-4o", 4_000).await.status })
        })
        .collect();
    let mut admitted = 0;
    for call in calls {
        match call.await.unwrap() {
            StatusCode::OK => admitted += 1,
            status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
        }
    }
    // 8 tokens of input and 4,000 of output cost $0.04002.
    assert_eq!(admitted, 24);
    assert_eq!(used(&quota), usd("0.96048"));
    assert_eq!(limit(&quota, "budget").held, 0);
}

#[tokio::test]
async fn an_enforced_cap_is_lowered_to_what_the_budget_can_pay_for() {
    let quota = of(monthly("0.01").output_cap(OutputCap::Enforce));
    let provider = Provider::using(8, 10);
    let answer = chat(&quota, &provider, "gpt-4o", 16_384).await;
    assert_eq!(answer.status, StatusCode::OK);
    let body: Value = serde_json::from_slice(&provider.last().body).unwrap();
    // $0.01 less 8 tokens of input at $2.50 a million, at $10 a million.
    assert_eq!(body["max_completion_tokens"], 998);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_billed_in_the_tier_that_was_asked_for() {
    let policy = Policy::new().tier(monthly("1"));
    // With the prices that come with the crate, which know tiers.
    let quota = Quota::new(policy.build().unwrap()).clock(FakeClock::at(support::NOON));
    let says = support::provider::streams_then(
        vec![support::provider::says("Hello")],
        support::body::Step::Break("gone"),
    );
    let body = json!({
        "model": "gpt-4o", "stream": true, "service_tier": "priority",
        "messages": [{"role": "user", "content": "Hi"}],
    });
    let service = metered(&quota, &says);
    let request = post(support::PATH, body.to_string());
    let response = tower::ServiceExt::oneshot(service, request).await.unwrap();
    let _broken = http_body_util::BodyExt::collect(response.into_body()).await;
    // 8 tokens at $4.25 and 1 at $17 a million.
    assert_eq!(used(&quota), usd("0.000051"));
}
