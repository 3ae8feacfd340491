//! Charges as text: arguments of scripts, and what holds remember. [`decode`](super::decode) reads it back.

use super::LARGEST_AMOUNT;
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
    let (kind, cap, a, b) = rule(charge.rule);
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
fn rule(rule: Rule) -> (char, u64, i128, i128) {
    match counted(rule) {
        Rule::Bucket {
            capacity,
            refill,
            every,
        } => ('b', capacity, refill.into(), every.into()),
        Rule::Budget {
            cap,
            starts_at,
            ends_at,
        } => ('p', cap, starts_at.into(), ends_at.into()),
        Rule::Gauge { cap } => ('g', cap, 0, 0),
    }
}

/// The rule as the script counts: within 2^53.
pub(super) fn counted(rule: Rule) -> Rule {
    match rule {
        Rule::Bucket {
            capacity,
            refill,
            every,
        } => Rule::Bucket {
            capacity: capacity.min(LARGEST_AMOUNT),
            refill: refill.min(LARGEST_AMOUNT),
            every: every.clamp(1, LONGEST_EVERY),
        },
        Rule::Budget {
            cap,
            starts_at,
            ends_at,
        } => Rule::Budget {
            cap: cap.min(LARGEST_AMOUNT),
            starts_at,
            ends_at,
        },
        Rule::Gauge { cap } => Rule::Gauge {
            cap: cap.min(LARGEST_AMOUNT),
        },
    }
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
