//! What a request permits, and what is reserved for it.

use serde_json::{Value, json};
use tower_token_quota::policy::PolicyBuilder;
use tower_token_quota::{Demand, Limit, Policy, Quota, ServiceTier, Tier, Usd};

use crate::dollars::usd;
use crate::support::{self, Provider, alice, call, metered, post};

/// What a call would reserve, as the refusal of one that can never fit tells it.
async fn reserved(policy: &str, path: &str, body: &Value) -> Usd {
    let policy = format!(
        "{policy}\n[tiers.t]\nlimits = [ {{ unit = 'usd', amount = '0.000000001', per = 'month' }} ]"
    );
    let quota = Quota::new(Policy::from_toml(&policy).unwrap());
    let layer = metered(&quota, &Provider::using(8, 10));
    let refused = call(&layer, post(path, body.to_string())).await;
    let (before, _) = refused.text().split_once(" asked").unwrap();
    usd(before.rsplit_once('$').unwrap().1)
}

#[tokio::test]
async fn the_service_tier_that_the_request_or_the_policy_names_is_reserved_for_and_else_the_dearest()
 {
    let call = |tier: Value| {
        json!({
            "model": "gpt-4o", "max_completion_tokens": 100, "service_tier": tier,
            "messages": [{"role": "user", "content": "Hi"}],
        })
    };
    let reserved =
        async |policy: &str, tier: Value| reserved(policy, support::PATH, &call(tier)).await;
    // 8 tokens of input and 100 of output, at $2.50 and $10 a million, or with priority at $4.25 and $17.
    let (usual, dearest) = (usd("0.00102"), usd("0.001734"));
    for unsaid in [json!(null), json!("auto")] {
        assert_eq!(reserved("", unsaid.clone()).await, dearest);
        assert_eq!(
            reserved("service_tier = 'default'", unsaid.clone()).await,
            usual
        );
        assert_eq!(
            reserved("service_tier = 'flex'", unsaid.clone()).await,
            usual
        );
        assert_eq!(reserved("service_tier = 'priority'", unsaid).await, dearest);
    }
    for policy in ["", "service_tier = 'default'", "service_tier = 'priority'"] {
        assert_eq!(reserved(policy, json!("default")).await, usual);
        assert_eq!(reserved(policy, json!("priority")).await, dearest);
        assert_eq!(reserved(policy, json!("a tier of tomorrow")).await, dearest);
    }
    let wrong = Policy::from_toml("service_tier = 'gold'\n[tiers.t]").unwrap_err();
    assert_eq!(wrong.line(), Some(1));
}

#[tokio::test]
async fn a_demand_that_names_no_service_tier_has_the_policys() {
    let tier = Tier::new("t").limit(Limit::usd(usd("0.000000001")).per_month());
    let asked = async |policy: PolicyBuilder| {
        let quota = Quota::new(policy.tier(tier.clone()).build().unwrap());
        let demand = Demand::new("gpt-4o")
            .input_tokens(1_000_000)
            .output_tokens(0);
        let refused = quota.reserve(&alice(), demand).await.unwrap_err();
        Usd::from_nanos(refused.limits[0].asked)
    };
    assert_eq!(asked(Policy::new()).await, usd("4.25"));
    let usual = Policy::new().service_tier(ServiceTier::Default);
    assert_eq!(asked(usual).await, usd("2.50"));
}

#[tokio::test]
async fn writing_to_a_cache_is_reserved_for_where_the_request_marks_it() {
    let call = |mark: Value| {
        let mut text = json!({"type": "text", "text": "You are a cat."});
        if !mark.is_null() {
            text["cache_control"] = mark;
        }
        json!({
            "model": "claude-sonnet-4-5", "max_tokens": 0, "system": [text],
            "messages": [{"role": "user", "content": "Hi"}],
        })
    };
    let reserved = async |mark: Value| reserved("", "/v1/messages", &call(mark)).await.nanos();
    // A million tokens are $3; written to the cache $3.75, and $6 for an hour.
    let plain = reserved(json!(null)).await;
    let tokens = plain / 3_000;
    assert!(tokens > 0 && plain == tokens * 3_000);
    assert_eq!(reserved(json!({"type": "ephemeral"})).await, tokens * 3_750);
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    assert_eq!(reserved(hour).await, tokens * 6_000);
}
