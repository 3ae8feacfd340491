//! What the store does not know of when it answers again.

use std::time::Duration;

use tower_token_quota::policy::OnStoreFailure;
use tower_token_quota::{Limit, Quota, RejectionKind, Tier, Usage};

use crate::instance::{Instance, ask, daily, instance, passing};
use crate::line::Line;
use crate::support::{self, policy};

/// An instance with a share of 4 of 8, that has admitted three calls by itself. The store answers again and has not booked them.
async fn three_without_the_store() -> Instance {
    let it = instance(policy(daily(8, OnStoreFailure::Local)).instances(2));
    it.line.keep_settlements_back();
    it.line.cut();
    for _ in 0..3 {
        ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    }
    it.line.mend();
    it
}

#[tokio::test]
async fn an_answer_does_not_grant_anew_what_was_admitted_without_the_store() {
    let it = three_without_the_store().await;
    it.clock.advance(Duration::from_secs(1));
    // The store knows of this one only. Half of it, and the three, are 4 of the share of 4.
    ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    it.line.cut();
    assert_eq!(passing(&it.quota).await, (0, RejectionKind::QuotaSpent));
}

#[tokio::test]
async fn what_the_store_has_booked_counts_as_its_own_again() {
    let it = three_without_the_store().await;
    it.line.deliver();
    it.clock.advance(Duration::from_secs(1));
    ask(&it.quota).await.unwrap().settle(Usage::new(1, 1));
    it.line.cut();
    assert_eq!(
        passing(&it.quota).await,
        (2, RejectionKind::QuotaSpent),
        "half of the 4 that are left"
    );
}

#[tokio::test]
async fn an_answer_does_not_forget_calls_under_way_that_were_admitted_without_the_store() {
    for limit in [Limit::concurrent(4), Limit::requests(4).per_minute()] {
        let it = instance(policy(Tier::new("t").limit(limit)).instances(2));
        it.line.cut();
        let first = ask(&it.quota).await.unwrap();
        it.line.mend();
        let second = ask(&it.quota).await.unwrap();
        it.line.cut();
        assert!(ask(&it.quota).await.is_err());
        drop((first, second));
        it.quota.drain().await;
    }
}

fn used(line: &Line, quota: &Quota) -> u64 {
    line.mend();
    support::run(quota.health()).unwrap();
    let daily = support::limit(quota, "daily");
    assert_eq!(daily.held, 0, "nothing is under way");
    daily.used
}

#[tokio::test]
async fn a_decision_that_was_lost_on_its_way_is_taken_back() {
    for rule in [OnStoreFailure::Closed, OnStoreFailure::Local] {
        let it = instance(policy(daily(9, rule)));
        it.line.lose_answers();
        let decided = ask(&it.quota).await;
        assert_eq!(decided.is_ok(), rule == OnStoreFailure::Local);
        let expected = u64::from(decided.is_ok());
        drop(decided);
        let store = it.line.clone();
        let used = tokio::task::spawn_blocking(move || used(&store, &it.quota));
        assert_eq!(used.await.unwrap(), expected, "{rule:?}");
    }
}
