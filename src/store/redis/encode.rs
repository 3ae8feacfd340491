//! Charges as text: arguments of scripts, and what holds remember. [`decode`](super::decode) reads it back.

use super::names::Names;
use crate::policy::{Durability, Enforcement, OnStoreFailure};
use crate::store::{Adjustment, Charge, Rule, StoreError};

/// Beyond it, doubles do not count one by one. What is used stops here; what a limit allows has to be less.
pub(super) const TOP: u64 = 1 << 53;

/// The most microseconds in which a bucket refills once: the script's divisions have to leave room for their rests.
const LONGEST_EVERY: u64 = 1 << 50;

/// An amount as the script counts. One beyond 2^53 fits no limit.
pub(super) fn amount(amount: u64) -> String {
    amount.min(TOP).to_string()
}

/// `kind amount cap a b kept enforcement·downgrades·failure·durability alerts length`, then the counter's key without its
/// organization, which is so long, and the limit's id.
pub(super) fn charge(charge: &Charge, names: &Names) -> Result<String, StoreError> {
    let (kind, cap, a, b) = rule(charge)?;
    let suffix = names.suffix(&charge.key)?;
    let alerts: Vec<String> = charge.alerts.iter().map(|it| it.to_string()).collect();
    Ok(format!(
        "{kind} {amount} {cap} {a} {b} {kept} {enforcement}{downgrades}{failure}{durability} {alerts} {length} {suffix}{limit}",
        amount = amount(charge.amount),
        kept = u8::from(charge.kept_on_expiry),
        enforcement = enforcement(charge.enforcement),
        downgrades = u8::from(charge.downgrades),
        failure = failure(charge.on_store_failure),
        durability = durability(charge.durability),
        alerts = alerts.join(","),
        length = suffix.len(),
        limit = charge.limit,
    ))
}

/// Letter, cap, and two numbers: refill and every, or the period's bounds.
fn rule(charge: &Charge) -> Result<(char, u64, i128, i128), StoreError> {
    let (letter, a, b) = match charge.rule {
        Rule::Bucket { refill, every, .. } => {
            bounded(charge, "the refill", refill, TOP)?;
            bounded(charge, "the time of a refill", every, LONGEST_EVERY)?;
            ('b', refill.into(), every.max(1).into())
        }
        Rule::Budget {
            starts_at, ends_at, ..
        } => ('p', starts_at.into(), ends_at.into()),
        Rule::Gauge { .. } => ('g', 0, 0),
    };
    let cap = charge.rule.amount();
    bounded(charge, "the amount", cap, TOP - 1)?;
    Ok((letter, cap, a, b))
}

fn bounded(charge: &Charge, what: &str, number: u64, most: u64) -> Result<(), StoreError> {
    if number <= most {
        return Ok(());
    }
    let limit = &charge.limit;
    Err(StoreError(format!(
        "{what} of the limit `{limit}` is {number}, and Redis counts exactly to {most}"
    )))
}

fn enforcement(it: Enforcement) -> char {
    match it {
        Enforcement::Hard => 'h',
        Enforcement::Soft => 's',
        Enforcement::Shadow => 'd',
    }
}

fn failure(it: OnStoreFailure) -> char {
    match it {
        OnStoreFailure::Closed => 'c',
        OnStoreFailure::Open => 'o',
        OnStoreFailure::Local => 'l',
    }
}

fn durability(it: Durability) -> char {
    match it {
        Durability::Reserve => 'r',
        Durability::Settle => 's',
    }
}

/// The script's word for an adjustment, and its amount.
pub(super) fn adjustment(it: Adjustment) -> (&'static str, String) {
    match it {
        Adjustment::Credit(by) => ("credit", amount(by)),
        Adjustment::Debit(by) => ("debit", amount(by)),
        Adjustment::Reset => ("reset", amount(0)),
    }
}
