//! What a store answers, before it is believed. Pure.

use super::share::is_bound;
use crate::store::{Decision, Reservation, StoreError};

/// A decision that is about this reservation: a store is not trusted with our indices.
pub(super) fn about(reservation: &Reservation, decision: Decision) -> Result<Decision, StoreError> {
    let candidates = &reservation.candidates;
    let is_ours = match &decision {
        Decision::Granted {
            candidate,
            balances,
            ..
        } => candidates.get(*candidate).map(Vec::len) == Some(balances.len()),
        Decision::Refused(refusals) => refusals.iter().all(|refusal| {
            let charges = candidates.get(refusal.candidate);
            charges
                .and_then(|charges| charges.get(refusal.charge))
                .is_some_and(is_bound)
        }),
        Decision::Closed | Decision::WrongPeriod => true,
    };
    let stranger = || StoreError("it decided on charges that it was not asked for".to_owned());
    is_ours.then_some(decision).ok_or_else(stranger)
}
