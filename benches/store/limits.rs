//! The limits of a user, of all kinds, that nobody reaches.

use tower_token_quota::store::{Charge, Rule};

use crate::charge::charge;

const MINUTE: u64 = 60_000_000;
const PLENTY: u64 = 1 << 50;
const KINDS: [(&str, &str, Rule); 4] = [
    ("pro/requests/minute", "requests", bucket()),
    ("pro/tokens/minute", "tokens", bucket()),
    ("pro/tokens/day", "tokens", day()),
    ("pro/concurrent/gauge", "concurrent", gauge()),
];

const fn bucket() -> Rule {
    Rule::Bucket {
        capacity: PLENTY,
        refill: PLENTY,
        every: MINUTE,
    }
}

const fn day() -> Rule {
    Rule::Budget {
        cap: PLENTY,
        starts_at: 0,
        ends_at: i64::MAX,
    }
}

const fn gauge() -> Rule {
    Rule::Gauge { cap: PLENTY }
}

/// So many limits of one user, of all kinds in turn.
pub(crate) fn charges(user: usize, limits: usize) -> Vec<Charge> {
    let charge = |number: usize| {
        let (limit, unit, rule) = KINDS[number % KINDS.len()];
        let id = format!("{limit}/{:02}", number / KINDS.len());
        let user = format!("user-{user:07}");
        charge(
            &id,
            rule,
            &[("limit", &id), ("unit", unit), ("user", &user)],
        )
    };
    (0..limits).map(charge).collect()
}
