//! A quota in dollars, and calls on it.

use serde_json::{Value, json};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::PolicyBuilder;
use tower_token_quota::prices::Price;
use tower_token_quota::{Limit, Policy, Quota, Tier, Usd};

use crate::support::{self, Provider, Read, call, limit, metered, post};

pub(crate) fn usd(amount: &str) -> Usd {
    amount.parse().unwrap()
}

/// Of the service's tiers only the default one: what a request may be billed at is then plain to see.
pub(crate) fn quota(policy: PolicyBuilder) -> Quota {
    let policy = policy
        .price(
            "gpt-4o",
            Price::per_million("2.50", "10")
                .unwrap()
                .cached("1.25")
                .unwrap(),
        )
        .price("gpt-4o-mini", Price::per_million("0.15", "0.60").unwrap());
    Quota::new(policy.build().unwrap()).clock(FakeClock::at(support::NOON))
}

/// A tier `t` with so many dollars a month for each user.
pub(crate) fn monthly(amount: &str) -> Tier {
    Tier::new("t").limit(Limit::usd(usd(amount)).per_month().id("budget"))
}

pub(crate) fn of(tier: Tier) -> Quota {
    quota(Policy::new().tier(tier))
}

pub(crate) async fn chat(quota: &Quota, provider: &Provider, model: &str, cap: u64) -> Read {
    let body = json!({
        "model": model, "max_completion_tokens": cap, "messages": [{"role": "user", "content": "Hi"}],
    });
    send(quota, provider, &body).await
}

async fn send(quota: &Quota, provider: &Provider, body: &Value) -> Read {
    call(
        &metered(quota, provider),
        post(support::PATH, body.to_string()),
    )
    .await
}

pub(crate) fn used(quota: &Quota) -> Usd {
    Usd::from_nanos(limit(quota, "budget").used)
}
