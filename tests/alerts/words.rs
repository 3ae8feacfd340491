//! What an alert says.

use std::collections::BTreeMap;

use serde_json::json;
use tower_token_quota::watch::{Alert, Event};
use tower_token_quota::{Limit, Scope, Tier, Usd};

use crate::spending::{priced, spend, watched};
use crate::support::alice;

#[tokio::test]
async fn an_alert_says_whose_usage_it_is_and_who_paid_last() {
    let limit = |id: &str| {
        Limit::usd(Usd::dollars(10))
            .per_month()
            .id(id)
            .alerts([75])
            .pace(false)
    };
    let tier = Tier::new("t").limit(limit("each").scope(Scope::USER.and(Scope::MODEL)));
    let policy = priced().tier(tier).organization_limit(limit("org"));
    let (quota, events, _) = watched(policy);
    let subject = alice().organization("ac/me");
    spend(&quota, &subject, 8).await.unwrap();
    let told = events.take();
    let settled = told
        .iter()
        .position(|it| matches!(it, Event::Settled { .. }));
    assert_eq!(settled, Some(1), "what crossed is told of after it");
    let alerts: Vec<Alert> = told.iter().filter_map(Alert::of).collect();
    let whose: BTreeMap<&str, _> = alerts
        .iter()
        .map(|it| (&*it.limit, (it.user.as_deref(), it.model.as_deref())))
        .collect();
    assert_eq!(whose["org"], (None, None));
    assert_eq!(whose["each"], (Some("alice"), Some("m")));
    assert!(alerts.iter().all(|alert| alert.organization == "ac/me"));
    let paid = told.iter().filter_map(|event| match event {
        Event::Crossed { subject, .. } => subject.as_ref(),
        _ => None,
    });
    assert!(paid.eq([&subject; 2]));
    let each = alerts.iter().find(|it| &*it.limit == "each").unwrap();
    assert_eq!(
        serde_json::to_value(each).unwrap(),
        json!({
            "kind": "threshold", "level": "warning", "limit": "each", "organization": "ac/me", "user": "alice", "model": "m",
            "percent": 75, "used": 8, "amount": 10, "unit": "usd", "ends_at": "2026-12-01T00:00:00Z",
            "message": "Limit each has reached 75 % for organization ac/me, user alice, model m: $8.00 of $10.00 used, until 2026-12-01T00:00:00Z",
        })
    );
}

#[tokio::test]
async fn a_day_that_spends_too_fast_is_an_alert_of_its_own() {
    let limit = Limit::usd(Usd::dollars(100)).per_month().id("budget");
    let (quota, events, _) = watched(priced().tier(Tier::new("t").limit(limit)));
    spend(&quota, &alice(), 40).await.unwrap();
    let alerts: Vec<Alert> = events.take().iter().filter_map(Alert::of).collect();
    let [alert] = &alerts[..] else {
        panic!("one alert: {alerts:?}")
    };
    let json = serde_json::to_string(alert).unwrap();
    // Ten days are left of November, the 21st included.
    for part in [
        r#""kind":"pace""#,
        r#""level":"warning""#,
        r#""used":40,"#,
        r#""amount":10,"#,
    ] {
        assert!(json.contains(part), "{part} in {json}");
    }
    let text = alert.to_string();
    assert!(text.starts_with("Limit budget is spent too fast today"));
    assert!(
        text.contains(": $40.00 of $10.00 used or held, until "),
        "{text}"
    );
}
