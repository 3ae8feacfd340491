//! Each limit's own rule: closed, open, local, or refusing nobody anyway.

use tower_token_quota::policy::OnStoreFailure;
use tower_token_quota::{Demand, Limit, RejectionKind, Tier, Usage, Usd};

use crate::instance::{ask, daily, instance};
use crate::support::{self, Provider, alice, call, hello_call, metered, policy};

#[tokio::test]
async fn a_closed_limit_refuses_until_the_store_answers_again() {
    let it = instance(policy(daily(9, OnStoreFailure::Closed)));
    let service = metered(&it.quota, &Provider::using(8, 2));
    assert_eq!(call(&service, hello_call()).await.status, 200);
    it.line.cut();
    let refused = call(&service, hello_call()).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("x-quota-degraded"), "closed");
    assert_eq!(refused.header("retry-after"), "1");
    it.line.mend();
    let served = call(&service, hello_call()).await;
    assert_eq!(
        (served.status.as_u16(), served.header("x-quota-degraded")),
        (200, "")
    );
    assert_eq!(support::limit(&it.quota, "daily").used, 2);
}

#[tokio::test]
async fn an_open_limit_lets_calls_pass_and_they_are_booked_in_the_end() {
    let it = instance(policy(daily(2, OnStoreFailure::Open)));
    let service = metered(&it.quota, &Provider::using(8, 2));
    it.line.cut();
    for _ in 0..5 {
        let served = call(&service, hello_call()).await;
        assert_eq!(served.status, 200);
        assert_eq!(served.header("x-quota-degraded"), "open");
    }
    it.line.mend();
    it.quota.health().await.unwrap();
    assert_eq!(
        support::limit(&it.quota, "daily").used,
        5,
        "beyond the amount: that is a debt"
    );
    assert_eq!(ask(&it.quota).await.unwrap_err(), RejectionKind::QuotaSpent);
}

#[tokio::test]
async fn dollars_are_closed_and_tokens_are_local_unless_said_otherwise() {
    let tokens = Limit::tokens(100).per_day();
    let dollars = Limit::usd(Usd::dollars(1)).per_month();
    let local = instance(policy(Tier::new("t").limit(tokens.clone())));
    let closed = instance(policy(Tier::new("t").limit(tokens).limit(dollars)));
    for it in [&local, &closed] {
        it.line.cut();
    }
    assert_eq!(
        ask(&local.quota).await.unwrap().degraded(),
        Some(OnStoreFailure::Local)
    );
    assert_eq!(
        ask(&closed.quota).await.unwrap_err(),
        RejectionKind::StoreUnavailable
    );
}

#[tokio::test]
async fn soft_and_shadow_limits_refuse_nothing_then_either() {
    let closed = |limit: Limit| limit.on_store_failure(OnStoreFailure::Closed);
    let tier = Tier::new("t")
        .limit(closed(Limit::requests(1).per_day().id("soft").soft()))
        .limit(closed(Limit::requests(1).per_day().id("shadow").shadow()));
    let it = instance(policy(tier));
    it.line.cut();
    for _ in 0..3 {
        ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    }
}

#[tokio::test]
async fn a_rung_with_a_closed_limit_is_not_called_in_place_of_one_without() {
    let big = Limit::requests(1)
        .per_day()
        .id("big")
        .for_models(["gpt-4o"]);
    let small = Limit::requests(9)
        .per_day()
        .id("small")
        .for_models(["gpt-4o-mini"]);
    let tier = Tier::new("t")
        .ladder(["gpt-4o-mini"])
        .limit(big.then_downgrade())
        .limit(small.on_store_failure(OnStoreFailure::Closed));
    let it = instance(policy(tier));
    it.line.cut();
    let demand = || Demand::new("gpt-4o").input_tokens(1).output_tokens(1);
    let subject = alice();
    let first = it.quota.reserve(&subject, demand()).await.unwrap();
    assert_eq!(first.model(), "gpt-4o");
    let second = it.quota.reserve(&subject, demand()).await.unwrap_err();
    assert_eq!(second.kind, RejectionKind::StoreUnavailable);
}
