//! An instance's share of a local limit, of each kind.

use std::time::Duration;

use tower_token_quota::policy::OnStoreFailure;
use tower_token_quota::{Limit, RejectionKind, Tier, Usage};

use crate::instance::{ask, daily, instance, passing};
use crate::support::{self, Provider, call, hello_call, metered, policy};

#[tokio::test]
async fn a_local_limit_has_its_share_of_what_was_left() {
    let it = instance(policy(daily(10, OnStoreFailure::Local)).instances(2));
    for _ in 0..4 {
        ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    }
    it.line.cut();
    assert_eq!(passing(&it.quota).await, (3, RejectionKind::QuotaSpent));
    let service = metered(&it.quota, &Provider::using(8, 2));
    let refused = call(&service, hello_call()).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("x-quota-degraded"), "local");
    it.line.mend();
    it.quota.health().await.unwrap();
    assert_eq!(support::limit(&it.quota, "daily").used, 7);
    assert_eq!(passing(&it.quota).await, (3, RejectionKind::QuotaSpent));
}

#[tokio::test]
async fn a_store_that_is_missing_at_the_start_never_turns_a_limit_off() {
    let it = instance(policy(daily(10, OnStoreFailure::Local)).instances(4));
    it.line.cut();
    assert_eq!(passing(&it.quota).await, (2, RejectionKind::QuotaSpent));
}

#[tokio::test]
async fn what_fits_the_limit_but_not_the_share_is_no_call_that_could_never_fit() {
    let it = instance(policy(daily(3, OnStoreFailure::Local)).instances(4));
    it.line.cut();
    assert_eq!(
        ask(&it.quota).await.unwrap_err(),
        RejectionKind::StoreUnavailable
    );
}

#[tokio::test]
async fn a_bucket_refills_by_its_share() {
    let limit = Limit::requests(8).per_minute().id("bucket");
    let it = instance(policy(Tier::new("t").limit(limit)).instances(2));
    it.line.cut();
    assert_eq!(passing(&it.quota).await, (4, RejectionKind::RateLimited));
    it.clock.advance(Duration::from_secs(15));
    assert_eq!(passing(&it.quota).await, (1, RejectionKind::RateLimited));
    it.clock.advance(Duration::from_secs(600));
    assert_eq!(passing(&it.quota).await, (4, RejectionKind::RateLimited));
}

#[tokio::test]
async fn calls_under_way_are_bounded_too() {
    let it = instance(policy(Tier::new("t").limit(Limit::concurrent(4))).instances(2));
    it.line.cut();
    let first = ask(&it.quota).await.unwrap();
    let second = ask(&it.quota).await.unwrap();
    assert_eq!(
        ask(&it.quota).await.unwrap_err(),
        RejectionKind::TooManyConcurrent
    );
    first.release();
    let third = ask(&it.quota).await.unwrap();
    drop((second, third));
    it.quota.drain().await;
}
