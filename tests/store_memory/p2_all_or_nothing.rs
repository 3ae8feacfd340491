//! A refused call changes nothing, and is told of all that refuse it.

use tower_token_quota::store::{Decision, MemoryStore, Reason};

use crate::store_support::{
    SECOND, at, bucket, budget, gauge, granted, hard, reserve, shadow, soft,
};

#[test]
fn a_refused_call_changes_no_counter() {
    let store = MemoryStore::new();
    let call = [
        hard("fits", budget(100), 10),
        shadow("shadow", budget(5), 10),
        soft("soft", budget(5), 10),
        hard("full", gauge(5), 10),
        hard("rate", bucket(100, 1), 10),
    ];
    let before = store.peek_now(&call, at(0));
    let Decision::Refused(refusals) = reserve(&store, 1, at(0), &call) else {
        panic!("the gauge is too small");
    };
    assert_eq!(refusals.len(), 1);
    assert_eq!(
        (refusals[0].charge, refusals[0].reason),
        (3, Reason::NeverFits)
    );
    assert_eq!(store.peek_now(&call, at(0)), before);
    assert_eq!(store.open_holds(), 0);
}

#[test]
fn all_that_refuse_are_named() {
    let store = MemoryStore::new();
    let fill = [
        hard("a", gauge(1), 1),
        hard("b", budget(10), 10),
        hard("c", bucket(10, 1), 10),
    ];
    assert!(granted(&reserve(&store, 1, at(0), &fill)));
    let Decision::Refused(refusals) = reserve(&store, 2, at(0), &fill) else {
        panic!("full");
    };
    let reasons: Vec<Reason> = refusals.iter().map(|refusal| refusal.reason).collect();
    assert_eq!(reasons, [Reason::Concurrent, Reason::Quota, Reason::Rate]);
    assert_eq!(refusals[2].wait, Some(10 * SECOND));
}
