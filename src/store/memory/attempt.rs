//! The decision on one call, tried out on copies of its counters.

use super::counter::{Locked, Slot};
use super::counters::{Few, Named};
use super::record::{Charged, Record, Share};
use crate::clock::Moment;
use crate::store::arithmetic::Verdict;
use crate::store::{Balance, Charge, Refusal};

/// The counters that a call names, all locked.
///
/// A candidate is tried on copies, and only those of one that fits are written back: a refused call changes
/// nothing.
pub(super) struct Trial<'a> {
    named: &'a Named,
    counters: Few<Tried<'a>>,
}

/// A counter, and what it shall be.
struct Tried<'a> {
    locked: Locked<'a>,
    draft: Slot,
}

/// A candidate that fits.
pub(super) struct Fit {
    pub(super) record: Record,
    /// The counter of each charge, in order, as it shall be.
    pub(super) balances: Vec<Balance>,
}

impl<'a> Trial<'a> {
    pub(super) fn lock(named: &'a Named) -> Self {
        let lock = |locked: Locked<'a>| Tried {
            draft: locked.slot(),
            locked,
        };
        let counters = named.in_order();
        Self {
            named,
            counters: counters.map(|counter| lock(counter.lock())).collect(),
        }
    }

    /// Tries the candidates in order, and makes the counters what the first that fits makes of them. One that does not
    /// passes the search on if each charge that refuses it says so.
    pub(super) fn first_fit<C: AsRef<[Charge]>>(
        &mut self,
        candidates: &[C],
        now: Moment,
    ) -> Result<Fit, Vec<Refusal>> {
        let mut refused = Vec::new();
        let mut places = &self.named.places[..];
        for (candidate, charges) in candidates.iter().map(AsRef::as_ref).enumerate() {
            let here;
            (here, places) = places.split_at(charges.len());
            let refusals = match self.attempt(candidate, charges, here, now) {
                Ok(fit) => {
                    self.write();
                    return Ok(fit);
                }
                Err(refusals) => refusals,
            };
            let passed_on = refusals.iter().all(|by| charges[by.charge].downgrades);
            refused.extend(refusals);
            if !passed_on {
                break;
            }
        }
        Err(refused)
    }

    fn write(&mut self) {
        for Tried { locked, draft } in &mut self.counters {
            locked.write(draft);
        }
    }

    fn undo(&mut self) {
        for Tried { locked, draft } in &mut self.counters {
            *draft = locked.slot();
        }
    }

    /// Charges one after the other, so that two on the same counter add up.
    fn attempt(
        &mut self,
        candidate: usize,
        charges: &[Charge],
        places: &[usize],
        now: Moment,
    ) -> Result<Fit, Vec<Refusal>> {
        let mut charged = Vec::with_capacity(charges.len());
        let mut refusals = Vec::new();
        for (position, (charge, &place)) in charges.iter().zip(places).enumerate() {
            let Tried { locked, draft } = &mut self.counters[place];
            let share = match draft.reserve(charge, now) {
                Verdict::Applied(held) => Share::Applied(held),
                Verdict::WouldBlock => Share::WouldBlock(charge.rule),
                Verdict::Refused { reason, wait } => {
                    refusals.push(Refusal {
                        candidate,
                        charge: position,
                        reason,
                        balance: locked.balance(charge.rule, now),
                        wait,
                    });
                    continue;
                }
            };
            charged.push(Charged {
                counter: self.named.at(place).clone(),
                share,
                alerting: (!charge.alerts.is_empty()).then(|| Box::new(charge.clone())),
            });
        }
        if !refusals.is_empty() {
            self.undo();
            return Err(refusals);
        }
        let drafts = places.iter().map(|&place| &self.counters[place].draft);
        let balances = drafts.zip(charges);
        let balances = balances.map(|(draft, charge)| draft.balance(charge.rule, now));
        Ok(Fit {
            balances: balances.collect(),
            record: Record {
                candidate,
                charges: charged.into(),
            },
        })
    }
}
