//! A limit's amount that changes.

use tower_token_quota::store::MemoryStore;

use crate::store_support::{at, budget, granted, hard, peek, reserve, settle};

#[test]
fn under_another_cap() {
    let store = MemoryStore::new();
    let call = [hard("k", budget(100), 60)];
    reserve(&store, 1, at(0), &call);
    settle(&store, 1, at(0), &call, &[60]);
    let lower = hard("k", budget(50), 1);
    assert!(!granted(&reserve(
        &store,
        2,
        at(0),
        std::slice::from_ref(&lower)
    )));
    assert_eq!(peek(&store, &lower, at(0)).used, 60);
    let higher = hard("k", budget(200), 140);
    assert!(granted(&reserve(&store, 3, at(0), &[higher])));
}
