//! Under which terms counters are charged: each is written once, and named by its number.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::rows;
use crate::store::Charge;

/// So many are known by heart; others are looked up.
const MOST: usize = 16_384;

/// The numbers of terms.
#[derive(Debug, Default)]
pub(super) struct Terms(HashMap<Charge, i64>);

impl Terms {
    /// The number of the terms of a charge, which are written if they are new.
    pub(super) fn id(&mut self, db: &Connection, charge: &Charge) -> rusqlite::Result<i64> {
        let terms = Charge {
            amount: 0,
            ..charge.clone()
        };
        if let Some(id) = self.0.get(&terms) {
            return Ok(*id);
        }
        let text = rows::json(&terms)?;
        let key = terms.key.as_str();
        let mut known =
            db.prepare_cached("SELECT id FROM terms WHERE counter = ?1 AND terms = ?2")?;
        let known = known.query_row(params![key, text], |row| row.get(0));
        let id = match known.optional()? {
            Some(id) => id,
            None => {
                let insert = "INSERT INTO terms (counter, terms) VALUES (?1, ?2)";
                db.prepare_cached(insert)?.insert(params![key, text])?
            }
        };
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(terms, id);
        Ok(id)
    }

    /// Looks all of them up again: some may not be there any more.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
