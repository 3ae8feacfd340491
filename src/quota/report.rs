//! What was spent and saved: budgets as the store has them, calls as the ledger does.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::engine::Engine;
use super::status::{LimitStatus, Looked, Looking, QuotaError};
use crate::clock::Moment;
use crate::money::Usd;
use crate::policy::{CheckedLimit, Period, Policy, Scope, Unit, Window, budget};
use crate::subject::{DEFAULT_ORGANIZATION, Subject};
use crate::watch::{
    Account, BudgetReport, ModelReport, OrganizationReport, ProjectReport, Report, Totals,
};

/// The report of every organization that is known.
pub(super) async fn report(engine: &Engine) -> Result<Report, QuotaError> {
    let (policy, now) = (engine.policy(), engine.now());
    let ledger = engine.ledger();
    let month = ledger.month(now.wall);
    let mut names: BTreeSet<Arc<str>> = ledger.organizations(month).into_iter().collect();
    names.extend(policy.organization_names().cloned());
    names.insert(DEFAULT_ORGANIZATION.into());
    let mut organizations = Vec::with_capacity(names.len());
    for name in names {
        organizations.push(organization(engine, &policy, now, &name).await?);
    }
    Ok(Report {
        at: now.wall,
        month: month.to_string(),
        ends_at: engine.span(Period::Month, now, &policy).ends_at,
        since: ledger.since(),
        organizations,
    })
}

/// The report of one organization.
pub(super) async fn of(engine: &Engine, name: &str) -> Result<OrganizationReport, QuotaError> {
    organization(engine, &engine.policy(), engine.now(), name).await
}

/// What each closed month has cost an organization, or one of its projects.
pub(super) fn history(
    engine: &Engine,
    organization: &str,
    project: Option<&str>,
) -> Vec<(String, Usd)> {
    let ledger = engine.ledger();
    let running = ledger.month(engine.now().wall);
    let months = ledger.history(organization, project, running);
    months
        .into_iter()
        .map(|(month, cost)| (month.to_string(), cost))
        .collect()
}

async fn organization(
    engine: &Engine,
    policy: &Policy,
    now: Moment,
    name: &str,
) -> Result<OrganizationReport, QuotaError> {
    let ledger = engine.ledger();
    let account = ledger.account(ledger.month(now.wall), name);
    let projects = project_names(policy, &account);
    let sections = Section::all(policy, name, &projects);
    let mut read = read(engine, policy, now, &sections).await?.into_iter();
    let (budget, limits) = read.next().unwrap_or_default();
    let projects: Vec<_> = projects
        .into_iter()
        .zip(read)
        .map(|(project, (budget, limits))| {
            let totals = account.projects.get(&project).copied().unwrap_or_default();
            ProjectReport {
                budget: budget.unwrap_or_else(|| BudgetReport::without(totals.cost)),
                project,
                limits,
                totals,
            }
        })
        .collect();
    let allocated: Usd = projects.iter().filter_map(|of| of.budget.budget).sum();
    let whole = budget.as_ref().and_then(|own| own.budget);
    Ok(OrganizationReport {
        organization: name.into(),
        unallocated: whole.map(|whole| whole.saturating_sub(allocated)),
        budget: budget.unwrap_or_else(|| BudgetReport::without(account.totals.cost)),
        limits,
        totals: account.totals,
        projects,
        models: models(account),
    })
}

fn project_names(policy: &Policy, account: &Account) -> BTreeSet<Arc<str>> {
    let declared = policy.projects().keys();
    declared.chain(account.projects.keys()).cloned().collect()
}

/// The dearest first.
fn models(account: Account) -> Vec<ModelReport> {
    let report = |(model, totals): (Arc<str>, Totals)| ModelReport { model, totals };
    let mut models: Vec<_> = account.models.into_iter().map(report).collect();
    models.sort_by_key(|model| std::cmp::Reverse(model.totals.cost));
    models
}

/// The limits of a project or of an organization.
struct Section<'p> {
    subject: Subject,
    limits: &'p [CheckedLimit],
    scope: Scope,
}

/// A section's monthly budget, and its other limits in dollars, as they stand.
type Read = (Option<BudgetReport>, Vec<LimitStatus>);

/// Reads all sections at once.
async fn read(
    engine: &Engine,
    policy: &Policy,
    now: Moment,
    sections: &[Section<'_>],
) -> Result<Vec<Read>, QuotaError> {
    let looked: Vec<_> = sections
        .iter()
        .map(|section| section.looked(engine, policy, now))
        .collect();
    let charges = looked.iter().flatten().map(|one| one.charge.clone());
    let mut balances = engine.peek(charges.collect(), now).await?.into_iter();
    let each = sections.iter().zip(looked);
    Ok(each
        .map(|(section, looked)| {
            let of = looked.iter().zip(&mut balances);
            section.read(of.map(|(one, balance)| one.status(balance, now)).collect())
        })
        .collect())
}

impl<'p> Section<'p> {
    /// The organization's own, then its projects'.
    fn all(policy: &'p Policy, organization: &str, projects: &BTreeSet<Arc<str>>) -> Vec<Self> {
        let subject = Subject::new("").organization(organization);
        let whole = Self {
            limits: policy.organization_limits(organization),
            scope: Scope::ORGANIZATION,
            subject: subject.clone(),
        };
        let part = |name: &Arc<str>| Self {
            limits: policy.projects().get(name).map_or(&[], Vec::as_slice),
            scope: Scope::PROJECT,
            subject: subject.clone().project(name),
        };
        std::iter::once(whole)
            .chain(projects.iter().map(part))
            .collect()
    }

    /// The counters in dollars of all of the section's callers together.
    fn looked<'a>(
        &'a self,
        engine: &'a Engine,
        policy: &'a Policy,
        now: Moment,
    ) -> Vec<Looked<'a>> {
        let looking = Looking::at_time(engine, policy, &self.subject, now);
        let limits = self.limits.iter().filter(|limit| {
            limit.unit == Unit::Usd
                && limit.scope == self.scope
                && matches!(limit.window, Window::Calendar(_))
        });
        limits.map(|limit| looking.at(limit, None)).collect()
    }

    fn read(&self, mut limits: Vec<LimitStatus>) -> Read {
        let budget = budget(self.limits, Period::Month, self.scope)
            .and_then(|budget| limits.iter().position(|limit| limit.id == budget.id))
            .map(|position| BudgetReport::of(&limits.remove(position)));
        (budget, limits)
    }
}
