//! Holds that nobody settles: they expire, unless they are renewed in time.

use std::time::Duration;

use tower_token_quota::store::{Decision, HoldId, MemoryStore, Rule, Settled};

use crate::store_support::{
    DAY, at, bucket, budget, gauge, granted, hard, kept, peek, reserve, settle,
};

#[test]
fn an_expired_hold_falls_before_anything_else_is_decided() {
    let store = MemoryStore::new();
    let call = [hard("g", gauge(1), 1)];
    reserve(&store, 1, at(0), &call);
    // Ids 1 and 2 lie in different shards.
    assert!(!granted(&reserve(&store, 2, at(59), &call)));
    assert!(granted(&reserve(&store, 2, at(60), &call)));
}

#[test]
fn an_expired_hold_leaves_what_it_keeps() {
    let store = MemoryStore::new();
    let call = [
        kept(hard("requests", budget(10), 1)),
        hard("tokens", budget(100), 40),
        kept(hard("gauge", gauge(5), 1)),
        kept(hard(
            "rate",
            Rule::Bucket {
                capacity: 10,
                refill: 1,
                every: DAY,
            },
            1,
        )),
        hard("token-rate", bucket(6_100, 100), 6_050),
    ];
    reserve(&store, 1, at(0), &call);
    let taken: Vec<_> = store
        .peek_now(&call, at(60))
        .iter()
        .map(|b| (b.used, b.held))
        .collect();
    assert_eq!(taken, [(1, 0), (0, 0), (0, 0), (1, 0), (0, 0)]);
}

#[test]
fn a_late_settlement_corrects_what_the_expiry_kept() {
    let store = MemoryStore::new();
    let call = [
        kept(hard("requests", budget(10), 1)),
        hard("tokens", budget(100), 40),
        hard("gauge", gauge(5), 1),
        kept(hard("rate", bucket(10, 1), 5)),
    ];
    reserve(&store, 1, at(0), &call);
    assert_eq!(reserve(&store, 1, at(61), &call), Decision::Closed);
    assert_eq!(
        settle(&store, 1, at(61), &call, &[0, 30, 1, 8]),
        Settled::Late
    );
    assert_eq!(
        settle(&store, 1, at(61), &call, &[0, 30, 1, 8]),
        Settled::Repeated
    );
    let taken: Vec<_> = store
        .peek_now(&call, at(61))
        .iter()
        .map(|b| (b.used, b.held))
        .collect();
    assert_eq!(taken, [(0, 0), (30, 0), (0, 0), (3, 0)]);
}

#[test]
fn a_renewed_hold_lives_on_and_a_gone_one_stays_gone() {
    let store = MemoryStore::new();
    let call = [hard("g", gauge(1), 1)];
    reserve(&store, 1, at(0), &call);
    store.renew_now(HoldId::from_u128(1), at(50), Duration::from_secs(60));
    assert_eq!(peek(&store, &call[0], at(109)).held, 1);
    assert_eq!(peek(&store, &call[0], at(110)).held, 0);
    store.renew_now(HoldId::from_u128(1), at(111), Duration::from_secs(60));
    assert_eq!(peek(&store, &call[0], at(112)).held, 0);
    assert_eq!(store.open_holds(), 0);
}

#[test]
fn a_renewal_that_comes_after_the_expiry_is_too_late() {
    let store = MemoryStore::new();
    let call = [hard("g", gauge(1), 1)];
    reserve(&store, 1, at(0), &call);
    store.renew_now(HoldId::from_u128(1), at(60), Duration::from_secs(60));
    assert_eq!(peek(&store, &call[0], at(60)).held, 0);
    assert_eq!(settle(&store, 1, at(61), &call, &[1]), Settled::Late);
}

#[test]
fn a_renewal_may_bring_the_expiry_forward() {
    let store = MemoryStore::new();
    let call = [hard("g", gauge(1), 1)];
    reserve(&store, 1, at(0), &call);
    store.renew_now(HoldId::from_u128(1), at(10), Duration::from_secs(5));
    assert_eq!(peek(&store, &call[0], at(14)).held, 1);
    assert_eq!(peek(&store, &call[0], at(15)).held, 0);
}
