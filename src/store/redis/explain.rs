//! Why a call was refused, from the counters that refused it: the script decides, and the same arithmetic tells the reasons.

use std::collections::HashMap;

use super::decode::{self, senseless};
use super::encode;
use crate::clock::Moment;
use crate::store::arithmetic::{State, Verdict};
use crate::store::{Charge, CounterKey, Refusal, StoreError};

/// The refusals of one candidate; `lines` are the counters of its charges as they stand.
pub(super) fn refusals(
    candidate: usize,
    charges: &[Charge],
    lines: &[String],
    now: Moment,
) -> Result<Vec<Refusal>, StoreError> {
    let mut drafts: HashMap<&CounterKey, State> = HashMap::new();
    let mut refusals = Vec::new();
    for (position, (charge, line)) in charges.iter().zip(lines).enumerate() {
        let before = decode::state(line, charge.rule, now)?;
        let draft = drafts.entry(&charge.key).or_insert(before);
        // It was decided as the script counts.
        let counted = Charge {
            rule: encode::counted(charge.rule),
            ..charge.clone()
        };
        if let Verdict::Refused { reason, wait } = draft.reserve(&counted, now) {
            refusals.push(Refusal {
                candidate,
                charge: position,
                reason,
                balance: before.balance(charge.rule, now),
                wait,
            });
        }
    }
    match refusals.is_empty() {
        false => Ok(refusals),
        true => Err(senseless("a counter that refuses")),
    }
}
