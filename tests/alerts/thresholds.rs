//! When a threshold is crossed, and when it is so anew.

use std::time::Duration;

use tower_token_quota::store::Adjustment;
use tower_token_quota::{Demand, Limit, Quota, Subject, Tier, Usage, Usd};

use crate::spending::{crossed, hundred, priced, spend, watched};
use crate::support::alice;

async fn adjust(quota: &Quota, adjustment: Adjustment) {
    let alice = alice();
    let adjusted = quota.adjust(&alice, "budget", None, adjustment);
    adjusted.await.unwrap();
}

#[tokio::test]
async fn several_that_are_crossed_at_once_all_fire_from_the_lowest() {
    let (quota, events, _) = watched(hundred(&[100, 50, 75, 90]));
    spend(&quota, &alice(), 92).await.unwrap();
    assert_eq!(
        crossed(&events),
        ["budget 50 info", "budget 75 warning", "budget 90 critical"]
    );
    spend(&quota, &alice(), 8).await.unwrap();
    assert_eq!(crossed(&events), ["budget 100 critical"]);
}

#[tokio::test]
async fn a_threshold_is_reached_by_the_nano_dollar_and_by_what_is_used_not_by_what_is_held() {
    let (quota, events, _) = watched(hundred(&[50]));
    adjust(&quota, Adjustment::Debit(49_999_999_999)).await;
    let held = Demand::new("m").input_tokens(40).output_tokens(0);
    let held = quota.reserve(&alice(), held).await.unwrap();
    assert_eq!(crossed(&events), [""; 0]);
    adjust(&quota, Adjustment::Debit(1)).await;
    assert_eq!(crossed(&events), ["budget 50 info"]);
    held.release();
    assert_eq!(crossed(&events), [""; 0]);
}

#[tokio::test]
async fn the_next_month_alerts_anew() {
    let (quota, events, clock) = watched(hundred(&[50]));
    let late = Demand::new("m").input_tokens(45).output_tokens(0);
    let late = quota.reserve(&alice(), late).await.unwrap();
    spend(&quota, &alice(), 50).await.unwrap();
    clock.advance(Duration::from_secs(10 * 86_400));
    spend(&quota, &alice(), 40).await.unwrap();
    assert_eq!(crossed(&events), ["budget 50 info"]);
    // What was reserved in November is November's.
    late.settle(Usage::new(45, 0));
    assert_eq!(crossed(&events), [""; 0]);
    spend(&quota, &alice(), 10).await.unwrap();
    assert_eq!(crossed(&events), ["budget 50 info"]);
}

#[tokio::test]
async fn a_credit_and_a_new_rise_are_no_new_alert() {
    let (quota, events, clock) = watched(hundred(&[50, 90]));
    spend(&quota, &alice(), 60).await.unwrap();
    assert_eq!(crossed(&events), ["budget 50 info"]);
    adjust(&quota, Adjustment::Credit(50_000_000_000)).await;
    spend(&quota, &alice(), 60).await.unwrap();
    // Nor if nothing is left of it for days.
    adjust(&quota, Adjustment::Reset).await;
    clock.advance(Duration::from_secs(3 * 86_400));
    for user in 0..10 {
        let _ = spend(&quota, &Subject::user(user.to_string(), "t"), 1).await;
    }
    spend(&quota, &alice(), 60).await.unwrap();
    assert_eq!(crossed(&events), [""; 0]);
    spend(&quota, &alice(), 30).await.unwrap();
    assert_eq!(crossed(&events), ["budget 90 critical"]);
}

#[tokio::test]
async fn a_threshold_that_a_changed_policy_adds_fires_once_though_it_is_passed_already() {
    let (quota, events, _) = watched(hundred(&[50, 90]));
    spend(&quota, &alice(), 70).await.unwrap();
    assert_eq!(crossed(&events), ["budget 50 info"]);
    quota.set_policy(hundred(&[50, 60, 65, 90]).build().unwrap());
    assert_eq!(crossed(&events), [""; 0]);
    // A look changes nothing; the next booking tells, be it of nothing.
    quota.status(&alice()).await.unwrap();
    assert_eq!(crossed(&events), [""; 0]);
    spend(&quota, &alice(), 0).await.unwrap();
    assert_eq!(crossed(&events), ["budget 60 info", "budget 65 info"]);
    spend(&quota, &alice(), 1).await.unwrap();
    quota.set_policy(hundred(&[50, 90]).build().unwrap());
    quota.set_policy(hundred(&[50, 60, 90]).build().unwrap());
    spend(&quota, &alice(), 1).await.unwrap();
    assert_eq!(crossed(&events), [""; 0]);
}

#[tokio::test]
async fn a_soft_limit_warns_at_its_amount_and_a_shadow_limit_is_silent() {
    let policy = priced().tier(
        Tier::new("t")
            .limit(Limit::usd(Usd::dollars(10)).per_month().soft().id("soft"))
            .limit(Limit::usd(Usd::dollars(10)).per_month().shadow().id("dry"))
            .limit(
                Limit::tokens(10)
                    .per_day()
                    .shadow()
                    .alerts([50])
                    .id("drier"),
            )
            .limit(Limit::tokens(1_000).per_day().id("plain"))
            .limit(Limit::tokens(100).per_day().alerts([10]).id("tokens")),
    );
    let (quota, events, _) = watched(policy);
    spend(&quota, &alice(), 9).await.unwrap();
    assert_eq!(crossed(&events), [""; 0]);
    spend(&quota, &alice(), 1).await.unwrap();
    assert_eq!(crossed(&events), ["soft 100 warning", "tokens 10 info"]);
}
