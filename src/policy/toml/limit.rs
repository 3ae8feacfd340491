//! A limit's table.

use ::toml::Spanned;
use serde::Deserialize;

use super::lines::Lines;
use super::value::{Amount, Every, Exhausted, Whole};
use crate::policy::error::At;
use crate::policy::glob::Globs;
use crate::policy::{Durability, Enforcement, Limit, OnStoreFailure, PolicyError, Scope, Unit};

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a limit such as `{ unit = \"tokens\", amount = 10_000, per = \"day\" }`"
)]
pub(super) struct LimitFile {
    id: Option<String>,
    unit: Spanned<UnitName>,
    amount: Option<Spanned<Amount>>,
    per: Option<Per>,
    bucket: Option<Bucket>,
    scope: Option<Vec<ScopeName>>,
    models: Option<Vec<String>>,
    #[serde(default)]
    enforcement: Enforcement,
    on_exhausted: Option<Exhausted>,
    alerts: Option<Spanned<Vec<Whole>>>,
    pace: Option<bool>,
    on_store_failure: Option<OnStoreFailure>,
    durability: Option<Durability>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum UnitName {
    Requests,
    InputTokens,
    OutputTokens,
    Tokens,
    Usd,
    Concurrent,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Per {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a bucket such as `{ capacity = 10_000, refill = 100, every = \"1s\" }`"
)]
struct Bucket {
    capacity: Amount,
    refill: Amount,
    every: Every,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum ScopeName {
    Organization,
    Project,
    User,
    Model,
}

/// Makes a limit of its table, which is well-formed; whether it makes sense is checked later.
pub(super) fn read(file: Spanned<LimitFile>, lines: &Lines) -> Result<At<Limit>, PolicyError> {
    let At { line, it: file } = lines.place(file);
    let complain = |message: String| PolicyError::new(line, message);
    let unit = lines.place(file.unit).it.into();
    let amount = match file.amount.map(|amount| lines.place(amount)) {
        Some(At { line, it }) => {
            Some(in_unit(unit, it).map_err(|wrong| PolicyError::new(line, wrong))?)
        }
        None => None,
    };
    let mut limit = counted(unit, amount, file.per, file.bucket).map_err(complain)?;
    limit.id = file.id.map(Into::into);
    limit.scope = match file.scope {
        Some(parts) => Some(scope(&parts).ok_or_else(|| complain(EMPTY_SCOPE.into()))?),
        None => None,
    };
    limit.models = file.models.map(Globs::new);
    limit.enforcement = file.enforcement;
    limit.on_exhausted = file.on_exhausted.map(|it| it.0).unwrap_or_default();
    limit.pace = file.pace;
    limit.on_store_failure = file.on_store_failure;
    limit.durability = file.durability;
    limit.alerts = match file.alerts {
        Some(alerts) => Some(percents(alerts, lines)?),
        None => None,
    };
    Ok(At { line, it: limit })
}

/// Dollars become nano-dollars.
fn in_unit(unit: Unit, amount: Amount) -> Result<u64, String> {
    match unit {
        Unit::Usd => amount.dollars(),
        _ => amount.whole().map_err(Into::into),
    }
}

/// Whether they make sense is checked later, as long as they can be written down.
pub(super) fn percents(alerts: Spanned<Vec<Whole>>, lines: &Lines) -> Result<Vec<u8>, PolicyError> {
    let alerts = lines.place(alerts);
    let percent = |percent: &Whole| u8::try_from(percent.0);
    let percents: Result<Vec<u8>, _> = alerts.it.iter().map(percent).collect();
    percents.map_err(|_| alerts.error("`alerts` are percents of the amount, from 1 to 100"))
}

/// The unit, the amount and the window.
fn counted(
    unit: Unit,
    amount: Option<u64>,
    per: Option<Per>,
    bucket: Option<Bucket>,
) -> Result<Limit, String> {
    match (amount, per, bucket) {
        (Some(_), _, Some(_)) => {
            Err("`amount` and a bucket's `capacity` are the same; write one of them".into())
        }
        (_, Some(_), Some(_)) => {
            Err("a limit is either `per` a time or a `bucket`, not both".into())
        }
        (None, _, None) => Err("the limit has no `amount`".into()),
        (None, None, Some(bucket)) => bucket.limit(unit),
        (Some(amount), Some(per), None) => Ok(per.of(Limit::of(unit, amount))),
        (Some(amount), None, None) => Ok(Limit::of(unit, amount)),
    }
}

const EMPTY_SCOPE: &str =
    "`scope` is empty; for one counter of a whole organization write `[\"organization\"]`";

fn scope(parts: &[ScopeName]) -> Option<Scope> {
    let part = |name: &ScopeName| match name {
        ScopeName::Organization => Scope::ORGANIZATION,
        ScopeName::Project => Scope::PROJECT,
        ScopeName::User => Scope::USER,
        ScopeName::Model => Scope::MODEL,
    };
    parts.iter().map(part).reduce(Scope::and)
}

impl From<UnitName> for Unit {
    fn from(name: UnitName) -> Self {
        match name {
            UnitName::Requests => Self::Requests,
            UnitName::InputTokens => Self::InputTokens,
            UnitName::OutputTokens => Self::OutputTokens,
            UnitName::Tokens => Self::Tokens,
            UnitName::Concurrent => Self::Concurrent,
            UnitName::Usd => Self::Usd,
        }
    }
}

impl Per {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    pub(super) fn of(self, limit: Limit) -> Limit {
        match self {
            Self::Second => limit.per_second(),
            Self::Minute => limit.per_minute(),
            Self::Hour => limit.per_hour(),
            Self::Day => limit.per_day(),
            Self::Week => limit.per_week(),
            Self::Month => limit.per_month(),
        }
    }
}

impl Bucket {
    fn limit(self, unit: Unit) -> Result<Limit, String> {
        let capacity = in_unit(unit, self.capacity)?;
        let refill = in_unit(unit, self.refill)?;
        Ok(Limit::of(unit, capacity).refilled_by(refill, self.every.0))
    }
}
