//! Budgets: an organization of 1000 dollars a month, of which the project `api` has 500 and `batch` 300.
//!
//! ```sh
//! cargo run --example budgets
//! ```
//!
//! It plays an exercise that is often set: spend 50, then ten times 45, then once too much; and asks for more. The model costs a
//! dollar for a token, so that figures are plain. After the first 50 dollars 450 of the project's remain, and **950** of the
//! organization's: 1000 less the 50 that were spent. (Where the exercise says 850, it is wrong: that is what remains after 150,
//! and its own code prints 950. Budgets of projects are shares of the organization's, and take nothing off it until they are
//! spent: 800 are allocated and 200 are not, before and after.)

use tower_token_quota::prices::Price;
use tower_token_quota::watch::{
    Alert, Alerts, BudgetReport, IncreaseRequest, OrganizationReport, UsageRecords,
};
use tower_token_quota::{
    DEFAULT_ORGANIZATION, Demand, Limit, Policy, Quota, Rejection, Subject, Tier, Usage, Usd,
};

type Failure = Box<dyn std::error::Error>;

const MODEL: &str = "dollar-a-token";

fn policy() -> Result<Policy, Failure> {
    let monthly = |dollars| Limit::usd(Usd::dollars(dollars)).per_month();
    let policy = Policy::new()
        .organization_limit(monthly(1000))
        .project("api", [monthly(500)])
        .project("batch", [monthly(300)])
        .tier(Tier::new("team"))
        .price(MODEL, Price::per_million("1000000", "1000000")?);
    Ok(policy.build()?)
}

/// A call of a project that costs so many dollars.
async fn spend(quota: &Quota, project: &str, dollars: u64) -> Result<(), Rejection> {
    let subject = Subject::user("alice", "team").project(project);
    let demand = Demand::new(MODEL).input_tokens(dollars).output_tokens(0);
    let hold = quota.reserve(&subject, demand).await?;
    // Here the model would be called.
    hold.settle(Usage::new(dollars, 0));
    Ok(())
}

/// How the organization and one of its projects stand.
async fn standing(quota: &Quota, project: &str) -> Result<(BudgetReport, BudgetReport), Failure> {
    let OrganizationReport {
        budget, projects, ..
    } = quota.report_of(DEFAULT_ORGANIZATION).await?;
    let project = projects.iter().find(|of| &*of.project == project);
    let project = project.ok_or("no such project")?.budget;
    Ok((budget, project))
}

async fn show(quota: &Quota, what: &str) -> Result<(), Failure> {
    let (all, api) = standing(quota, "api").await?;
    let remaining = |budget: BudgetReport| budget.remaining.unwrap_or_default();
    println!(
        "{what}: api {} remaining ({}), in all {} remaining ({})",
        remaining(api),
        api.alert_level.as_str(),
        remaining(all),
        all.alert_level.as_str(),
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let records = UsageRecords::new(1_024);
    let mut records_of_calls = records.subscribe();
    let alerts = Alerts::new().to(|alert: &Alert| println!("  {}: {alert}", alert.level));
    let quota = Quota::new(policy()?)
        .observer(records)
        .observer(alerts.clone());

    spend(&quota, "api", 50).await?;
    show(&quota, "after $50").await?;
    for _ in 0..10 {
        spend(&quota, "api", 45).await?;
    }
    // They are told on a thread of their own.
    if !alerts.flush(std::time::Duration::from_secs(5)) {
        println!("some alerts are still to be told");
    }
    show(&quota, "after ten of $45").await?;

    if let Err(refused) = spend(&quota, "api", 100).await {
        println!("\n$100 more of api are refused: {refused}");
    }
    match spend(&quota, "batch", 100).await {
        Ok(()) => println!("$100 of batch are not: it has a budget of its own"),
        Err(refused) => println!("{refused}"),
    }

    let report = serde_json::to_string_pretty(&quota.report().await?)?;
    println!("\nthe report:\n{report}");

    if let Ok(record) = records_of_calls.try_recv() {
        let record = serde_json::to_string(&record)?;
        println!("\nthe first usage record:\n{record}");
    }

    // Months that this process has not seen come from wherever usage records are kept; `Quota::history` has those it has.
    let months = [300, 360, 450].map(Usd::dollars);
    let request = IncreaseRequest::new("api", Usd::dollars(500), Usd::dollars(800), &months);
    println!(
        "\nasking for more:\n{}\n{}",
        serde_json::to_string_pretty(&request)?,
        request.recommendation
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tower_token_quota::watch::{AlertKind, BudgetLevel, Recommendation};
    use tower_token_quota::{Percent, RejectionKind};

    use super::*;

    fn percent(percent: i64) -> Option<Percent> {
        Some(Percent::from_millionths(percent * 10_000))
    }

    #[tokio::test]
    async fn the_worked_example() -> Result<(), Failure> {
        let quota = Quota::new(policy()?);
        spend(&quota, "api", 50).await?;
        let (all, api) = standing(&quota, "api").await?;
        assert_eq!(api.remaining, Some(Usd::dollars(450)));
        assert_eq!(all.remaining, Some(Usd::dollars(950)));
        assert_eq!(
            (all.used, all.alert_level),
            (Usd::dollars(50), BudgetLevel::Ok)
        );

        for _ in 0..10 {
            spend(&quota, "api", 45).await?;
        }
        let (all, api) = standing(&quota, "api").await?;
        assert_eq!((all.used, all.percent), (Usd::dollars(500), percent(50)));
        assert_eq!((api.used, api.percent), (Usd::dollars(500), percent(100)));
        assert_eq!(
            (all.alert_level, api.alert_level),
            (BudgetLevel::Info, BudgetLevel::Exhausted)
        );
        Ok(())
    }

    #[tokio::test]
    async fn each_budget_alerts_once_at_each_threshold() -> Result<(), Failure> {
        let (sender, told) = std::sync::mpsc::channel();
        let alerts = Alerts::new().to(move |alert: &Alert| {
            if let AlertKind::Threshold { percent } = alert.kind {
                // Whoever listens may be gone.
                let _ = sender.send((alert.limit.to_string(), percent));
            }
        });
        let quota = Quota::new(policy()?).observer(alerts.clone());
        spend(&quota, "api", 50).await?;
        for _ in 0..10 {
            spend(&quota, "api", 45).await?;
        }
        assert!(alerts.flush(std::time::Duration::from_secs(60)));
        let mut told: Vec<(String, u8)> = told.try_iter().collect();
        told.sort();
        let of = |limit: &str, percent| (format!("{limit}/usd/month"), percent);
        let expected = [
            of("organization", 50),
            of("projects.api", 50),
            of("projects.api", 75),
            of("projects.api", 90),
        ];
        assert_eq!(told, expected);
        Ok(())
    }

    #[tokio::test]
    async fn a_refusal_names_the_budget_that_is_spent_and_changes_nothing() -> Result<(), Failure> {
        let quota = Quota::new(policy()?);
        spend(&quota, "api", 500).await?;
        let before = quota.report_of(DEFAULT_ORGANIZATION).await?.budget;
        let refused = spend(&quota, "api", 100).await.err().ok_or("it passed")?;
        assert_eq!(refused.kind, RejectionKind::QuotaSpent);
        assert_eq!(refused.limit_ids(), [Arc::from("projects.api/usd/month")]);
        assert!(
            refused.message.contains("projects.api/usd/month")
                && refused.message.contains("$500.00 allowed"),
            "{refused}"
        );
        let report = quota.report_of(DEFAULT_ORGANIZATION).await?;
        assert_eq!(report.budget, before);
        assert_eq!(report.totals.saved.refused.cost, Usd::dollars(100));
        spend(&quota, "batch", 100).await?;
        assert!(
            spend(&quota, "other", 1).await.is_err(),
            "no project of that name"
        );
        Ok(())
    }

    #[tokio::test]
    async fn what_is_not_allocated_does_not_change_by_what_is_spent() -> Result<(), Failure> {
        let quota = Quota::new(policy()?);
        for _ in 0..2 {
            let report = quota.report_of(DEFAULT_ORGANIZATION).await?;
            assert_eq!(report.unallocated, Some(Usd::dollars(200)));
            spend(&quota, "batch", 300).await.ok();
        }
        Ok(())
    }

    #[test]
    fn more_than_the_organization_has_cannot_be_allocated() {
        let monthly = |dollars| Limit::usd(Usd::dollars(dollars)).per_month();
        let policy = Policy::new()
            .organization_limit(monthly(1000))
            .project("api", [monthly(500)])
            .project("batch", [monthly(501)])
            .tier(Tier::new("team"));
        assert!(policy.build().is_err());
    }

    #[test]
    fn an_increase_is_asked_for_with_the_figures_that_speak_for_it() {
        let months = [300, 360, 450].map(Usd::dollars);
        let request = IncreaseRequest::new("api", Usd::dollars(500), Usd::dollars(800), &months);
        assert_eq!(request.increase, percent(60));
        // 20 % and 25 %.
        assert_eq!(request.growth, Percent::from_millionths(225_000));
        assert_eq!(request.average, Usd::dollars(370));
        // 370 × 1.225 × 1.5
        assert_eq!(request.projected_need.decimal(), "679.875");
        assert_eq!(request.recommendation, Recommendation::Justify);
    }
}
