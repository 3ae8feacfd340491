//! What is kept beside a store, and what it admits.
#![allow(clippy::unwrap_used)]

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Around, Decided, Guard};
use crate::clock::{Clock as _, FakeClock, Moment};
use crate::policy::{Durability, Enforcement, OnStoreFailure};
use crate::store::arithmetic::Percents;
use crate::store::{
    Adjustment, Balance, Booking, BoxFuture, Charge, CounterKey, Decision, HoldId, HoldIds,
    MemoryStore, Reports, Reservation, Rule, Settlement, Store, StoreError,
};
use crate::watch::Observers;

fn charge(user: u64, kind: &'static str, rule: Rule) -> Charge {
    Charge {
        key: CounterKey::new("acme", &[(kind, &user.to_string())]),
        limit: kind.into(),
        rule,
        enforcement: Enforcement::Hard,
        downgrades: false,
        amount: 1,
        kept_on_expiry: false,
        alerts: Percents::NONE,
        on_store_failure: OnStoreFailure::Local,
        durability: Durability::Settle,
    }
}

fn charges(user: u64) -> Vec<Charge> {
    let bucket = Rule::Bucket {
        capacity: 60,
        refill: 60,
        every: 60_000_000,
    };
    vec![
        charge(user, "bucket", bucket),
        charge(user, "gauge", Rule::Gauge { cap: 5 }),
    ]
}

/// A guard, its ids and its clock.
struct Fixture {
    guard: Guard,
    ids: Arc<HoldIds>,
    clock: FakeClock,
}

impl Fixture {
    fn of(store: impl Store) -> Self {
        let ids = Arc::new(HoldIds::new());
        let guard = Guard::new(Arc::new(store), ids.clone());
        guard.report_to(Arc::new(Observers::default()));
        Self {
            guard,
            ids,
            clock: FakeClock::at("2026-11-18T12:00:00Z"),
        }
    }

    /// Whether a user's call, which is booked at once, was admitted without the store; nothing if it was not admitted.
    async fn call(&self, user: u64) -> Option<bool> {
        let (id, now) = (self.ids.next(), self.clock.now());
        let reservation = Reservation {
            id,
            organization: "acme".into(),
            now,
            expires_in: Duration::from_secs(60),
            candidates: vec![charges(user)],
            unreconciled: Vec::new(),
        };
        let around = Around {
            clock: &self.clock,
            observers: &Observers::default(),
        };
        let decided = self.guard.reserve(reservation, NonZeroU64::MIN, around);
        let Decided { decision, degraded } = decided.await.unwrap();
        if !matches!(decision, Decision::Granted { .. }) {
            return None;
        }
        let id = degraded.map_or(id, |degraded| degraded.id);
        let used = |charge| Booking::new(charge, 1);
        self.guard.settle(Settlement {
            id,
            organization: "acme".into(),
            now,
            bookings: charges(user).into_iter().map(used).collect(),
            record: None,
        });
        Some(degraded.is_some())
    }
}

#[tokio::test]
async fn what_is_known_of_users_that_went_is_forgotten() {
    let it = Fixture::of(MemoryStore::new());
    for user in 0..1_000 {
        assert_eq!(it.call(user).await, Some(false));
    }
    assert_eq!(it.guard.known.len(), 2_000);
    // Gauges last: nobody hears of a call's end on another instance, so each is believed for a day.
    for (after, most) in [(3_600, 1_010), (24 * 3_600 + 60, 10)] {
        it.clock.advance(Duration::from_secs(after));
        for _ in 0..1_000 {
            it.call(0).await;
            it.clock.advance(Duration::from_secs(1));
        }
        let left = it.guard.known.len();
        assert!(left <= most, "{left}");
    }
}

#[test]
fn answers_that_come_at_once_do_not_add_up() {
    let (known, now) = (MemoryStore::new(), FakeClock::default().now());
    let charges = charges(1);
    let taken = || {
        let balances = known.peek_now(&charges, now);
        let taken = |balance: &Balance| balance.used + balance.held;
        balances.iter().map(taken).collect::<Vec<_>>()
    };
    let note = || charges.iter().for_each(|it| known.set_now(it, 5, now));
    note();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    note();
                    assert_eq!(taken(), [5, 5]);
                }
            });
        }
    });
}

/// Answers every other question, as one that knows of no other call, and books nothing.
#[derive(Debug, Default)]
struct EveryOther {
    asked: AtomicUsize,
}

impl Store for EveryOther {
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<Decision, StoreError>> {
        let answers = self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
        let lost = || StoreError("every other one is lost".to_owned());
        let answer = answers.then(|| MemoryStore::new().reserve_now(&reservation));
        Box::pin(std::future::ready(answer.ok_or_else(lost)))
    }
    fn report_to(&self, _: Arc<dyn Reports>) {}
    fn settle(&self, _: Settlement) {}
    fn renew(&self, _: HoldId, _: &str, _: Moment, _: Duration) {}
    fn peek(&self, _: Vec<Charge>, _: Moment) -> BoxFuture<'_, Result<Vec<Balance>, StoreError>> {
        unreachable!("nobody looks")
    }
    fn adjust(
        &self,
        _: Charge,
        _: Adjustment,
        _: Moment,
    ) -> BoxFuture<'_, Result<Balance, StoreError>> {
        unreachable!("nobody corrects")
    }
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        unreachable!("nobody asks for it")
    }
    fn drain(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p1_however_calls_and_answers_meet_no_more_is_admitted_alone_than_the_amount() {
    for _ in 0..20 {
        let it = Arc::new(Fixture::of(EveryOther::default()));
        let calls = (0..200).map(|_| {
            let it = it.clone();
            tokio::spawn(async move { it.call(1).await })
        });
        let calls: Vec<_> = calls.collect();
        let mut alone = 0;
        for call in calls {
            alone += usize::from(call.await.unwrap() == Some(true));
        }
        assert!((59..=60).contains(&alone), "{alone}, and 1 or none, of 60");
    }
}
