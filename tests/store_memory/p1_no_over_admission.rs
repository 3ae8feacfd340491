//! What a limit counts when it decides.

use tower_token_quota::store::{MemoryStore, Settled};

use crate::store_support::{at, budget, granted, hard, peek, reserve, settle};

#[test]
fn what_is_held_counts_as_what_is_used() {
    let store = MemoryStore::new();
    let call = [hard("k", budget(100), 40)];
    assert!(granted(&reserve(&store, 1, at(0), &call)));
    assert_eq!(settle(&store, 1, at(1), &call, &[30]), Settled::OnTime);
    assert!(granted(&reserve(&store, 2, at(1), &call)));
    assert!(!granted(&reserve(&store, 3, at(1), &call)), "30 + 40 + 40");
    let balance = peek(&store, &call[0], at(1));
    assert_eq!((balance.used, balance.held), (30, 40));
}

#[test]
fn two_charges_of_one_call_on_one_counter_add_up() {
    let store = MemoryStore::new();
    let call = [hard("k", budget(100), 60), hard("k", budget(100), 60)];
    assert!(!granted(&reserve(&store, 1, at(0), &call)));
    let call = [hard("k", budget(100), 60), hard("k", budget(100), 40)];
    assert!(granted(&reserve(&store, 2, at(0), &call)));
    settle(&store, 2, at(0), &call, &[1, 2]);
    let balance = peek(&store, &call[0], at(0));
    assert_eq!((balance.used, balance.held), (3, 0));
}
