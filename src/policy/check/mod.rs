//! Makes a policy of what was written, or says what is wrong with it.
//!
//! Policies in code and in files come through here alike: no rule stands anywhere else.

mod aliases;
mod budgets;
mod ids;
mod keys;
mod ladder;
mod limit;
mod tier;

pub(crate) use budgets::budget;
pub(crate) use limit::CheckedLimit;
pub(crate) use tier::CheckedTier;

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::builder::Section;
use super::error::At;
use super::models::Models;
use crate::prices::Prices;

use super::{AsWritten, Limit, Policy, PolicyBuilder, PolicyError};
use ids::Ids;
use limit::Home;
use tier::Tiers;

type Sections = BTreeMap<Arc<str>, Vec<CheckedLimit>>;

pub(super) fn policy(written: PolicyBuilder) -> Result<Policy, PolicyError> {
    let as_written = written.clone();
    let zone = zone(&written.timezone)?;
    let aliases = aliases::check(&written.aliases)?;
    let instances = instances(&written.instances)?;
    let record_days = record_days(&written.record_days)?;
    let mut ids = Ids::default();

    let tiers = tier::check(&written.tiers, &aliases, &mut ids)?;
    let mut projects = Sections::new();
    for section in &written.projects {
        let home = Home::project(&section.it.name);
        let limits = limits(&home, &section.it.limits, &tiers, &mut ids)?;
        declare("project", section, limits, &mut projects)?;
    }
    let home = Home::organization();
    let organization = limits(&home, &written.organization, &tiers, &mut ids.clone())?;
    let mut organizations = Sections::new();
    for section in &written.organizations {
        // An organization's own limits stand in place of everyone's, so they may have the same ids: then a bigger
        // budget for one of them keeps what it has used.
        let limits = limits(&home, &section.it.limits, &tiers, &mut ids.clone())?;
        declare("organization", section, limits, &mut organizations)?;
    }
    if !written.overcommit {
        let own = projects
            .iter()
            .map(|(name, limits)| (name, limits.as_slice()));
        for whole in std::iter::once(&organization).chain(organizations.values()) {
            let last = written.projects.last().and_then(|section| section.line);
            budgets::fit(whole, own.clone()).map_err(|message| PolicyError::new(last, message))?;
        }
    }
    let keys = keys::check(written.keys, &tiers, &projects)?;
    let mut prices = written.prices.unwrap_or_else(Prices::built_in);
    for given in written.given_prices {
        let (model, price) = given.it;
        prices = prices.with(&model, price);
    }

    Ok(Policy {
        zone,
        unknown_calls: written.unknown_calls.unwrap_or_default(),
        ask_stream_usage: written.ask_stream_usage,
        models: Models::new(aliases, prices),
        organization,
        organizations,
        projects,
        tiers,
        keys,
        unpriced: written.unpriced,
        service_tier: written.service_tier,
        instances,
        record_days,
        written: AsWritten(as_written),
    })
}

fn zone(name: &At<String>) -> Result<TimeZone, PolicyError> {
    TimeZone::get(&name.it).map_err(|_| {
        name.error(format!(
            "time zone `{}` is unknown; write an IANA name such as `Europe/Berlin` or `UTC`",
            name.it
        ))
    })
}

fn instances(written: &At<u64>) -> Result<NonZeroU64, PolicyError> {
    NonZeroU64::new(written.it)
        .ok_or_else(|| written.error("`instances` is how many share the store, at least 1"))
}

fn record_days(written: &At<u64>) -> Result<u32, PolicyError> {
    let days = u32::try_from(written.it).ok().filter(|days| *days > 0);
    days.ok_or_else(|| {
        written.error("`record_days` is for how many days to keep records, at least 1")
    })
}

/// The limits of a project or of an organization.
fn limits(
    home: &Home,
    written: &[At<Limit>],
    tiers: &Tiers,
    ids: &mut Ids,
) -> Result<Vec<CheckedLimit>, PolicyError> {
    let mut checked = Vec::with_capacity(written.len());
    for limit in written {
        let ladders = tiers.values().flat_map(|tier| &tier.ladders);
        checked.push(limit::check(home, limit, ladders, ids)?);
    }
    Ok(checked)
}

fn declare(
    kind: &str,
    section: &At<Section>,
    limits: Vec<CheckedLimit>,
    sections: &mut Sections,
) -> Result<(), PolicyError> {
    let name = &section.it.name;
    ids::name(kind, name).map_err(|message| section.error(message))?;
    match sections.insert(Arc::clone(name), limits) {
        None => Ok(()),
        Some(_) => Err(section.error(format!("{kind} `{name}` is declared twice"))),
    }
}

#[cfg(test)]
mod tests;
