//! Who is told of a pace, and how often.

use tower_token_quota::clock::FakeClock;
use tower_token_quota::{Demand, Policy, Quota, Usage, Usd};

use crate::desk::{Desk, monthly, of};
use crate::support::{self, Provider, call, chat, metered, status};

#[test]
fn no_day_is_seen_but_in_warnings() {
    let desk = Desk::new(of(monthly(310)), "2026-12-01T08:00:00Z");
    let hold = desk.hold(&support::alice(), 16);
    assert_eq!(
        hold.limits().map(|limit| limit.id).collect::<Vec<_>>(),
        ["budget"]
    );
    hold.settle(Usage::new(16, 0));
    let limits = status(&desk.quota, &support::alice());
    assert_eq!(limits.len(), 1);
    assert_eq!(
        (limits[0].used, limits[0].held),
        (Usd::dollars(16).nanos(), 0)
    );
    assert!(
        desk.events
            .words()
            .iter()
            .all(|word| !word.starts_with("soft"))
    );
}

#[tokio::test]
async fn the_header_names_the_limit_and_the_pace_and_the_call_passes() {
    let policy = Policy::from_toml(
        r#"
        [organization]
        budget = { usd = "31", per = "month" }
        [tiers.t]
        [prices]
        "gpt-4o-mini" = { input = "1000000", output = "1000000" }
        "#,
    );
    let clock = FakeClock::at("2026-12-01T08:00:00Z");
    let quota = Quota::new(policy.unwrap()).clock(clock);
    let body =
        r#"{"model":"gpt-4o-mini","max_tokens":1,"messages":[{"role":"user","content":"Hi"}]}"#;
    let answer = call(&metered(&quota, &Provider::using(8, 1)), chat(body)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("x-quota-warning"),
        "organization/usd/month pace"
    );
    assert!(!answer.header("ratelimit-policy").contains("pace"));
    assert!(!answer.header("ratelimit").contains("pace"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_calls_at_once_are_told_of_once() {
    let desk = Desk::new(of(monthly(310)), "2026-12-01T08:00:00Z");
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let quota = desk.quota.clone();
            tokio::spawn(async move {
                let demand = Demand::new("m").input_tokens(1).output_tokens(0);
                let hold = quota.reserve(&support::alice(), demand).await.unwrap();
                let is_warned = hold.warnings().count() == 1;
                hold.settle(Usage::new(1, 0));
                is_warned
            })
        })
        .collect();
    let mut warned = 0;
    for call in calls {
        warned += u64::from(call.await.unwrap());
    }
    assert_eq!(warned, 200 - 15);
    assert_eq!(desk.told().len(), 1);
}
