//! Thresholds that were crossed, from when it is decided under a lock until it is told with none held.

use super::counter::Slot;
use crate::clock::Moment;
use crate::store::{CallRecord, Charge, Report, Reports};

/// What was crossed, in order.
#[derive(Debug, Default)]
#[must_use = "a threshold is crossed once: nobody else tells of it"]
pub(super) struct Crossings(Vec<Crossing>);

#[derive(Debug)]
struct Crossing {
    charge: Charge,
    percent: u8,
    used: u64,
}

impl Crossings {
    /// Notes what a counter, whose lock is held and which was booked to, has crossed.
    pub(super) fn judge(&mut self, slot: &mut Slot, charge: &Charge, now: Moment) {
        for percent in slot.cross(charge, now).iter() {
            self.0.push(Crossing {
                charge: charge.clone(),
                percent,
                used: slot.balance(charge.rule, now).used,
            });
        }
    }

    pub(super) fn append(&mut self, mut later: Self) {
        self.0.append(&mut later.0);
    }

    pub(super) fn tell(&self, reports: &dyn Reports, record: Option<&CallRecord>) {
        for crossing in &self.0 {
            reports.report(Report::Crossed {
                charge: &crossing.charge,
                percent: crossing.percent,
                used: crossing.used,
                record,
            });
        }
    }
}
