//! A budget: a limit in dollars a month, and the soft one that warns before it.

use ::toml::Spanned;
use serde::Deserialize;

use super::limit::{Per, percents};
use super::lines::Lines;
use super::value::{Dollars, Exhausted, Whole};
use crate::policy::error::At;
use crate::policy::{Durability, Limit, OnStoreFailure, PolicyError};

#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a budget such as `{ usd = \"1000\", per = \"month\" }`"
)]
pub(super) struct BudgetFile {
    id: Option<String>,
    usd: Dollars,
    per: Option<Per>,
    soft: Option<Dollars>,
    alerts: Option<Spanned<Vec<Whole>>>,
    pace: Option<bool>,
    on_exhausted: Option<Exhausted>,
    on_store_failure: Option<OnStoreFailure>,
    durability: Option<Durability>,
}

/// The limits that a budget is, at the place where it stands.
pub(super) fn limits(
    section: &str,
    file: Option<Spanned<BudgetFile>>,
    lines: &Lines,
) -> Result<Vec<At<Limit>>, PolicyError> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let At { line, it: file } = lines.place(file);
    let per = file.per.unwrap_or(Per::Month);
    let mut hard = per.of(Limit::usd(file.usd.0));
    hard.id = file.id.clone().map(Into::into);
    hard.on_exhausted = file.on_exhausted.map(|it| it.0).unwrap_or_default();
    hard.pace = file.pace;
    hard.on_store_failure = file.on_store_failure;
    hard.durability = file.durability;
    if let Some(alerts) = file.alerts {
        hard.alerts = Some(percents(alerts, lines)?);
    }
    let mut limits = vec![At { line, it: hard }];
    if let Some(soft) = file.soft {
        if soft.0 > file.usd.0 {
            return Err(PolicyError::new(
                line,
                "`soft` is more than the budget itself, and would never warn",
            ));
        }
        let mut soft = per.of(Limit::usd(soft.0)).soft();
        let id = file
            .id
            .unwrap_or_else(|| format!("{section}/usd/{}", per.as_str()));
        soft.durability = file.durability;
        soft.id = Some(format!("{id}/soft").into());
        limits.push(At { line, it: soft });
    }
    Ok(limits)
}
