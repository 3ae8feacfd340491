//! A limit's table.

use ::toml::Spanned;
use serde::Deserialize;

use super::later;
use super::lines::Lines;
use super::value::{Amount, Every, Exhausted, Whole};
use crate::policy::error::At;
use crate::policy::glob::Globs;
use crate::policy::{Enforcement, Limit, PolicyError, Scope, Unit};

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
    enforcement: EnforcementName,
    on_exhausted: Option<Exhausted>,
    #[serde(default, rename = "alerts", deserialize_with = "later::alerts")]
    _alerts: (),
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
enum Per {
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
    capacity: Whole,
    refill: Whole,
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

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum EnforcementName {
    #[default]
    Hard,
    Soft,
    Shadow,
}

/// Makes a limit of its table, which is well-formed; whether it makes sense is checked later.
pub(super) fn read(file: Spanned<LimitFile>, lines: &Lines) -> Result<At<Limit>, PolicyError> {
    let At { line, it: file } = lines.place(file);
    let complain = |message: &str| PolicyError::new(line, message);
    let unit = lines.place(file.unit);
    let unit = unit.it.unit().ok_or_else(|| unit.error(later::NOT_YET))?;
    let amount = match file.amount.map(|amount| lines.place(amount)) {
        Some(at) => Some(at.it.whole().map_err(|wrong| at.error(wrong))?),
        None => None,
    };
    let mut limit = counted(unit, amount, file.per, file.bucket).map_err(complain)?;
    limit.id = file.id.map(Into::into);
    limit.scope = match file.scope {
        Some(parts) => Some(scope(&parts).ok_or_else(|| complain(EMPTY_SCOPE))?),
        None => None,
    };
    limit.models = file.models.map(Globs::new);
    limit.enforcement = file.enforcement.into();
    limit.on_exhausted = file.on_exhausted.map(|it| it.0).unwrap_or_default();
    Ok(At { line, it: limit })
}

/// The unit, the amount and the window.
fn counted(
    unit: Unit,
    amount: Option<u64>,
    per: Option<Per>,
    bucket: Option<Bucket>,
) -> Result<Limit, &'static str> {
    match (amount, per, bucket) {
        (Some(_), _, Some(_)) => {
            Err("`amount` and a bucket's `capacity` are the same; write one of them")
        }
        (_, Some(_), Some(_)) => Err("a limit is either `per` a time or a `bucket`, not both"),
        (None, _, None) => Err("the limit has no `amount`"),
        (None, None, Some(bucket)) => Ok(bucket.limit(unit)),
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

impl From<EnforcementName> for Enforcement {
    fn from(name: EnforcementName) -> Self {
        match name {
            EnforcementName::Hard => Self::Hard,
            EnforcementName::Soft => Self::Soft,
            EnforcementName::Shadow => Self::Shadow,
        }
    }
}

impl UnitName {
    /// `None` for dollars.
    fn unit(self) -> Option<Unit> {
        match self {
            Self::Requests => Some(Unit::Requests),
            Self::InputTokens => Some(Unit::InputTokens),
            Self::OutputTokens => Some(Unit::OutputTokens),
            Self::Tokens => Some(Unit::Tokens),
            Self::Concurrent => Some(Unit::Concurrent),
            Self::Usd => None,
        }
    }
}

impl Per {
    fn of(self, limit: Limit) -> Limit {
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
    fn limit(self, unit: Unit) -> Limit {
        Limit::of(unit, self.capacity.0).refilled_by(self.refill.0, self.every.0)
    }
}
