//! What the store keeps in memory, beside governor's keyed store, and what it gives back.
//!
//! `cargo bench --bench memory` gives a million users three limits each in both, with the same keys, and prints bytes for
//! each counter, as they were asked of the allocator. A quota that one user has called 10,000 times is the start: then come
//! a million users, four days pass, and one user calls until all else is forgotten, and 10,000 times more a few days later. It also tells what open holds take, and how often a call allocates. Another number of users may
//! be given: `cargo bench --bench memory -- 100000`.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]

#[path = "support/charge.rs"]
mod charge;

use std::alloc::System;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use charge::charge;
use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower_token_quota::clock::{Clock, FakeClock, Moment};
use tower_token_quota::store::{
    Booking, Charge, Decision, HoldId, MemoryStore, Reservation, Rule, Settlement,
};
use tower_token_quota::{Demand, Hold, Limit, Policy, Quota, Subject, Tier, Usage};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;
const PLENTY: u64 = 1 << 40;
const IDLE: u64 = 4 * DAY;

/// Bytes in use in the whole process.
fn in_use() -> f64 {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as f64 - stats.bytes_deallocated as f64
}

/// Megabytes of the process that are in memory, where the system tells.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|it| it.parse::<f64>().ok());
    pages.map_or(f64::NAN, |pages| pages * 4096.0 / 1e6)
}

/// The same limits as [`quota`]'s, and keys like those that it makes.
fn charges(user: usize) -> Vec<Charge> {
    let bucket = Rule::Bucket {
        capacity: PLENTY,
        refill: PLENTY,
        every: 60 * SECOND,
    };
    let day = Rule::Budget {
        cap: PLENTY,
        starts_at: 0,
        ends_at: 86_400_000_000,
    };
    let limits = [
        ("pro/requests/minute", "requests", "bucket", "", bucket),
        ("pro/tokens/minute", "tokens", "bucket", "", bucket),
        ("pro/tokens/day", "tokens", "period", "day:2026-11-21", day),
    ];
    let user = name(user);
    let charge = |(limit, unit, kind, span, rule): (&str, _, _, _, _)| {
        let parts = [
            ("limit", limit),
            ("unit", unit),
            (kind, span),
            ("user", &user),
        ];
        charge(limit, rule, &parts)
    };
    limits.map(charge).to_vec()
}

fn name(user: usize) -> String {
    format!("user-{user:07}")
}

fn reservation(id: usize, charges: Vec<Charge>, now: Moment) -> Reservation {
    Reservation {
        id: HoldId::from_u128(id as u128),
        organization: "default".into(),
        now,
        expires_in: Duration::from_secs(86_400),
        candidates: vec![charges],
        unreconciled: Vec::new(),
    }
}

fn settlement(id: usize, charges: Vec<Charge>, now: Moment) -> Settlement {
    Settlement {
        id: HoldId::from_u128(id as u128),
        organization: "default".into(),
        now,
        bookings: charges
            .into_iter()
            .map(|charge| Booking::new(charge, 1))
            .collect(),
        record: None,
    }
}

fn call_store(store: &MemoryStore, id: usize, user: usize, now: Moment) {
    let charges = charges(user);
    let decision = store.reserve_now(&reservation(id, charges.clone(), now));
    assert!(matches!(decision, Decision::Granted { .. }));
    store.settle_now(&settlement(id, charges, now));
}

fn quota(clock: &FakeClock) -> Quota {
    let tier = Tier::new("pro")
        .limit(Limit::requests(PLENTY).per_minute())
        .limit(Limit::tokens(PLENTY).per_minute())
        .limit(Limit::tokens(PLENTY).per_day());
    Quota::new(Policy::new().tier(tier).build().unwrap()).clock(clock.clone())
}

fn reserve(quota: &Quota, subject: &Subject) -> Hold {
    let demand = Demand::new("gpt-4o").input_tokens(400).output_tokens(256);
    let mut reserving = std::pin::pin!(quota.reserve(subject, demand));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(hold) = reserving.as_mut().poll(&mut context) else {
        panic!("in memory it is ready at once");
    };
    hold.unwrap()
}

fn call_quota(quota: &Quota, user: usize) {
    reserve(quota, &Subject::user(name(user), "pro")).settle(Usage::new(400, 3));
}

/// Prints a figure, for people and for programs.
fn tell(what: &str, figure: f64) {
    println!("{what}\t{figure:.2}");
}

fn main() {
    let args = std::env::args().skip(1);
    let users = args
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(1_000_000);
    println!("# {users} users, three limits each: bytes a counter\n");
    let theirs = of_governor(users);
    let ours = of_store(users);
    tell("the store's / governor's", ours / theirs);
    of_quota(users);
    println!("\n# open holds: bytes\n");
    of_holds();
    println!("\n# allocations\n");
    of_calls();
}

fn of_governor(users: usize) -> f64 {
    let plenty = governor::Quota::per_second(NonZeroU32::MAX);
    let limiter: governor::RateLimiter<String, DashMapStateStore<String>, DefaultClock> =
        governor::RateLimiter::dashmap(plenty);
    let start = in_use();
    for user in 0..users {
        for charge in charges(user) {
            assert!(limiter.check_key(&charge.key.as_str().to_owned()).is_ok());
        }
    }
    let bytes = (in_use() - start) / (3 * users) as f64;
    tell("governor's keyed store", bytes);
    bytes
}

fn of_store(users: usize) -> f64 {
    let (store, now) = (MemoryStore::new(), Moment::default());
    let start = in_use();
    for user in 0..users {
        call_store(&store, user, user, now);
    }
    assert_eq!(store.len(), 3 * users);
    let bytes = (in_use() - start) / (3 * users) as f64;
    tell("the store", bytes);
    bytes
}

/// Fills a quota, lets it idle, and makes calls until it has forgotten all but one user.
fn of_quota(users: usize) {
    let clock = FakeClock::at("2026-11-21T12:00:00Z");
    let quota = quota(&clock);
    (0..10_000).for_each(|_| call_quota(&quota, 0));
    let (start, start_resident) = (in_use(), resident());
    for user in 0..users {
        call_quota(&quota, user);
    }
    tell("the whole quota", (in_use() - start) / (3 * users) as f64);
    tell("the whole quota, resident MB before", start_resident);
    tell("the whole quota, resident MB full", resident());
    clock.advance(Duration::from_micros(IDLE));
    let mut calls = 0;
    for _ in 0..users {
        call_quota(&quota, 0);
        calls += 1;
    }
    clock.advance(Duration::from_micros(IDLE));
    for _ in 0..10_000 {
        call_quota(&quota, 0);
        calls += 1;
    }
    println!("\n# idle, and {calls} calls of one user: bytes in the process\n");
    tell("before", start);
    tell("after", in_use());
    tell("after / before", in_use() / start);
    tell("resident MB after", resident());
    black_box((quota, clock.now()));
}

fn of_holds() {
    let mut of = [0.0; 2];
    for (bytes, limits) in of.iter_mut().zip([1, 3]) {
        let (store, now, holds) = (MemoryStore::new(), Moment::default(), 100_000);
        let charges = charges(1)[..limits].to_vec();
        call_store(&store, holds, 1, now);
        let start = in_use();
        for id in 0..holds {
            store.reserve_now(&reservation(id, charges.clone(), now));
        }
        assert_eq!(store.open_holds(), holds);
        *bytes = (in_use() - start) / holds as f64;
    }
    let [one, three] = of;
    let charge = (three - one) / 2.0;
    tell("a hold, without its charges", one - charge);
    tell("each charge of it", charge);
}

fn of_calls() {
    const CALLS: usize = 6_400;
    let (store, now) = (MemoryStore::new(), Moment::default());
    let (mut reserve, mut settle) = (0, 0);
    for id in 0..CALLS {
        let charges = charges(1);
        let reservation = reservation(id, charges.clone(), now);
        let region = Region::new(ALLOCATOR);
        black_box(store.reserve_now(&reservation));
        reserve += region.change().allocations;
        let settlement = settlement(id, charges, now);
        let region = Region::new(ALLOCATOR);
        store.settle_now(&settlement);
        settle += region.change().allocations;
    }
    tell("the store, to reserve", reserve as f64 / CALLS as f64);
    tell("the store, to settle", settle as f64 / CALLS as f64);
    let quota = quota(&FakeClock::default());
    call_quota(&quota, 1);
    let region = Region::new(ALLOCATOR);
    for _ in 0..CALLS {
        call_quota(&quota, 1);
    }
    let allocations = region.change().allocations;
    tell(
        "the quota, to reserve and settle",
        allocations as f64 / CALLS as f64,
    );
}
