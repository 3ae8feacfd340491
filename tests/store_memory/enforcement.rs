//! Limits that refuse nobody: soft ones and shadows.

use tower_token_quota::store::{Decision, MemoryStore};

use crate::store_support::{at, budget, granted, hard, peek, reserve, settle, shadow, soft};

#[test]
fn a_soft_limit_is_charged_beyond_its_amount() {
    let store = MemoryStore::new();
    let call = [soft("k", budget(10), 20)];
    assert!(granted(&reserve(&store, 1, at(0), &call)));
    settle(&store, 1, at(0), &call, &[20]);
    assert_eq!(peek(&store, &call[0], at(0)).used, 20);
}

#[test]
fn a_shadow_limit_counts_what_it_would_have_refused_and_charges_the_rest() {
    let store = MemoryStore::new();
    let call = [shadow("k", budget(10), 6), hard("h", budget(100), 6)];
    for id in [1, 2] {
        let Decision::Granted { would_block, .. } = reserve(&store, id, at(0), &call) else {
            panic!("a shadow limit refuses nothing");
        };
        assert_eq!(would_block, if id == 1 { vec![] } else { vec![0] });
    }
    for id in [1, 2] {
        settle(&store, id, at(0), &call, &[5, 5]);
    }
    let balances = store.peek_now(&call, at(0));
    assert_eq!((balances[0].used, balances[0].held), (5, 0));
    assert_eq!(balances[0].would_block, 1);
    assert_eq!(balances[1].used, 10);
}
