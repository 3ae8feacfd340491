//! Charges, as those who hand them to a store themselves make them.

use tower_token_quota::policy::{Durability, Enforcement, OnStoreFailure};
use tower_token_quota::store::arithmetic::Percents;
use tower_token_quota::store::{Charge, CounterKey, Rule};

/// One, on a counter of the organization `default` that these parts name.
pub(crate) fn charge(limit: &str, rule: Rule, parts: &[(&'static str, &str)]) -> Charge {
    Charge {
        key: CounterKey::new("default", parts),
        limit: limit.into(),
        rule,
        enforcement: Enforcement::Hard,
        downgrades: false,
        amount: 1,
        kept_on_expiry: false,
        alerts: Percents::NONE,
        on_store_failure: OnStoreFailure::Closed,
        durability: Durability::Settle,
    }
}
