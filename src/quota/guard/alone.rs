//! Deciding without the store, by the rules of the limits.

use std::num::NonZeroU64;

use super::decided::{Decided, Degraded};
use super::known::Known;
use super::share::{Share, is_bound, is_closed};
use crate::policy::OnStoreFailure;
use crate::store::{Balance, Charge, Decision, HoldId, Refusal, Reservation, StoreError};

/// Decides on a call by what is known. The hold gets an id that the store was never asked with.
///
/// Candidates are tried up to the first with a closed limit: what comes after it nobody can know.
///
/// # Errors
/// When a limit is closed without the store.
pub(super) fn decide(
    known: &Known,
    id: HoldId,
    reservation: &Reservation,
    instances: NonZeroU64,
) -> Result<Decided, StoreError> {
    let all = &reservation.candidates;
    let closed = |charges: &Vec<Charge>| charges.iter().any(is_closed);
    let open = all.iter().position(closed).unwrap_or(all.len());
    let own = |charge: &Charge| Share::of(charge, instances).charge(charge);
    let own = |charges: &Vec<Charge>| charges.iter().map(own).collect();
    let decision = known.grant(&Reservation {
        id,
        candidates: all[..open].iter().map(own).collect(),
        ..reservation.clone()
    });
    let (tried, decision) = match decision {
        Decision::Granted {
            candidate,
            balances,
            would_block,
        } => {
            let charges = &all[candidate];
            let granted = Decision::Granted {
                candidate,
                balances: whole_balances(charges, &balances, instances),
                would_block,
            };
            (std::slice::from_ref(charges), granted)
        }
        Decision::Refused(refusals) => {
            if open < all.len() && passes_on(&all[..open], &refusals) {
                return Err(closed_limit());
            }
            let refusals = whole_refusals(all, &refusals, instances).ok_or_else(closed_limit)?;
            (&all[..open], Decision::Refused(refusals))
        }
        Decision::Closed | Decision::WrongPeriod => return Err(closed_limit()),
    };
    let rule = strictest(tried);
    Ok(Decided {
        decision,
        degraded: Some(Degraded { id, rule }),
    })
}

/// The counters of charges, as parts of the whole amounts.
fn whole_balances(charges: &[Charge], own: &[Balance], instances: NonZeroU64) -> Vec<Balance> {
    charges
        .iter()
        .zip(own)
        .map(|(charge, own)| Share::of(charge, instances).balance(charge, own))
        .collect()
}

/// Why charges were refused, by the whole amounts; nothing where one is only too large for its share.
fn whole_refusals(
    candidates: &[Vec<Charge>],
    own: &[Refusal],
    instances: NonZeroU64,
) -> Option<Vec<Refusal>> {
    let whole = |refusal: &Refusal| {
        let charge = &candidates[refusal.candidate][refusal.charge];
        Share::of(charge, instances).refusal(charge, refusal)
    };
    own.iter().map(whole).collect()
}

/// Whether all candidates were refused by limits that downgrade, so that the next one's turn has come.
fn passes_on(candidates: &[Vec<Charge>], refusals: &[Refusal]) -> bool {
    refusals
        .iter()
        .all(|by| candidates[by.candidate][by.charge].downgrades)
}

/// The strictest rule of the limits that took part: none of them is closed.
fn strictest(tried: &[Vec<Charge>]) -> OnStoreFailure {
    let mut bound = tried.iter().flatten().filter(|charge| is_bound(charge));
    if bound.any(|charge| charge.on_store_failure == OnStoreFailure::Local) {
        OnStoreFailure::Local
    } else {
        OnStoreFailure::Open
    }
}

fn closed_limit() -> StoreError {
    StoreError("a limit of the call needs it".to_owned())
}
