//! Projects and tiers that come while calls do.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::watch::Events;
use support::{NOON, quota_of};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::prices::Price;
use tower_token_quota::{
    Demand, Limit, Policy, Quota, Rejection, RejectionKind, Subject, Tier, Usage, Usd,
};

fn monthly(dollars: u64) -> Limit {
    Limit::usd(Usd::dollars(dollars)).per_month()
}

/// An organization with $1000 a month, of which one project has $500.
fn budgets() -> Quota {
    let policy = Policy::new()
        .tier(Tier::new("t"))
        .organization_limit(monthly(1_000).id("org"))
        .project("api", [monthly(500).id("api")])
        .price("m", Price::per_million("1000000", "1000000").unwrap());
    quota_of(policy, &FakeClock::at(NOON))
}

fn of(project: &str) -> Subject {
    Subject::user("alice", "t").project(project)
}

async fn spend(quota: &Quota, subject: &Subject, dollars: u64) -> Result<(), Rejection> {
    let demand = Demand::new("m").input_tokens(dollars).output_tokens(0);
    let hold = quota.reserve(subject, demand).await?;
    hold.settle(Usage::new(dollars, 0));
    Ok(())
}

fn used(quota: &Quota, project: &str, id: &str) -> Usd {
    let limits = support::status(quota, &of(project));
    let limit = limits.iter().find(|limit| &*limit.id == id).unwrap();
    Usd::from_nanos(limit.used)
}

#[tokio::test]
async fn p10_a_project_can_be_added_and_what_was_used_stays() {
    let events = Events::default();
    let quota = budgets().observer(events.clone());
    spend(&quota, &of("api"), 100).await.unwrap();
    let unknown = spend(&quota, &of("batch"), 1).await.unwrap_err();
    assert_eq!(unknown.kind, RejectionKind::UnknownSubject);
    events.take();

    quota
        .add_project("batch", [monthly(300).id("batch")])
        .unwrap();
    assert_eq!(events.words(), ["policy changed"]);
    spend(&quota, &of("batch"), 200).await.unwrap();
    assert_eq!(used(&quota, "api", "api"), Usd::dollars(100));
    assert_eq!(used(&quota, "batch", "batch"), Usd::dollars(200));
    assert_eq!(used(&quota, "batch", "org"), Usd::dollars(300));
    let refused = spend(&quota, &of("batch"), 101).await.unwrap_err();
    assert_eq!(refused.limit_ids(), [Arc::from("batch")]);
}

#[tokio::test]
async fn what_is_wrong_changes_nothing() {
    let events = Events::default();
    let quota = budgets().observer(events.clone());
    let before = quota.policy();
    let wrong = [
        (
            quota.add_project("batch", [monthly(501)]),
            "the projects' budgets for a month add up to $1001.00, and the organization has $1000.00",
        ),
        (
            quota.add_project("api", []),
            "project `api` is declared twice",
        ),
        (quota.add_project("b", [monthly(0)]), "the amount is zero"),
        (quota.add_project("b", [monthly(1).id("api")]), "`api`"),
        (quota.add_tier(Tier::new("t")), "tier `t` is declared twice"),
        (
            quota.change_policy(|policy| policy.timezone("Mars/Olympus")),
            "time zone `Mars/Olympus` is unknown",
        ),
    ];
    for (changed, said) in wrong {
        let error = changed.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    assert!(std::sync::Arc::ptr_eq(&before, &quota.policy()));
    assert!(events.take().is_empty());
    // All that there is can be given away, and not a dollar more.
    quota.add_project("batch", [monthly(500)]).unwrap();
    quota.add_project("web", [monthly(1)]).unwrap_err();
}

#[tokio::test]
async fn a_tier_can_be_added_and_its_callers_are_known() {
    let quota = budgets();
    let bob = Subject::user("bob", "new").project("api");
    assert!(spend(&quota, &bob, 1).await.is_err());
    quota
        .add_tier(Tier::new("new").limit(Limit::requests(1).per_day().id("once")))
        .unwrap();
    spend(&quota, &bob, 1).await.unwrap();
    let refused = spend(&quota, &bob, 1).await.unwrap_err();
    assert_eq!(refused.limit_ids(), [Arc::from("once")]);
}

#[test]
fn a_policy_is_written_as_it_was() {
    let policy = Policy::from_toml(include_str!("../examples/quota.toml")).unwrap();
    let again = policy.to_builder().build().unwrap();
    assert_eq!(format!("{again:#?}"), format!("{policy:#?}"));
    let twice = again.to_builder().tier(Tier::new("one-more")).build();
    let thrice = twice.unwrap().to_builder().tier(Tier::new("two-more"));
    assert!(format!("{:?}", thrice.build().unwrap()).contains("one-more"));
}

#[test]
fn no_change_is_lost_when_many_are_made_at_once() {
    const THREADS: usize = 8;
    const EACH: usize = 20;
    let quota = budgets();
    let attempts = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (quota, attempts) = (&quota, &attempts);
            scope.spawn(move || {
                for n in 0..EACH {
                    let name = format!("{thread}-{n}");
                    let change = quota.change_policy(|policy| {
                        attempts.fetch_add(1, Ordering::Relaxed);
                        policy.project(name.as_str(), [monthly(1)])
                    });
                    change.unwrap();
                }
            });
        }
    });
    for thread in 0..THREADS {
        for n in 0..EACH {
            let limits = support::status(&quota, &of(&format!("{thread}-{n}")));
            assert_eq!(limits.len(), 2, "its own budget and the organization's");
        }
    }
    // $160 of the $500 that were left are given away: no two changes were made to the same policy.
    quota.add_project("rest", [monthly(341)]).unwrap_err();
    quota.add_project("rest", [monthly(340)]).unwrap();
    assert!(attempts.into_inner() >= THREADS * EACH);
}

#[test]
fn a_change_may_look_at_the_quota_and_even_change_it() {
    let quota = budgets();
    let inner = AtomicUsize::new(0);
    quota
        .change_policy(|policy| {
            if inner.fetch_add(1, Ordering::Relaxed) == 0 {
                quota.add_project("inner", []).unwrap();
            }
            policy.project("outer", [])
        })
        .unwrap();
    for project in ["inner", "outer"] {
        assert_eq!(support::status(&quota, &of(project)).len(), 1);
    }
    assert_eq!(
        inner.into_inner(),
        2,
        "it was made anew, to the newer policy"
    );
}
