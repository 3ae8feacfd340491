//! Several candidates: which one is charged, and where the search ends.

use tower_token_quota::store::{Decision, MemoryStore, Settled};

use crate::store_support::{
    at, budget, downgrading, granted, hard, peek, reservation, reserve, settle,
};

#[test]
fn the_first_that_fits_is_charged_alone() {
    let store = MemoryStore::new();
    let big = [downgrading("big", budget(10), 20)];
    let small = [hard("small", budget(100), 20)];
    let Decision::Granted {
        candidate,
        balances,
        ..
    } = store.reserve_now(&reservation(1, at(0), &[&big, &small]))
    else {
        panic!("the second fits");
    };
    assert_eq!((candidate, balances[0].held), (1, 20));
    assert_eq!(peek(&store, &big[0], at(0)).held, 0);
}

#[test]
fn a_limit_that_does_not_downgrade_ends_the_search() {
    let store = MemoryStore::new();
    let both = [
        downgrading("big", budget(10), 20),
        hard("org", budget(10), 20),
    ];
    let small = [hard("small", budget(100), 20)];
    let Decision::Refused(refusals) = store.reserve_now(&reservation(1, at(0), &[&both, &small]))
    else {
        panic!("the organization's budget ends it");
    };
    let named: Vec<_> = refusals
        .iter()
        .map(|by| (by.candidate, by.charge))
        .collect();
    assert_eq!(named, [(0, 0), (0, 1)]);
}

#[test]
fn without_limits_every_call_passes() {
    let store = MemoryStore::new();
    assert!(granted(&reserve(&store, 1, at(0), &[])));
    assert_eq!(settle(&store, 1, at(0), &[], &[]), Settled::OnTime);
    assert!(!granted(&store.reserve_now(&reservation(2, at(0), &[]))));
}
