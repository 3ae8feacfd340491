//! What a process that ended left open.

use std::collections::HashMap;

use super::{Entry, JournalError, Kept, Storage};
use crate::store::arithmetic::Percents;
use crate::store::{Charge, CounterKey, Report, Reports, Settled, Settlement};

/// What was booked when a journal was opened, to be told of when somebody listens.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    settlements: Vec<Settlement>,
    crossed: Vec<Crossed>,
}

#[derive(Debug)]
struct Crossed {
    charge: Charge,
    percents: Percents,
    used: u64,
}

/// Reads a journal. The holds that are open in it are settled first, on disk: nobody else ever will.
///
/// They are booked as of when the process that had them was last heard of.
pub(super) fn recover(storage: &mut dyn Storage) -> Result<(Kept, Recovered), JournalError> {
    let mut before = storage.read()?;
    let open = std::mem::take(&mut before.open);
    if open.is_empty() {
        return Ok((before, Recovered::default()));
    }
    let until = before.past.until.unwrap_or_default();
    let settlements = open.into_iter().map(|hold| hold.recovered(until));
    let settlements: Vec<Settlement> = settlements.collect();
    for settlement in &settlements {
        storage.write(&Entry::Settled(settlement.clone()))?;
    }
    storage.sync()?;
    let after = storage.read()?;
    let crossed = crossed(&before, &after);
    let recovered = Recovered {
        settlements,
        crossed,
    };
    Ok((after, recovered))
}

/// The thresholds that were crossed between two readings.
fn crossed(before: &Kept, after: &Kept) -> Vec<Crossed> {
    let marks = before.counters.iter();
    let marks = marks.map(|counter| (&counter.charge.key, counter.state.crossed()));
    let marks: HashMap<&CounterKey, Percents> = marks.collect();
    let mut all = Vec::new();
    for counter in &after.counters {
        let charge = &counter.charge;
        let told = marks.get(&charge.key).copied().unwrap_or(Percents::NONE);
        let percents = counter.state.crossed().without(told);
        if !percents.is_empty() {
            let used = counter.state.balance(charge.rule, Default::default()).used;
            all.push(Crossed {
                charge: charge.clone(),
                percents,
                used,
            });
        }
    }
    all
}

impl Recovered {
    /// Tells of what was settled, and then of the thresholds that this crossed.
    pub(super) fn tell(&self, reports: &dyn Reports) {
        for settlement in &self.settlements {
            let how = Settled::Recovered;
            reports.report(Report::Settled { settlement, how });
        }
        for crossed in &self.crossed {
            for percent in crossed.percents.iter() {
                reports.report(Report::Crossed {
                    charge: &crossed.charge,
                    percent,
                    used: crossed.used,
                    record: None,
                });
            }
        }
    }

    /// How many holds were open.
    pub(super) fn holds(&self) -> usize {
        self.settlements.len()
    }
}
