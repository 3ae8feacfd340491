//! Under which terms counters are charged: each is written once, and named by its number.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::rows;
use crate::store::{Charge, CounterKey};

/// So many are known by heart; others are looked up.
const MOST: usize = 16_384;

/// The numbers of terms, by their counters: most have always the same terms.
#[derive(Debug, Default)]
pub(super) struct Terms {
    of: HashMap<CounterKey, Vec<(Charge, i64)>>,
    len: usize,
}

impl Terms {
    /// The number of the terms of a charge, which are written if they are new.
    pub(super) fn id(&mut self, db: &Connection, charge: &Charge) -> rusqlite::Result<i64> {
        let known = self.of.get(&charge.key).map_or(&[][..], Vec::as_slice);
        let mut same = known.iter().filter(|(terms, _)| are_same(terms, charge));
        if let Some(&(_, id)) = same.next() {
            return Ok(id);
        }
        let terms = Charge {
            amount: 0,
            ..charge.clone()
        };
        let id = look_up(db, &terms)?;
        if self.len >= MOST {
            self.forget();
        }
        self.len += 1;
        let of_counter = self.of.entry(charge.key.clone()).or_default();
        of_counter.push((terms, id));
        Ok(id)
    }

    /// Looks all of them up again: some may not be there any more.
    pub(super) fn forget(&mut self) {
        self.of.clear();
        self.len = 0;
    }
}

fn look_up(db: &Connection, terms: &Charge) -> rusqlite::Result<i64> {
    let text = rows::json(terms)?;
    let key = terms.key.as_str();
    let mut known = db.prepare_cached("SELECT id FROM terms WHERE counter = ?1 AND terms = ?2")?;
    let known = known.query_row(params![key, text], |row| row.get(0));
    match known.optional()? {
        Some(id) => Ok(id),
        None => {
            let insert = "INSERT INTO terms (counter, terms) VALUES (?1, ?2)";
            db.prepare_cached(insert)?.insert(params![key, text])
        }
    }
}

/// Whether two charges differ in nothing but their amounts.
pub(super) fn are_same(one: &Charge, other: &Charge) -> bool {
    let Charge {
        key,
        limit,
        rule,
        enforcement,
        downgrades,
        amount: _,
        kept_on_expiry,
        alerts,
        on_store_failure,
        durability,
    } = one;
    *key == other.key
        && *limit == other.limit
        && *rule == other.rule
        && *enforcement == other.enforcement
        && *downgrades == other.downgrades
        && *kept_on_expiry == other.kept_on_expiry
        && *alerts == other.alerts
        && *on_store_failure == other.on_store_failure
        && *durability == other.durability
}
