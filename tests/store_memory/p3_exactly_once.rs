//! What is delivered twice, late or unasked is booked once.

use tower_token_quota::store::{Decision, MemoryStore, Settled};

use crate::store_support::{at, budget, gauge, hard, peek, reserve, settle, shadow};

#[test]
fn a_repeated_reserve_changes_nothing_and_gets_the_same_answer() {
    let store = MemoryStore::new();
    let call = [hard("k", budget(100), 60), shadow("s", gauge(0), 1)];
    let first = reserve(&store, 1, at(0), &call);
    assert_eq!(reserve(&store, 1, at(0), &call), first);
    assert_eq!(peek(&store, &call[0], at(0)).held, 60);
    assert_eq!(peek(&store, &call[1], at(0)).would_block, 1);
}

#[test]
fn a_repeated_settle_changes_nothing() {
    let store = MemoryStore::new();
    let call = [hard("k", budget(100), 60)];
    reserve(&store, 1, at(0), &call);
    assert_eq!(settle(&store, 1, at(0), &call, &[50]), Settled::OnTime);
    assert_eq!(settle(&store, 1, at(0), &call, &[50]), Settled::Repeated);
    assert_eq!(reserve(&store, 1, at(0), &call), Decision::Closed);
    let balance = peek(&store, &call[0], at(0));
    assert_eq!((balance.used, balance.held), (50, 0));
}

#[test]
fn an_unknown_hold_is_booked_once_and_can_not_be_opened_after() {
    let store = MemoryStore::new();
    let call = [hard("k", budget(100), 60), hard("g", gauge(5), 1)];
    assert_eq!(settle(&store, 1, at(0), &call, &[50, 1]), Settled::Unknown);
    assert_eq!(settle(&store, 1, at(0), &call, &[50, 1]), Settled::Repeated);
    assert_eq!(reserve(&store, 1, at(0), &call), Decision::Closed);
    let balances = store.peek_now(&call, at(0));
    assert_eq!((balances[0].used, balances[1].held), (50, 0));
}

#[test]
fn ids_are_remembered_for_a_holds_life_and_the_longest_retry() {
    let store = MemoryStore::new();
    let call = [hard("k", budget(100), 60)];
    reserve(&store, 1, at(0), &call);
    settle(&store, 1, at(0), &call, &[50]);
    for later in (0..3_660).step_by(60) {
        // Other calls of the same shard let time pass in it.
        let other = 32 * (2 + u128::from(later)) + 1;
        reserve(&store, other, at(later), &[]);
        settle(&store, other, at(later), &[], &[]);
        assert_eq!(
            settle(&store, 1, at(later), &call, &[50]),
            Settled::Repeated
        );
    }
    reserve(&store, 33, at(4_000), &[]);
    assert_eq!(
        settle(&store, 1, at(20_000), &call, &[50]),
        Settled::Unknown
    );
}

#[test]
fn bookings_in_another_order_or_missing_do_no_harm() {
    let store = MemoryStore::new();
    let call = [
        hard("a", budget(100), 10),
        hard("b", budget(100), 10),
        hard("c", budget(100), 10),
    ];
    reserve(&store, 1, at(0), &call);
    let two = [call[1].clone(), call[0].clone()];
    assert_eq!(settle(&store, 1, at(0), &two, &[2, 1]), Settled::OnTime);
    let used: Vec<_> = store
        .peek_now(&call, at(0))
        .iter()
        .map(|b| (b.used, b.held))
        .collect();
    assert_eq!(used, [(1, 0), (2, 0), (0, 0)]);
}
