//! What was spent and saved, for people: the report.

use std::sync::Arc;

use serde::Serialize;

use super::record::timestamp;
use crate::money::Usd;
use crate::percent::Percent;
use crate::quota::LimitStatus;

/// What the running month has cost and saved so far, by [`Quota::report`](crate::Quota::report).
///
/// It becomes JSON by `serde_json::to_string` and its kin, with dollars as exact decimal numbers; `serde_json::to_value` would
/// make floats of them.
///
/// Budgets are read from the store: what is used of them is true over restarts and replicas, as far as the store is. All other
/// figures are those of the calls that this process has seen since it began, or its journal has kept; [`since`](Self::since) says when
/// that was. What refusals have saved is of this process in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// When the report was made, in microseconds since the Unix epoch (in JSON as RFC 3339).
    #[serde(serialize_with = "timestamp")]
    pub at: i64,
    /// The month that it is about, as `2026-11`, in the policy's time zone.
    pub month: String,
    /// When the month ends, as above.
    #[serde(serialize_with = "timestamp")]
    pub ends_at: i64,
    /// Since when calls have been seen, as above; `None` if there was none.
    #[serde(serialize_with = "maybe_timestamp")]
    pub since: Option<i64>,
    /// Every organization that the policy names or that has called, and [`DEFAULT_ORGANIZATION`](crate::DEFAULT_ORGANIZATION).
    pub organizations: Vec<OrganizationReport>,
}

/// What one organization has spent and saved in the month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OrganizationReport {
    /// Its name.
    pub organization: Arc<str>,
    /// Its monthly budget.
    #[serde(flatten)]
    pub budget: BudgetReport,
    /// What no project has of the organization's monthly budget; nothing where projects' budgets add up to more. `None`
    /// without a budget.
    pub unallocated: Option<Usd>,
    /// Its other limits in dollars that count it as a whole: soft ones, those of some models, of other periods.
    pub limits: Vec<LimitStatus>,
    /// Its calls.
    #[serde(flatten)]
    pub totals: Totals,
    /// Its projects: those that the policy declares, and those that have called.
    pub projects: Vec<ProjectReport>,
    /// Its models, the dearest first.
    pub models: Vec<ModelReport>,
}

/// What one project has spent and saved in the month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProjectReport {
    /// Its name.
    pub project: Arc<str>,
    /// Its monthly budget.
    #[serde(flatten)]
    pub budget: BudgetReport,
    /// Its other limits in dollars that count it as a whole.
    pub limits: Vec<LimitStatus>,
    /// Its calls.
    #[serde(flatten)]
    pub totals: Totals,
}

/// What one model has cost and saved in the month. One that was asked for and answered no call is here too, with what that saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ModelReport {
    /// Its canonical name, or `other` for all models beyond those that are told apart.
    pub model: Arc<str>,
    /// Calls that it answered; what is saved stands with the model that was asked for.
    #[serde(flatten)]
    pub totals: Totals,
}

/// A monthly budget: the least hard limit in dollars of the month that counts all models and all callers together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BudgetReport {
    /// How much there is; `None` without a budget.
    pub budget: Option<Usd>,
    /// What is booked of it; without a budget, what the calls that are known of have cost.
    pub used: Usd,
    /// What open holds have reserved beside it; `None` without a budget.
    pub held: Option<Usd>,
    /// What is left to reserve; debt shows as zero. `None` without a budget.
    pub remaining: Option<Usd>,
    /// What is used of it, rounded down; `None` without a budget.
    pub percent: Option<Percent>,
    /// How near its end that is.
    pub alert_level: BudgetLevel,
}

/// How much of a budget is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BudgetLevel {
    /// Less than half of it.
    Ok,
    /// Half of it or more.
    Info,
    /// Three quarters or more.
    Warning,
    /// Nine tenths or more.
    Critical,
    /// All of it, or more.
    Exhausted,
}

/// Calls, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Totals {
    /// Settled calls, those that nothing came of included.
    pub calls: u64,
    /// Tokens of prompts.
    pub input_tokens: u64,
    /// The part of them that was read from the provider's cache.
    pub cached_input_tokens: u64,
    /// Generated tokens.
    pub output_tokens: u64,
    /// What they cost.
    pub cost: Usd,
    /// The part of the cost that is unreconciled: booked at the most it may be, because the usage never came.
    pub unreconciled: Usd,
    /// Calls that used something that has no price: their cost is what is known of it.
    pub unpriced_calls: u64,
    /// What was not spent.
    pub saved: Saved,
}

/// What was not spent, at the prices of the models that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Saved {
    /// Calls that were refused because a quota was spent or could never have paid for them, canned replies included: the most
    /// that each could have cost. Who asks again is counted again.
    pub refused: Saving,
    /// Calls that were told to wait, by a rate limit or because too many were under way. They may have been made later: what
    /// they could have cost is put off rather than saved, and not in the [total](Self::total).
    pub put_off: Saving,
    /// Calls that a cheaper model answered: what the same usage would have cost of the asked one, less what it did.
    pub downgraded: Saving,
}

/// Calls, and dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Saving {
    /// How many.
    pub calls: u64,
    /// How much.
    pub cost: Usd,
}

impl Saved {
    /// What was saved by refusals and downgrades.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.refused.cost.saturating_add(self.downgraded.cost)
    }
}

impl Saving {
    pub(super) fn add(&mut self, cost: Usd) {
        self.calls = self.calls.saturating_add(1);
        self.cost = self.cost.saturating_add(cost);
    }
}

impl BudgetReport {
    pub(crate) fn of(limit: &LimitStatus) -> Self {
        let [budget, used, held, remaining] =
            [limit.amount, limit.used, limit.held, limit.remaining].map(Usd::from_nanos);
        Self {
            budget: Some(budget),
            used,
            held: Some(held),
            remaining: Some(remaining),
            percent: Percent::of(used, budget),
            alert_level: BudgetLevel::of(used, budget),
        }
    }

    pub(crate) fn without(used: Usd) -> Self {
        Self {
            budget: None,
            used,
            held: None,
            remaining: None,
            percent: None,
            alert_level: BudgetLevel::Ok,
        }
    }
}

impl BudgetLevel {
    /// The level of so much used of a budget.
    #[must_use]
    pub fn of(used: Usd, budget: Usd) -> Self {
        let reached =
            |percent: u128| u128::from(used.nanos()) * 100 >= u128::from(budget.nanos()) * percent;
        match () {
            () if reached(100) => Self::Exhausted,
            () if reached(90) => Self::Critical,
            () if reached(75) => Self::Warning,
            () if reached(50) => Self::Info,
            () => Self::Ok,
        }
    }

    /// The level's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Exhausted => "exhausted",
        }
    }
}

fn maybe_timestamp<S: serde::Serializer>(
    at: &Option<i64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => timestamp(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_reached_at_its_threshold_and_not_a_nano_dollar_before() {
        use BudgetLevel::{Critical, Exhausted, Info, Ok, Warning};
        let budget = Usd::dollars(1000);
        let before = |used: Usd| used.saturating_sub(Usd::from_nanos(1));
        for (dollars, below, level) in [
            (500, Ok, Info),
            (750, Info, Warning),
            (900, Warning, Critical),
            (1000, Critical, Exhausted),
        ] {
            let used = Usd::dollars(dollars);
            assert_eq!(BudgetLevel::of(before(used), budget), below);
            assert_eq!(BudgetLevel::of(used, budget), level);
        }
        assert_eq!(BudgetLevel::of(Usd::dollars(2000), budget), Exhausted);
        assert_eq!(BudgetLevel::of(Usd::MAX, Usd::MAX), Exhausted);
    }
}
