//! The counters that are charged: each that a batch changes is written once, however often it is charged.

use std::collections::HashMap;

use rusqlite::Connection;

use super::fold::{self, Change};
use super::rows::{self, Row, Standing, Update};
use super::terms::{self, Terms};
use crate::store::arithmetic::State;
use crate::store::{Charge, CounterKey};

/// So many are known by heart; others are read.
const MOST: usize = 16_384;

#[derive(Default)]
pub(super) struct Counters {
    known: HashMap<CounterKey, Counter>,
    /// Those that the batch has changed.
    changed: Vec<CounterKey>,
}

struct Counter {
    charge: Charge,
    state: State,
    at: i64,
    seq: i64,
    is_changed: bool,
    /// The number of its row and what else that has, if they are known.
    row: Option<(i64, Row)>,
}

impl Counters {
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
        let counter = match self.known.get_mut(&charge.key) {
            Some(counter) => counter,
            None => {
                let counter = Counter::read(db, charge, at)?;
                self.known.entry(charge.key.clone()).or_insert(counter)
            }
        };
        fold::fold(&mut counter.state, charge, change, at);
        counter.seq = seq;
        counter.at = match counter.is_changed {
            true => counter.at.max(at),
            false => at,
        };
        if !terms::are_same(&counter.charge, charge) {
            counter.charge = charge.clone();
        }
        if !std::mem::replace(&mut counter.is_changed, true) {
            self.changed.push(charge.key.clone());
        }
        Ok(())
    }

    /// Writes what those stand at that have changed.
    pub(super) fn write(&mut self, db: &Connection, terms: &mut Terms) -> rusqlite::Result<()> {
        let mut update = Update::of(db)?;
        for key in self.changed.drain(..) {
            if let Some(counter) = self.known.get_mut(&key) {
                counter.write(db, terms, &mut update)?;
            }
        }
        if self.known.len() > MOST {
            self.known.clear();
        }
        Ok(())
    }

    /// Reads all of them again: what is written may be something else.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.changed.clear();
    }
}

impl Counter {
    fn read(db: &Connection, charge: &Charge, at: i64) -> rusqlite::Result<Self> {
        let state = rows::state(db, &charge.key)?;
        Ok(Self {
            charge: charge.clone(),
            state: state.unwrap_or_else(|| fold::fresh(charge, at)),
            at,
            seq: 0,
            is_changed: false,
            row: None,
        })
    }

    fn write(
        &mut self,
        db: &Connection,
        terms: &mut Terms,
        update: &mut Update<'_>,
    ) -> rusqlite::Result<()> {
        let Self {
            charge, state, at, ..
        } = self;
        let row = Row {
            terms: terms.id(db, charge)?,
            crossed: state.crossed(),
            ends_at: fold::ends_at(state, charge.rule, *at),
        };
        let now = Standing {
            used: state.balance(charge.rule, fold::moment(*at)).used,
            seq: self.seq,
            state,
        };
        match self.row {
            Some((id, known)) if known == row => update.row(id, &now)?,
            _ => self.row = Some((rows::balance(db, charge, &row, &now)?, row)),
        }
        self.is_changed = false;
        Ok(())
    }
}
