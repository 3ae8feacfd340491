//! The locks, in all orders that a model checker comes to: no deadlock, and the promises hold.

use std::sync::Arc;
use std::time::Duration;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner, thread};

use super::MemoryStore;
use crate::clock::Moment;
use crate::policy::{Durability, Enforcement, OnStoreFailure};
use crate::store::arithmetic::Percents;
use crate::store::{
    Adjustment, Booking, Charge, CounterKey, Decision, HoldId, Report, Reports, Reservation, Rule,
    Settled, Settlement, Store as _,
};

const EXPIRY: u64 = 20_000_000;

fn at(steady: u64) -> Moment {
    Moment { wall: 0, steady }
}

fn gauge(name: &str) -> Charge {
    Charge {
        key: CounterKey::new("acme", &[("counter", name)]),
        limit: name.into(),
        rule: Rule::Gauge { cap: 1 },
        enforcement: Enforcement::Hard,
        downgrades: true,
        amount: 1,
        kept_on_expiry: false,
        alerts: Percents::NONE,
        on_store_failure: OnStoreFailure::Closed,
        durability: Durability::Settle,
    }
}

/// A candidate for each group of names.
fn reserve(store: &MemoryStore, id: u128, now: Moment, candidates: &[&[&str]]) -> Decision {
    let charges = |names: &&[&str]| names.iter().map(|name| gauge(name)).collect();
    store.reserve_now(&Reservation {
        id: HoldId::from_u128(id),
        organization: "default".into(),
        now,
        expires_in: Duration::from_micros(EXPIRY),
        candidates: candidates.iter().map(charges).collect(),
        unreconciled: Vec::new(),
    })
}

fn settle(store: &MemoryStore, id: u128, now: Moment, names: &[&str]) -> Settled {
    let booking = |name: &&str| Booking::new(gauge(name), 1);
    store.settle_now(&Settlement {
        id: HoldId::from_u128(id),
        now,
        bookings: names.iter().map(booking).collect(),
        organization: "default".into(),
        record: None,
    })
}

fn held(store: &MemoryStore, name: &str, now: Moment) -> u64 {
    store.peek_now(&[gauge(name)], now)[0].held
}

fn assert_not_over(decision: &Decision) {
    if let Decision::Granted { balances, .. } = decision {
        assert!(balances.iter().all(|balance| balance.held <= 1));
    }
}

fn check(scenario: fn()) {
    let mut config = Config::new();
    config.stack_size = 1 << 20; // the usual one is too small for unoptimised code
    Runner::new(RandomScheduler::new(1_000), config.clone()).run(scenario);
    Runner::new(PctScheduler::new(3, 500), config).run(scenario);
}

/// Runs the parts beside each other, on one store.
fn beside(store: &Arc<MemoryStore>, parts: Vec<Box<dyn FnOnce(&MemoryStore) + Send>>) {
    let spawn = |part: Box<dyn FnOnce(&MemoryStore) + Send>| {
        let store = Arc::clone(store);
        thread::spawn(move || part(&store))
    };
    let threads: Vec<_> = parts.into_iter().map(spawn).collect();
    for thread in threads {
        thread.join().expect("no part panics");
    }
}

fn overlapping_calls() {
    let store = Arc::new(MemoryStore::new());
    let call = |id: u128, candidates: &'static [&'static [&'static str]]| {
        Box::new(move |store: &MemoryStore| {
            let decision = reserve(store, id, at(0), candidates);
            assert_not_over(&decision);
            if let Decision::Granted { candidate, .. } = decision {
                assert_eq!(
                    settle(store, id, at(0), candidates[candidate]),
                    Settled::OnTime
                );
            }
        }) as Box<dyn FnOnce(&MemoryStore) + Send>
    };
    beside(
        &store,
        vec![
            call(1, &[&["a", "b"]]),
            call(2, &[&["b", "a"], &["c"]]),
            call(33, &[&["c", "b"], &["a"]]),
        ],
    );
    for name in ["a", "b", "c"] {
        assert_eq!(held(&store, name, at(0)), 0);
    }
}

#[test]
fn shuttle_p1_overlapping_calls_never_pass_a_cap_nor_wait_for_each_other() {
    check(overlapping_calls);
}

fn one_id_many_times() {
    let store = Arc::new(MemoryStore::new());
    let deliver = || {
        Box::new(|store: &MemoryStore| {
            assert_not_over(&reserve(store, 1, at(0), &[&["a", "b"]]));
            settle(store, 1, at(0), &["b", "a"]);
        }) as Box<dyn FnOnce(&MemoryStore) + Send>
    };
    beside(&store, vec![deliver(), deliver(), deliver()]);
    assert_eq!(held(&store, "a", at(0)), 0);
    assert_eq!(settle(&store, 1, at(0), &["a"]), Settled::Repeated);
}

#[test]
fn shuttle_p3_one_id_delivered_many_times_is_one_hold() {
    check(one_id_many_times);
}

/// One hold expires while it is settled, while others take its place, and while counters are forgotten.
fn expiry_beside_all_else() {
    let store = Arc::new(MemoryStore::new());
    assert!(matches!(
        reserve(&store, 1, at(0), &[&["a", "b"]]),
        Decision::Granted { .. }
    ));
    reserve(&store, 2, at(0), &[&["d"]]);
    settle(&store, 2, at(0), &["d"]);
    let later = at(EXPIRY);
    beside(
        &store,
        vec![
            Box::new(move |store| {
                let how = settle(store, 1, later, &["a", "b"]);
                assert_eq!(how, Settled::Late);
            }),
            Box::new(move |store| {
                // Whoever comes after the expiry finds its counters free.
                let decision = reserve(store, 3, later, &[&["b", "c"]]);
                assert!(matches!(decision, Decision::Granted { .. }), "{decision:?}");
            }),
            Box::new(move |store| {
                store.renew_now(HoldId::from_u128(1), later, Duration::from_secs(1));
                assert_not_over(&reserve(store, 4, later, &[&["d", "a"]]));
            }),
        ],
    );
    assert_eq!(held(&store, "a", later), 1);
    assert_eq!(held(&store, "b", later), 1);
    let end = at(2 * EXPIRY);
    for name in ["a", "b", "c", "d"] {
        assert_eq!(held(&store, name, end), 0);
    }
}

#[test]
fn shuttle_p4_expiry_frees_the_counters_before_anyone_is_refused() {
    check(expiry_beside_all_else);
}

/// A counter that is about to be forgotten is charged: the charge must not be lost with it.
fn eviction_beside_charges() {
    let store = Arc::new(MemoryStore::new());
    reserve(&store, 1, at(0), &[&["a"]]);
    settle(&store, 1, at(0), &["a"]);
    let later = at(EXPIRY - 1);
    let charge = |id| {
        Box::new(move |store: &MemoryStore| {
            assert_not_over(&reserve(store, id, later, &[&["a"]]));
        }) as Box<dyn FnOnce(&MemoryStore) + Send>
    };
    let sweep = Box::new(move |store: &MemoryStore| {
        reserve(store, 9, later, &[]);
    });
    beside(&store, vec![charge(2), sweep, charge(3)]);
    assert_eq!(held(&store, "a", later), 1);
    assert_eq!(store.open_holds(), 1);
}

#[test]
fn shuttle_p1_a_charged_counter_is_never_forgotten() {
    check(eviction_beside_charges);
}

/// The percents that were told of.
#[derive(Default)]
struct Told(std::sync::Mutex<Vec<u8>>);

impl Reports for Told {
    fn report(&self, report: Report<'_>) {
        if let Report::Crossed { percent, .. } = report {
            self.0.lock().expect("nobody panics").push(percent);
        }
    }
}

/// A settlement, an expiry and a debit book on one counter, whose sum crosses two thresholds.
fn crossing_from_all_sides() {
    let store = Arc::new(MemoryStore::new());
    let told = Arc::new(Told::default());
    store.report_to(told.clone());
    let charge = Charge {
        rule: Rule::Budget {
            cap: 100,
            starts_at: 0,
            ends_at: i64::MAX,
        },
        amount: 30,
        kept_on_expiry: true,
        alerts: [50, 90].into_iter().collect(),
        ..gauge("budget")
    };
    let reserved = |id, expires_in| Reservation {
        id: HoldId::from_u128(id),
        organization: "default".into(),
        now: at(0),
        expires_in: Duration::from_micros(expires_in),
        candidates: vec![vec![charge.clone()]],
        unreconciled: Vec::new(),
    };
    store.reserve_now(&reserved(1, EXPIRY));
    store.reserve_now(&reserved(2, 2 * EXPIRY));
    let now = at(EXPIRY);
    let settled = Settlement {
        id: HoldId::from_u128(2),
        organization: "default".into(),
        now,
        bookings: vec![Booking::new(charge.clone(), 30)],
        record: None,
    };
    let debited = charge.clone();
    beside(
        &store,
        vec![
            Box::new(move |store| {
                store.settle_now(&settled);
            }),
            Box::new(move |store| {
                store.adjust_now(&debited, Adjustment::Debit(30), now);
            }),
            Box::new(move |store| store.renew_now(HoldId::from_u128(9), now, Duration::ZERO)),
        ],
    );
    let mut told = std::mem::take(&mut *told.0.lock().expect("nobody panics"));
    told.sort_unstable();
    assert_eq!(told, [50, 90]);
}

#[test]
fn shuttle_each_threshold_is_told_of_once() {
    check(crossing_from_all_sides);
}
