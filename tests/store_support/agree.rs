//! Stores that are asked the same give the same answers as the model.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use tower_token_quota::clock::Moment;
use tower_token_quota::store::{Charge, HoldId, Reservation, Settlement, Store};

use super::model::Model;
use super::ops::Op;
use super::*;

/// A store, and what it tells of.
pub struct Witnessed<'a> {
    store: &'a dyn Store,
    told: Told,
}

impl<'a> Witnessed<'a> {
    pub fn new(store: &'a impl Store) -> Self {
        let told = Told::by(store);
        Self { store, told }
    }
}

/// Asks all of them, and the model, one thing after the other; after each, all counters that were ever named are looked at.
pub async fn agree(stores: &[Witnessed<'_>], ops: Vec<Op>) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    let mut now = at(0);
    let mut everything: HashMap<String, Charge> = HashMap::new();
    for op in ops {
        for charge in op.named() {
            everything.insert(charge.key.as_str().to_owned(), charge);
        }
        if let Op::Wait(time) = op {
            now.steady += time;
            now.wall += i64::try_from(time).expect("short");
            continue; // what comes next has to see for itself what has expired
        }
        ask(stores, &mut model, op, now).await?;
        let charges: Vec<Charge> = everything.values().cloned().collect();
        model.expire(now);
        let balance = |charge: &Charge| model.balance(charge, now);
        let expected: Vec<Balance> = charges.iter().map(balance).collect();
        let crossed = std::mem::take(&mut model.crossed);
        for Witnessed { store, told } in stores {
            let theirs = store.peek(charges.clone(), now).await;
            prop_assert_eq!(theirs.expect("it answers"), expected.clone(), "{:?}", store);
            prop_assert_eq!(told.take(), crossed.clone(), "{:?}", store);
        }
    }
    Ok(())
}

async fn ask(
    stores: &[Witnessed<'_>],
    model: &mut Model,
    op: Op,
    now: Moment,
) -> Result<(), TestCaseError> {
    match op {
        Op::Reserve {
            id,
            candidates,
            expires_in,
        } => {
            let reservation = Reservation {
                expires_in: Duration::from_micros(expires_in),
                candidates,
                ..reservation(id, now, &[])
            };
            let expected = model.reserve(&reservation);
            for Witnessed { store, .. } in stores {
                let theirs = store
                    .reserve(reservation.clone())
                    .await
                    .expect("it answers");
                prop_assert_eq!(&theirs, &expected, "{:?} {:?}", store, reservation);
            }
        }
        Op::Settle {
            id,
            actuals,
            unknown,
            booked,
        } => {
            let charges = model.charges_of(id).unwrap_or(unknown);
            let mut settlement: Settlement = settlement(id, now, &charges, &actuals);
            for booking in &mut settlement.bookings {
                booking.booked = booked;
            }
            let expected = model.settle(&settlement);
            for Witnessed { store, told } in stores {
                store.settle(settlement.clone());
                store.drain().await;
                prop_assert_eq!(
                    told.settled(),
                    vec![expected],
                    "{:?} {:?}",
                    store,
                    settlement
                );
            }
        }
        Op::Renew { id, expires_in } => {
            let time = Duration::from_micros(expires_in);
            model.renew(id, now, expires_in);
            for Witnessed { store, .. } in stores {
                store.renew(HoldId::from_u128(id), "acme", now, time);
                store.drain().await;
            }
        }
        Op::Adjust(charge, adjustment) => {
            let expected = model.adjust(&charge, adjustment, now);
            for Witnessed { store, .. } in stores {
                let theirs = store.adjust(charge.clone(), adjustment, now).await;
                prop_assert_eq!(
                    theirs.expect("it answers"),
                    expected,
                    "{:?} {:?}",
                    store,
                    charge
                );
            }
        }
        Op::Wait(_) => {}
    }
    Ok(())
}
