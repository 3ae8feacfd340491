//! Models by their prices: dear, cheap, free, or without any.

use std::sync::{Arc, Mutex};

use http::StatusCode;
use tower_token_quota::policy::Unpriced;
use tower_token_quota::prices::Price;
use tower_token_quota::watch::Event;
use tower_token_quota::{Limit, Policy, Tier, Usd};

use crate::dollars::{chat, monthly, of, quota, usd, used};
use crate::support::{Provider, Read};

#[tokio::test]
async fn rungs_are_priced_one_by_one_and_one_that_costs_nothing_is_never_stopped() {
    let tier = Tier::new("t")
        .limit(
            Limit::usd(usd("0.02"))
                .per_month()
                .id("budget")
                .then_downgrade(),
        )
        .ladder(["gpt-4o-mini", "gpt-free"]);
    let policy = Policy::new().tier(tier).price("gpt-free", Price::free());
    let quota = quota(policy);
    let model = |answer: &Read| answer.header("x-quota-model").to_owned();
    // gpt-4o at $10 a million of output: 1,900 fit, 2,100 do not.
    let dear = chat(&quota, &Provider::using(8, 1_900), "gpt-4o", 1_900).await;
    assert_eq!(model(&dear), "gpt-4o");
    assert_eq!(used(&quota), usd("0.01902"));
    let cheaper = chat(&quota, &Provider::using(8, 1_500), "gpt-4o", 1_500).await;
    assert_eq!(model(&cheaper), "gpt-4o-mini");
    assert_eq!(used(&quota), usd("0.0199212"));
    let free = chat(&quota, &Provider::using(8, 1_500), "gpt-4o", 1_500).await;
    assert_eq!(model(&free), "gpt-free");
    let asked = chat(&quota, &Provider::using(8, 1_500), "gpt-free", 1_500).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert_eq!(used(&quota), usd("0.0199212"));
}

#[tokio::test]
async fn a_model_without_a_price_is_refused_where_dollars_are_limited_or_counted_as_such() {
    let provider = Provider::using(8, 10);
    let refused = chat(&of(monthly("1")), &provider, "my-own-model", 10).await;
    refused.is_refused(403, "model_not_allowed");
    assert!(
        refused
            .text()
            .contains("The price of `my-own-model` is not known")
    );
    let missing = Arc::new(Mutex::new(Vec::new()));
    let noted = missing.clone();
    let policy = Policy::new().tier(monthly("1")).unpriced(Unpriced::Count);
    let counted = quota(policy).observer(move |event: &Event| {
        if let Event::Settled { cost, .. } = event {
            let parts = cost.unpriced.iter().map(|part| part.name());
            noted.lock().unwrap().extend(parts);
        }
    });
    assert_eq!(
        chat(&counted, &provider, "my-own-model", 10).await.status,
        StatusCode::OK
    );
    assert_eq!(used(&counted), Usd::ZERO);
    assert_eq!(*missing.lock().unwrap(), ["model"]);
    // A rung whose price is known is no reason to call it: no limit has refused.
    let tier = monthly("1").ladder(["gpt-4o-mini"]);
    let refused = chat(&of(tier), &provider, "my-own-model", 10).await;
    refused.is_refused(403, "model_not_allowed");
    // A dry run refuses nobody, and neither does a warning.
    for limit in [Limit::usd(usd("1")).shadow(), Limit::usd(usd("1")).soft()] {
        let dry = of(Tier::new("t").limit(limit.per_month().id("budget")));
        assert_eq!(
            chat(&dry, &provider, "my-own-model", 10).await.status,
            StatusCode::OK
        );
    }
    // Without a limit in dollars nobody asks what it costs.
    let free = of(Tier::new("t").limit(Limit::tokens(1_000).per_day().id("tokens")));
    assert_eq!(
        chat(&free, &provider, "my-own-model", 10).await.status,
        StatusCode::OK
    );
}
