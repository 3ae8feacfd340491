//! The counters that a batch changes: each is read once and written once, however often it is charged.

use std::collections::HashMap;

use rusqlite::Connection;

use super::fold::{self, Change};
use super::rows;
use crate::store::arithmetic::State;
use crate::store::{Charge, CounterKey};

#[derive(Default)]
pub(super) struct Changed(HashMap<CounterKey, Counter>);

struct Counter {
    charge: Charge,
    state: State,
    at: i64,
    seq: i64,
}

impl Changed {
    /// Does to a counter what an entry of this time and number says.
    pub(super) fn change(
        &mut self,
        db: &Connection,
        charge: &Charge,
        change: Change,
        (at, seq): (i64, i64),
    ) -> rusqlite::Result<()> {
        if !fold::is_kept(charge) {
            return Ok(());
        }
        if !self.0.contains_key(&charge.key) {
            let state = rows::state(db, &charge.key)?;
            let counter = Counter {
                charge: charge.clone(),
                state: state.unwrap_or_else(|| fold::fresh(charge, at)),
                at,
                seq,
            };
            self.0.insert(charge.key.clone(), counter);
        }
        if let Some(counter) = self.0.get_mut(&charge.key) {
            fold::fold(&mut counter.state, charge, change, at);
            (counter.at, counter.seq) = (counter.at.max(at), seq);
            if counter.charge != *charge {
                counter.charge = charge.clone();
            }
        }
        Ok(())
    }

    /// Writes what they stand at.
    pub(super) fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        for counter in std::mem::take(&mut self.0).values() {
            let Counter {
                charge,
                state,
                at,
                seq,
            } = counter;
            rows::balance(db, charge, state, *at, *seq)?;
        }
        Ok(())
    }

    /// As if nothing had changed.
    pub(super) fn undo(&mut self) {
        self.0.clear();
    }
}
