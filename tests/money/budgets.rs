//! Budgets of projects and organizations, as code, as a file, and in headers.

use std::sync::Arc;

use tower_token_quota::prices::Price;
use tower_token_quota::{Demand, Limit, Policy, Quota, RejectionKind, Subject, Tier, Usage, Usd};

use crate::dollars::{chat, monthly, of, quota, usd};
use crate::support::Provider;

#[tokio::test]
async fn a_call_is_checked_against_its_projects_and_its_organizations_budget_in_one_step() {
    let policy = Policy::new()
        .tier(Tier::new("t"))
        .organization_limit(Limit::usd(usd("1000")).per_month().id("org"))
        .project("api", [Limit::usd(usd("500")).per_month().id("api")])
        .project("batch", [Limit::usd(usd("300")).per_month().id("batch")])
        .price("m", Price::per_million("1000000", "1000000").unwrap());
    let quota = quota(policy);
    let spend = async |project: &str, dollars: u64| {
        let subject = Subject::user("alice", "t").project(project);
        let demand = Demand::new("m").input_tokens(dollars).output_tokens(0);
        let hold = quota.reserve(&subject, demand).await?;
        hold.settle(Usage::new(dollars, 0));
        Ok::<(), tower_token_quota::Rejection>(())
    };
    spend("api", 50).await.unwrap();
    let status = async |project: &str, id: &str| {
        let subject = Subject::user("alice", "t").project(project);
        let limits = quota.status(&subject).await.unwrap();
        let limit = limits.into_iter().find(|limit| &*limit.id == id).unwrap();
        Usd::from_nanos(limit.remaining)
    };
    assert_eq!(status("api", "api").await, Usd::dollars(450));
    assert_eq!(status("api", "org").await, Usd::dollars(950));
    let refused = spend("api", 451).await.unwrap_err();
    assert_eq!(refused.limit_ids(), [Arc::from("api")]);
    assert_eq!(
        status("api", "org").await,
        Usd::dollars(950),
        "nothing was charged"
    );
    let unknown = spend("other", 1).await.unwrap_err();
    assert_eq!(unknown.kind, RejectionKind::UnknownSubject);
}

#[tokio::test]
async fn the_same_policy_as_a_file() {
    let policy = Policy::from_toml(
        r#"
        [organization]
        budget = { usd = "2000", per = "month" }
        [projects.web-app]
        budget = { usd = "1000", per = "month", soft = "800" }
        [projects.mobile-app]
        budget = { usd = "500", per = "month" }
        [tiers.enterprise]
        limits = [ { unit = "usd", amount = "5000", per = "month", scope = ["project"], alerts = [50, 75, 90, 100],
                     on_exhausted = { reply = "Usage limits reached; please try again later." } } ]
        [prices]
        "our-model" = { input = "0.10", output = "0.40", cached_input = "0.05" }
        "#,
    );
    let quota = Quota::new(policy.unwrap());
    let subject = Subject::user("alice", "enterprise").project("web-app");
    let limits = quota.status(&subject).await.unwrap();
    let ids: Vec<_> = limits
        .iter()
        .map(|limit| (&*limit.id, limit.scope[0]))
        .collect();
    assert_eq!(
        ids,
        [
            ("organization/usd/month", "organization"),
            ("projects.web-app/usd/month", "project"),
            ("projects.web-app/usd/month/soft", "project"),
            ("enterprise/usd/month", "project"),
        ]
    );
    let json = serde_json::to_string(&limits[2]).unwrap();
    assert!(
        json.contains(r#""unit":"usd""#) && json.contains(r#""amount":800,"#),
        "{json}"
    );
    let hold = quota.reserve(
        &subject,
        Demand::new("our-model").input_tokens(3).output_tokens(7),
    );
    hold.await.unwrap().settle(Usage::new(3, 7));
    let json = serde_json::to_string(&quota.status(&subject).await.unwrap()[0]).unwrap();
    assert!(json.contains(r#""used":0.0000031,"#), "{json}");
}

#[tokio::test]
async fn headers_tell_whole_micro_dollars() {
    let quota = of(monthly("0.5"));
    let answer = chat(&quota, &Provider::using(8, 10), "gpt-4o-mini", 10).await;
    let policy = answer.header("ratelimit-policy");
    assert!(
        policy.contains(r#""budget";q=500000;"#) && policy.contains(r#"qu="micro-usd""#),
        "{policy}"
    );
    assert!(
        answer
            .header("ratelimit")
            .starts_with(r#""budget";r=49999"#)
    );
}
