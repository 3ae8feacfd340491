//! Counters that are forgotten when they have nothing to tell, and not before.

use std::time::Duration;

use tower_token_quota::clock::Moment;
use tower_token_quota::store::{Adjustment, Charge, HoldId, MemoryStore, Rule};

use crate::store_support::{
    DAY, Told, alerting, at, bucket, budget, gauge, granted, hard, peek, reserve, settle, shadow,
};

fn someone(user: u64, rule: Rule, amount: u64) -> Charge {
    hard(&format!("user-{user}"), rule, amount)
}

#[test]
fn strangers_that_are_refused_leave_nothing() {
    let store = MemoryStore::new();
    let mut most = 0;
    for user in 0..20_000 {
        let now = at(user / 100);
        let call = [
            someone(user, budget(100), 1),
            hard("org", budget(10), 11),
            someone(user, gauge(5), 1),
        ];
        assert!(!granted(&reserve(&store, u128::from(user), now, &call)));
        most = most.max(store.len());
    }
    assert!(most < 3_000, "at 100 a second for some ten seconds: {most}");
}

#[test]
fn a_bucket_goes_when_it_is_dry_and_not_before() {
    let store = MemoryStore::new();
    let call = [someone(1, bucket(100, 1), 100)];
    reserve(&store, 1, at(0), &call);
    settle(&store, 1, at(0), &call, &[100]);
    for second in 0..100 {
        reserve(&store, 2, at(second), &[]);
        settle(&store, 2, at(second), &[], &[]);
        assert_eq!(store.len(), 1, "{second}");
    }
    reserve(&store, 3, at(100), &[]);
    reserve(&store, 3, at(110), &[]);
    assert_eq!(store.len(), 0);
}

#[test]
fn a_counter_with_an_open_hold_stays() {
    let store = MemoryStore::new();
    let call = [someone(1, gauge(5), 0)];
    reserve(&store, 1, at(0), &call);
    reserve(&store, 2, at(59), &[]);
    assert_eq!(store.len(), 1);
    settle(&store, 1, at(59), &call, &[0]);
    reserve(&store, 3, at(70), &[]);
    assert_eq!(store.len(), 0);
}

#[test]
fn a_lane_in_which_nobody_counts_any_more_is_forgotten_too() {
    let store = MemoryStore::new();
    reserve(&store, 1, at(0), &[someone(1, gauge(5), 1)]);
    for call in 1..300_u64 {
        let (id, now) = (u128::from(call * 32 + 2), at(call * 60));
        reserve(&store, id, now, &[]);
        settle(&store, id, now, &[], &[]);
    }
    assert_eq!(store.len(), 0, "nobody settled it, five hours ago");
}

#[test]
fn corrections_sweep_as_calls_do() {
    let store = MemoryStore::new();
    let mut most = 0;
    for second in 0..1_000 {
        for user in 0..10 {
            let limit = hard(&format!("{second} {user}"), bucket(100, 1), 0);
            store.adjust_now(&limit, Adjustment::Debit(5), at(second));
        }
        most = most.max(store.len());
    }
    assert!(most < 300, "at 10 a second for some ten seconds: {most}");
}

#[test]
fn a_gauge_that_no_call_is_under_way_on_goes_after_a_day_whatever_it_was_raised_by() {
    let store = MemoryStore::new();
    let limit = hard("limit", gauge(9), 1);
    store.adjust_now(&limit, Adjustment::Debit(5), at(0));
    reserve(&store, 1, at(86_399), &[]);
    assert_eq!(store.len(), 1);
    reserve(&store, 2, at(86_411), &[]);
    assert_eq!(store.len(), 0);
}

#[test]
fn a_gauge_that_a_call_is_under_way_on_stays() {
    let store = MemoryStore::new();
    let call = [hard("limit", gauge(9), 1)];
    let day = 86_400;
    store.adjust_now(&call[0], Adjustment::Debit(5), at(0));
    reserve(&store, 1, at(0), &call);
    store.renew_now(HoldId::from_u128(1), at(0), Duration::from_secs(3 * day));
    for hour in 2..50 {
        reserve(&store, u128::from(hour), at(hour * 3_600), &[]);
    }
    assert_eq!(peek(&store, &call[0], at(2 * day)).held, 6);
}

#[test]
fn one_call_looks_at_few_counters() {
    let store = MemoryStore::new();
    for user in 0..1_000 {
        store.adjust_now(&someone(user, gauge(5), 0), Adjustment::Reset, at(0));
    }
    reserve(&store, 1, at(1_000), &[]);
    assert_eq!(store.len(), 998);
}

#[test]
fn a_shadow_counter_that_has_only_would_have_blocked_goes_after_a_day() {
    let store = MemoryStore::new();
    let call = [shadow("s", gauge(0), 1)];
    reserve(&store, 1, at(0), &call);
    settle(&store, 1, at(0), &call, &[1]);
    reserve(&store, 2, at(86_399), &[]);
    assert_eq!(peek(&store, &call[0], at(86_399)).would_block, 1);
    reserve(&store, 3, at(86_409), &[]);
    assert_eq!(store.len(), 0);
}

#[test]
fn a_closed_period_goes_after_a_day() {
    let store = MemoryStore::new();
    let today = Rule::Budget {
        cap: 100,
        starts_at: 0,
        ends_at: 3_600_000_000,
    };
    let call = [someone(1, today, 10)];
    reserve(&store, 1, at(0), &call);
    settle(&store, 1, at(0), &call, &[10]);
    let mut id = 2;
    let mut pass = |seconds| {
        for now in [at(seconds), at(seconds)] {
            reserve(&store, id, now, &[]);
            settle(&store, id, now, &[], &[]);
            id += 1;
        }
        store.len()
    };
    assert_eq!(pass(3_600), 1);
    assert_eq!(pass(3_600 + 86_399), 1);
    assert_eq!(pass(3_600 + 86_400), 0);
}

/// Forgotten, it would alert again.
#[test]
fn a_period_that_has_crossed_a_threshold_stays_though_all_is_credited() {
    let store = MemoryStore::new();
    let told = Told::by(&store);
    let ends_at = i64::try_from(DAY).expect("small");
    let rule = Rule::Budget {
        cap: 100,
        starts_at: 0,
        ends_at,
    };
    let charge = alerting("day", rule, 0, &[50]);
    let debit = Adjustment::Debit(60);
    store.adjust_now(&charge, debit, at(0));
    store.adjust_now(&charge, Adjustment::Reset, at(0));
    reserve(&store, 1, at(3_600), &[]);
    assert_eq!(store.len(), 1);
    store.adjust_now(&charge, debit, at(3_600));
    assert_eq!(told.take(), [("day".to_owned(), 50, 60)]);
    reserve(&store, 2, at(2 * 86_400), &[]);
    assert!(store.is_empty());
}

#[test]
fn a_wall_clock_that_jumps_forward_and_back_loses_no_usage() {
    let store = MemoryStore::new();
    let month = Rule::Budget {
        cap: 100,
        starts_at: 0,
        ends_at: 30 * 86_400_000_000,
    };
    let call = [someone(1, month, 10)];
    let jumped = |seconds| Moment {
        wall: 300 * 86_400_000_000,
        ..at(seconds)
    };
    reserve(&store, 1, at(0), &call);
    settle(&store, 1, at(0), &call, &[10]);
    // Looked at with the wall clock far ahead, and touched with it far ahead and looked at afterwards.
    for days in 0..20 {
        reserve(&store, 100 + u128::from(days), jumped(days * 86_400), &[]);
    }
    store.adjust_now(&call[0], Adjustment::Debit(0), jumped(20 * 86_400));
    for days in 20..30 {
        reserve(&store, 200 + u128::from(days), at(days * 86_400), &[]);
    }
    assert_eq!(peek(&store, &call[0], at(29 * 86_400)).used, 10);
}
