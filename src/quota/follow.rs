//! Answers that were not ready when their calls ended: what was booked for them, to be corrected once they are asked for
//! again and tell what they used.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::charges;
use crate::clock::Moment;
use crate::money::Usd;
use crate::policy::{PricedModel, Unit};
use crate::prices::Cost;
use crate::store::{Booking, CallRecord, CounterKey, HoldId, Replaced, Settlement};
use crate::usage::Usage;
use crate::watch::Basis;

/// More than this are not remembered: the oldest stay booked as they are.
const MOST: usize = 10_000;

/// For how long they are, in microseconds: providers forget answers too.
const DAY: u64 = 24 * 3600 * 1_000_000;

/// What is known of an answer that is to come.
#[derive(Debug)]
pub(super) struct FollowUp {
    /// The id of the settlement that will correct the first one.
    id: HoldId,
    /// What the first one booked.
    booked: Settlement,
    /// What its bookings count, one by one; nothing where a shadow limit would have refused.
    units: Vec<Option<Unit>>,
    /// When it was made, in steady microseconds, and which of that time it is.
    age: Age,
    /// By whose prices, and as which models, it is billed.
    billed: Option<Billed>,
}

/// By whose prices, and as which models, a call is billed.
#[derive(Debug)]
pub(super) struct Billed {
    pub(super) asked: PricedModel,
    pub(super) called: PricedModel,
}

impl Billed {
    fn cost(&self, usage: &Usage) -> (Cost, Option<Usd>) {
        let asked = charges::asked_cost(&self.asked, &self.called, usage);
        (self.called.cost(usage), asked)
    }
}

impl FollowUp {
    pub(super) fn new(
        id: HoldId,
        booked: Settlement,
        units: Vec<Option<Unit>>,
        since: u64,
    ) -> Self {
        Self {
            id,
            booked,
            units,
            age: (since, 0),
            billed: None,
        }
    }

    pub(super) fn billed_by(mut self, billed: Billed) -> Self {
        self.billed = Some(billed);
        self
    }

    /// The settlement that puts a usage in the place of what was booked.
    pub(super) fn corrected(self, usage: Usage, now: Moment) -> Settlement {
        let Settlement {
            id: first,
            organization,
            bookings,
            record,
            ..
        } = self.booked;
        let billed = self.billed.map(|billed| billed.cost(&usage));
        let (cost, asked_cost) = billed.unwrap_or_default();
        let booking = |(before, unit): (Booking, Option<Unit>)| Booking {
            booked: before.actual,
            actual: unit.map_or(before.actual, |unit| charges::used(unit, &usage, cost.usd)),
            charge: before.charge,
        };
        let record = record.map(|record| {
            Arc::new(CallRecord {
                corrects: Some(Replaced {
                    hold: first,
                    usage: record.usage,
                    cost: record.cost.usd,
                }),
                usage,
                basis: Basis::Reported,
                cost,
                asked_cost,
                ..(*record).clone()
            })
        });
        Settlement {
            id: self.id,
            organization,
            now,
            bookings: bookings.into_iter().zip(self.units).map(booking).collect(),
            record,
        }
    }
}

/// Answers that are to come, by API and id. Of this process only.
#[derive(Debug, Default)]
pub(super) struct FollowUps(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: HashMap<Key, FollowUp>,
    /// The oldest first. Of one age, the one that was added first.
    by_age: BTreeMap<Age, Key>,
    added: u64,
}

type Key = (&'static str, Box<str>);
type Age = (u64, u64);

impl FollowUps {
    /// Remembers one. Where two calls have answers of one name, nobody can tell which is asked for: then neither is
    /// remembered, and both stay booked as they are.
    pub(super) fn add(&self, key: (&'static str, &str), mut follow_up: FollowUp) {
        let key: Key = (key.0, key.1.into());
        let mut inner = self.lock();
        inner.forget_before(follow_up.age.0.saturating_sub(DAY));
        if inner.remove(&key).is_some() {
            return;
        }
        if inner.open.len() >= MOST {
            inner.forget_oldest();
        }
        inner.added += 1;
        follow_up.age.1 = inner.added;
        inner.by_age.insert(follow_up.age, key.clone());
        inner.open.insert(key, follow_up);
    }

    /// Whether one is remembered.
    pub(super) fn knows(&self, key: (&'static str, &str), now: u64) -> bool {
        let inner = self.lock();
        // Nearly always there is none.
        if inner.open.is_empty() {
            return false;
        }
        let found = inner.open.get(&(key.0, key.1.into()));
        found.is_some_and(|follow_up| now <= follow_up.age.0.saturating_add(DAY))
    }

    /// Takes one: who has it corrects, and nobody else.
    pub(super) fn take(&self, key: (&'static str, &str)) -> Option<FollowUp> {
        self.lock().remove(&(key.0, key.1.into()))
    }

    /// Forgets those that would correct a counter: an operator has corrected it, and knows better.
    pub(super) fn forget_counter(&self, counter: &CounterKey) {
        let mut inner = self.lock();
        let touches = |follow_up: &FollowUp| {
            let mut bookings = follow_up.booked.bookings.iter();
            bookings.any(|booking| booking.charge.key == *counter)
        };
        let open = inner.open.iter();
        let gone: Vec<Key> = open
            .filter(|(_, follow_up)| touches(follow_up))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            inner.remove(&key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remove(&mut self, key: &Key) -> Option<FollowUp> {
        let follow_up = self.open.remove(key)?;
        self.by_age.remove(&follow_up.age);
        Some(follow_up)
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.by_age.pop_first() {
            self.open.remove(&key);
        }
    }

    fn forget_before(&mut self, since: u64) {
        while self.by_age.keys().next().is_some_and(|age| age.0 < since) {
            self.forget_oldest();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow_up(since: u64) -> FollowUp {
        let booked = Settlement {
            id: HoldId::from_u128(2),
            organization: "default".into(),
            now: Moment::default(),
            bookings: Vec::new(),
            record: None,
        };
        FollowUp::new(HoldId::from_u128(1), booked, Vec::new(), since)
    }

    #[test]
    fn an_answer_is_corrected_by_whoever_takes_it_first() {
        let follow_ups = FollowUps::default();
        follow_ups.add(("api", "a"), follow_up(5));
        assert!(follow_ups.knows(("api", "a"), 6) && !follow_ups.knows(("other", "a"), 6));
        assert!(follow_ups.take(("api", "a")).is_some());
        assert!(follow_ups.take(("api", "a")).is_none());
        assert!(!follow_ups.knows(("api", "a"), 6));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for_and_none_for_longer_than_a_day() {
        let follow_ups = FollowUps::default();
        for at in 0..MOST as u64 + 5 {
            follow_ups.add(("api", &at.to_string()), follow_up(at));
        }
        assert!(!follow_ups.knows(("api", "4"), 0) && follow_ups.knows(("api", "5"), 0));
        assert!(!follow_ups.knows(("api", "5"), DAY + 6));
        follow_ups.add(("api", "late"), follow_up(2 * DAY));
        let inner = follow_ups.lock();
        assert_eq!((inner.open.len(), inner.by_age.len()), (1, 1));
    }

    #[test]
    fn those_that_were_corrected_take_no_room() {
        let follow_ups = FollowUps::default();
        follow_ups.add(("api", "waits"), follow_up(0));
        for at in 1..2 * MOST as u64 {
            let name = at.to_string();
            follow_ups.add(("api", &name), follow_up(at));
            assert!(follow_ups.take(("api", &name)).is_some());
        }
        assert!(follow_ups.knows(("api", "waits"), 1));
        assert_eq!(follow_ups.lock().by_age.len(), 1);
    }

    #[test]
    fn of_two_answers_of_one_name_neither_is_remembered() {
        let follow_ups = FollowUps::default();
        follow_ups.add(("api", "a"), follow_up(0));
        follow_ups.add(("api", "a"), follow_up(1));
        assert!(!follow_ups.knows(("api", "a"), 1));
        assert!(follow_ups.lock().by_age.is_empty());
    }
}
