//! Random operations, restarts and crashes against a naive model: whatever happens, counters stand at what was booked.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use proptest::prelude::*;
use tower_token_quota::journal::JournalStore;
use tower_token_quota::policy::{Durability, Enforcement};
use tower_token_quota::store::{Adjustment, Booking, Charge, Store as _};

use crate::folder::Folder;
use crate::store_support::{
    at, budget, gauge, granted, hard, reservation, settlement, shadow, soft,
};
use crate::support;

#[derive(Debug, Clone)]
enum Op {
    Reserve {
        id: u128,
        charges: Vec<Charge>,
    },
    Settle {
        id: u128,
        actuals: Vec<u64>,
        booked: u64,
    },
    Adjust(Charge, Adjustment),
    /// Everything is written, and the process ends.
    Restart,
    /// Everything is written, and the process is gone: what it held is open.
    Crash,
}

/// A counter as a child would keep it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Tally {
    used: u64,
    held: u64,
    would_block: u64,
}

#[derive(Debug, Default)]
struct Model {
    tallies: BTreeMap<String, Tally>,
    /// The open holds: each charge, and whether it was applied.
    open: HashMap<u128, Vec<(Charge, bool)>>,
    done: Vec<u128>,
    /// The holds that nobody remembers. No process makes the same ids as another.
    forgotten: Vec<u128>,
}

impl Model {
    fn tally(&mut self, charge: &Charge) -> &mut Tally {
        self.tallies
            .entry(charge.key.as_str().to_owned())
            .or_default()
    }

    fn reserve(&mut self, id: u128, charges: &[Charge]) -> bool {
        if self.open.contains_key(&id) {
            return true;
        }
        if self.done.contains(&id) {
            return false;
        }
        let before = self.tallies.clone();
        let mut held = Vec::new();
        for charge in charges {
            let tally = self.tally(charge);
            let fits = tally.used + tally.held + charge.amount <= charge.rule.amount();
            match charge.enforcement {
                Enforcement::Hard if !fits => {
                    self.tallies = before;
                    return false;
                }
                Enforcement::Shadow if !fits => tally.would_block += 1,
                _ => tally.held += charge.amount,
            }
            held.push((
                charge.clone(),
                fits || charge.enforcement != Enforcement::Shadow,
            ));
        }
        self.open.insert(id, held);
        true
    }

    fn settle(&mut self, id: u128, bookings: &[Booking]) {
        if self.done.contains(&id) {
            return;
        }
        self.done.push(id);
        let Some(held) = self.open.remove(&id) else {
            for booking in bookings {
                if !is_gauge(&booking.charge) {
                    let tally = self.tally(&booking.charge);
                    tally.used = (tally.used + booking.actual).saturating_sub(booking.booked);
                }
            }
            return;
        };
        for (position, (charge, applied)) in held.iter().enumerate() {
            let tally = self.tally(charge);
            if *applied {
                tally.held -= charge.amount;
                if !is_gauge(charge) {
                    tally.used += bookings[position].actual;
                }
            }
        }
    }

    /// The process ends. What is written of open holds is booked at its estimate, the rest is forgotten.
    fn end(&mut self) {
        for (id, held) in std::mem::take(&mut self.open) {
            let is_durable = |(charge, _): &(Charge, bool)| {
                charge.durability == Durability::Reserve && !is_gauge(charge)
            };
            let is_written = held.iter().any(is_durable);
            for (charge, applied) in &held {
                let tally = self.tally(charge);
                if *applied {
                    tally.held -= charge.amount;
                }
                if is_written && *applied && !is_gauge(charge) {
                    tally.used += charge.amount;
                }
            }
            match is_written {
                true => self.done.push(id),
                false => self.forgotten.push(id),
            }
        }
    }
}

fn is_gauge(charge: &Charge) -> bool {
    charge.key.as_str().contains("gauge")
}

fn charge() -> impl Strategy<Value = Charge> {
    (0..5_usize, 0_u64..30).prop_map(|(which, amount)| match which {
        0 => hard("dollars", budget(400), amount).durable(),
        1 => hard("tokens", budget(400), amount),
        2 => soft("soft", budget(50), amount).durable(),
        3 => shadow("shadow", budget(60), amount),
        _ => hard("gauge", gauge(500), amount),
    })
}

trait Durable {
    fn durable(self) -> Self;
}

impl Durable for Charge {
    fn durable(self) -> Self {
        Charge {
            durability: Durability::Reserve,
            alerts: [25, 50, 100].into_iter().collect(),
            ..self
        }
    }
}

fn op() -> impl Strategy<Value = Op> {
    let id = 0_u128..30;
    let charges = || prop::collection::vec(charge(), 1..4);
    prop_oneof![
        8 => (id.clone(), charges()).prop_map(|(id, charges)| Op::Reserve { id, charges: apart(charges) }),
        6 => (id, prop::collection::vec(0_u64..40, 5), prop_oneof![Just(0_u64), 0_u64..20])
            .prop_map(|(id, actuals, booked)| Op::Settle { id, actuals, booked }),
        1 => (charge(), 0_u64..60, 0..3_u8).prop_map(|(charge, amount, kind)| Op::Adjust(charge, match kind {
            0 => Adjustment::Credit(amount),
            1 => Adjustment::Debit(amount),
            _ => Adjustment::Reset,
        })),
        1 => Just(Op::Restart),
        1 => Just(Op::Crash),
    ]
}

/// Each counter once.
fn apart(mut charges: Vec<Charge>) -> Vec<Charge> {
    charges.sort_by(|a, b| a.key.cmp(&b.key));
    charges.dedup_by(|a, b| a.key == b.key);
    charges
}

fn all() -> Vec<Charge> {
    vec![
        hard("dollars", budget(400), 0),
        hard("tokens", budget(400), 0),
        soft("soft", budget(50), 0),
        shadow("shadow", budget(60), 0),
        hard("gauge", gauge(500), 0),
    ]
}

async fn check(ops: Vec<Op>) -> Result<(), TestCaseError> {
    let mut folder = Folder::new();
    let mut store = folder.open().unwrap();
    let mut model = Model::default();
    let mut now = at(1_000);
    for op in ops {
        now.wall += 1_000_000;
        now.steady += 1_000_000;
        match op.clone() {
            Op::Reserve { id, .. } | Op::Settle { id, .. } if model.forgotten.contains(&id) => {}
            Op::Reserve { id, charges } => {
                // The same id again asks for the same.
                let charges = match model.open.get(&id) {
                    Some(held) => held.iter().map(|(charge, _)| charge.clone()).collect(),
                    None => charges,
                };
                let mut reservation = reservation(id, now, &[&charges]);
                reservation.expires_in = Duration::from_secs(1 << 30);
                let ours = store.reserve(reservation).await.unwrap();
                let theirs = model.reserve(id, &charges);
                prop_assert_eq!(granted(&ours), theirs, "{:?}", ours);
            }
            Op::Settle {
                id,
                actuals,
                booked,
            } => {
                let held = model.open.get(&id);
                let charges = match held {
                    Some(held) => held.iter().map(|(charge, _)| charge.clone()).collect(),
                    None => all(),
                };
                let mut settlement = settlement(id, now, &charges, &actuals);
                for (position, booking) in settlement.bookings.iter_mut().enumerate() {
                    match held {
                        None => booking.booked = booked,
                        // As the engine does it.
                        Some(held) if !held[position].1 => booking.actual = 0,
                        Some(_) => {}
                    }
                }
                model.settle(id, &settlement.bookings);
                store.settle(settlement);
            }
            Op::Adjust(charge, adjustment) => {
                if is_gauge(&charge) {
                    continue;
                }
                store.drain().await;
                store.adjust(charge.clone(), adjustment, now).await.unwrap();
                let tally = model.tally(&charge);
                tally.used = match adjustment {
                    Adjustment::Credit(amount) => tally.used.saturating_sub(amount),
                    Adjustment::Debit(amount) => tally.used + amount,
                    Adjustment::Reset => 0,
                };
            }
            Op::Restart | Op::Crash => {
                store.drain().await;
                let crashed = folder.crashed();
                drop(store);
                if matches!(op, Op::Crash) {
                    folder = crashed;
                }
                // It opens: what counters stand at is the fold of what was booked.
                store = folder.open().unwrap();
                model.end();
            }
        }
        agree(&store, &model, now).await?;
    }
    Ok(())
}

async fn agree(
    store: &JournalStore,
    model: &Model,
    now: tower_token_quota::clock::Moment,
) -> Result<(), TestCaseError> {
    let balances = store.peek(all(), now).await.unwrap();
    for (charge, balance) in all().iter().zip(balances) {
        let ours = Tally {
            used: balance.used,
            held: balance.held,
            would_block: balance.would_block,
        };
        let theirs = model.tallies.get(charge.key.as_str());
        prop_assert_eq!(
            ours,
            theirs.copied().unwrap_or_default(),
            "{:?}",
            charge.key
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(support::cases(40))]

    #[test]
    fn whatever_happens_counters_stand_at_what_was_booked(ops in prop::collection::vec(op(), 1..60)) {
        support::run(check(ops))?;
    }
}

mod p9_same_answers_as_the_model {
    use super::*;
    use crate::store_support::agree::{Witnessed, agree};

    proptest! {
        #![proptest_config(support::cases(20))]

        #[test]
        fn whatever_is_asked(ops in prop::collection::vec(crate::store_support::ops::op(), 1..60)) {
            let folder = Folder::new();
            let store = folder.open().unwrap();
            support::run(agree(&[Witnessed::new(&store)], ops))?;
            drop(store);
            // And what counters stand at is the fold of that.
            folder.open().unwrap();
        }
    }
}
