//! The largest amounts: what Redis counts exactly, and what it does not is told of before.

use tower_token_quota::store::redis::LARGEST_AMOUNT;
use tower_token_quota::store::{Decision, Store as _};
use tower_token_quota::{Limit, Policy, Quota, Tier, Usd};

use crate::asking::{asked, look, running, store};
use crate::redis_support::server::Server;
use crate::store_support::{granted, hard};

fn policy(dollars: u64) -> Policy {
    let limit = Limit::usd(Usd::dollars(dollars)).per_month().id("cap");
    Policy::new()
        .tier(Tier::new("t").limit(limit))
        .build()
        .unwrap()
}

#[tokio::test]
async fn more_than_two_to_the_53_nano_dollars_are_an_error_at_the_start_and_when_the_policy_changes()
 {
    let server = Server::start();
    let quota = |dollars| Quota::new(policy(dollars)).store(store(&server));
    let error = quota(9_007_200)
        .check_policy(&policy(9_007_200))
        .unwrap_err();
    let expected = "limit `cap`: $9007200.00 is more than the $9007199.254740991 that the store counts exactly";
    assert_eq!(error.to_string(), expected);
    let quota = quota(9_007_199);
    quota.check_policy(&quota.policy()).unwrap();
    let large = Limit::tokens(LARGEST_AMOUNT).per_minute();
    quota.add_tier(Tier::new("large").limit(large)).unwrap();
    let larger = Limit::tokens(LARGEST_AMOUNT + 1).per_minute();
    assert!(
        quota
            .add_tier(Tier::new("larger").limit(larger.clone()))
            .is_err()
    );
    let in_memory = Quota::new(policy(9_007_200));
    in_memory.check_policy(&in_memory.policy()).unwrap();
    in_memory
        .add_tier(Tier::new("larger").limit(larger))
        .unwrap();
}

#[tokio::test]
async fn at_the_largest_amount_the_last_unit_counts() {
    let server = Server::start();
    let store = store(&server);
    let call = |amount| [hard("k", running(LARGEST_AMOUNT), amount)];
    assert!(granted(
        &store
            .reserve(asked(1, &call(LARGEST_AMOUNT - 1)))
            .await
            .unwrap()
    ));
    assert!(!granted(&store.reserve(asked(2, &call(2))).await.unwrap()));
    assert!(granted(&store.reserve(asked(3, &call(1))).await.unwrap()));
    assert!(!granted(&store.reserve(asked(4, &call(1))).await.unwrap()));
    assert_eq!(look(&store, &call(1)[0]).await.held, LARGEST_AMOUNT);
}

#[tokio::test]
async fn what_is_larger_nevertheless_counts_as_the_largest() {
    let server = Server::start();
    let store = store(&server);
    let call = |amount| [hard("k", running(u64::MAX), amount)];
    assert!(granted(
        &store
            .reserve(asked(1, &call(LARGEST_AMOUNT)))
            .await
            .unwrap()
    ));
    let Decision::Refused(refusals) = store.reserve(asked(2, &call(1))).await.unwrap() else {
        panic!("it is full");
    };
    assert_eq!(refusals.len(), 1);
    assert!(!granted(
        &store.reserve(asked(3, &call(u64::MAX))).await.unwrap()
    ));
}
