//! Charges, reservations and times for the stores' tests.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod agree;
pub mod model;
pub mod ops;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tower_token_quota::clock::Moment;
use tower_token_quota::policy::{Durability, Enforcement, OnStoreFailure};
use tower_token_quota::store::arithmetic::Percents;
use tower_token_quota::store::{
    Balance, Booking, Charge, CounterKey, Decision, HoldId, MemoryStore, Report, Reports,
    Reservation, Rule, Settled, Settlement, Store,
};

pub const SECOND: u64 = 1_000_000;
pub const DAY: u64 = 86_400 * SECOND;
/// Far enough for every period that is not to end.
pub const NEVER_ENDS: i64 = 1 << 60;

pub fn at(seconds: u64) -> Moment {
    let steady = seconds * SECOND;
    Moment {
        wall: i64::try_from(steady).expect("small"),
        steady,
    }
}

pub fn budget(cap: u64) -> Rule {
    Rule::Budget {
        cap,
        starts_at: 0,
        ends_at: NEVER_ENDS,
    }
}

pub fn gauge(cap: u64) -> Rule {
    Rule::Gauge { cap }
}

/// A bucket that leaks `refill` a second.
pub fn bucket(capacity: u64, refill: u64) -> Rule {
    Rule::Bucket {
        capacity,
        refill,
        every: SECOND,
    }
}

pub fn key(name: &str) -> CounterKey {
    CounterKey::new("acme", &[("counter", name)])
}

pub fn hard(name: &str, rule: Rule, amount: u64) -> Charge {
    Charge {
        key: key(name),
        limit: name.into(),
        rule,
        enforcement: Enforcement::Hard,
        downgrades: false,
        amount,
        kept_on_expiry: false,
        alerts: Percents::NONE,
        on_store_failure: OnStoreFailure::Closed,
        durability: Durability::Settle,
    }
}

pub fn soft(name: &str, rule: Rule, amount: u64) -> Charge {
    Charge {
        enforcement: Enforcement::Soft,
        ..hard(name, rule, amount)
    }
}

pub fn shadow(name: &str, rule: Rule, amount: u64) -> Charge {
    Charge {
        enforcement: Enforcement::Shadow,
        ..hard(name, rule, amount)
    }
}

pub fn downgrading(name: &str, rule: Rule, amount: u64) -> Charge {
    Charge {
        downgrades: true,
        ..hard(name, rule, amount)
    }
}

/// A hard charge whose counter has thresholds.
pub fn alerting(name: &str, rule: Rule, amount: u64, percents: &[u8]) -> Charge {
    Charge {
        alerts: percents.iter().copied().collect(),
        ..hard(name, rule, amount)
    }
}

pub fn kept(charge: Charge) -> Charge {
    Charge {
        kept_on_expiry: true,
        ..charge
    }
}

pub fn reservation(id: u128, now: Moment, candidates: &[&[Charge]]) -> Reservation {
    Reservation {
        id: HoldId::from_u128(id),
        now,
        organization: "acme".into(),
        expires_in: Duration::from_secs(60),
        candidates: candidates.iter().map(|charges| charges.to_vec()).collect(),
        unreconciled: Vec::new(),
    }
}

pub fn settlement(id: u128, now: Moment, charges: &[Charge], actuals: &[u64]) -> Settlement {
    let bookings = charges
        .iter()
        .zip(actuals)
        .map(|(charge, &actual)| Booking::new(charge.clone(), actual))
        .collect();
    Settlement {
        id: HoldId::from_u128(id),
        now,
        bookings,
        organization: "acme".into(),
        record: None,
    }
}

/// Reserves one candidate.
pub fn reserve(store: &MemoryStore, id: u128, now: Moment, charges: &[Charge]) -> Decision {
    store.reserve_now(&reservation(id, now, &[charges]))
}

pub fn settle(
    store: &MemoryStore,
    id: u128,
    now: Moment,
    charges: &[Charge],
    actuals: &[u64],
) -> Settled {
    store.settle_now(&settlement(id, now, charges, actuals))
}

pub fn peek(store: &MemoryStore, charge: &Charge, now: Moment) -> Balance {
    store.peek_now(std::slice::from_ref(charge), now)[0]
}

pub fn granted(decision: &Decision) -> bool {
    matches!(decision, Decision::Granted { .. })
}

/// The thresholds that a store has told of: limit, percent, and the counter's usage then.
pub type Crossed = (String, u8, u64);

/// Writes down what a store tells of.
#[derive(Clone, Default)]
pub struct Told {
    crossed: Arc<Mutex<Vec<Crossed>>>,
    settled: Arc<Mutex<Vec<Settled>>>,
    others: Arc<Mutex<Vec<String>>>,
}

impl Told {
    pub fn by(store: &impl Store) -> Self {
        let told = Self::default();
        store.report_to(Arc::new(told.clone()));
        told
    }

    /// All thresholds that it was told of since it was last asked.
    pub fn take(&self) -> Vec<Crossed> {
        std::mem::take(&mut *self.crossed.lock().expect("nobody panics"))
    }

    /// How settlements found their holds, since it was last asked.
    pub fn settled(&self) -> Vec<Settled> {
        std::mem::take(&mut *self.settled.lock().expect("nobody panics"))
    }

    /// What was lost or emptied, since it was last asked.
    pub fn others(&self) -> Vec<String> {
        std::mem::take(&mut *self.others.lock().expect("nobody panics"))
    }
}

impl Reports for Told {
    fn report(&self, report: Report<'_>) {
        match report {
            Report::Crossed {
                charge,
                percent,
                used,
                ..
            } => {
                let crossed = (charge.limit.to_string(), percent, used);
                self.crossed.lock().expect("nobody panics").push(crossed);
            }
            Report::Settled { how, .. } => self.settled.lock().expect("nobody panics").push(how),
            Report::Lost { reason, .. } => self.other(format!("lost: {reason}")),
            Report::Emptied { organization, .. } => self.other(format!("emptied: {organization}")),
            _ => self.other("what the tests do not know".to_owned()),
        }
    }
}

impl Told {
    fn other(&self, text: String) {
        self.others.lock().expect("nobody panics").push(text);
    }
}
