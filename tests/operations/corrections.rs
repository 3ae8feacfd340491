//! What is given, taken and reset by hand.

use tower_token_quota::clock::FakeClock;
use tower_token_quota::store::Adjustment;
use tower_token_quota::{Demand, Limit, LimitStatus, QuotaError, Scope, Subject, Tier, Usage};

use crate::asking::ask;
use crate::support::{NOON, alice, limit, policy, quota, quota_of, status};

#[tokio::test]
async fn corrections_give_take_and_reset() {
    let quota = quota(
        Tier::new("t")
            .default_output_tokens(92)
            .limit(Limit::tokens(1_000).per_day().id("daily")),
    );
    let alice = alice();
    let adjust = |by| quota.adjust(&alice, "daily", None, by);
    assert_eq!(adjust(Adjustment::Debit(400)).await.unwrap().used, 400);
    assert_eq!(
        adjust(Adjustment::Credit(150)).await.unwrap().remaining,
        750
    );
    assert_eq!(adjust(Adjustment::Credit(1_000)).await.unwrap().used, 0);
    assert_eq!(adjust(Adjustment::Debit(5_000)).await.unwrap().used, 5_000);
    assert_eq!(ask(&quota).await, 429);
    assert_eq!(
        adjust(Adjustment::Reset).await.unwrap(),
        limit(&quota, "daily")
    );
    assert_eq!(limit(&quota, "daily").used, 0);
    assert_eq!(ask(&quota).await, 200);
}

#[tokio::test]
async fn a_correction_leaves_what_is_held() {
    let quota = quota(Tier::new("t").limit(Limit::tokens(1_000).per_day().id("daily")));
    let demand = Demand::new("m").output_tokens(300);
    let hold = quota.reserve(&alice(), demand).await.unwrap();
    let reset = quota
        .adjust(&alice(), "daily", None, Adjustment::Reset)
        .await
        .unwrap();
    assert_eq!((reset.used, reset.held), (0, 300));
    hold.settle(Usage::new(0, 120));
    assert_eq!(
        (limit(&quota, "daily").used, limit(&quota, "daily").held),
        (120, 0)
    );
}

#[tokio::test]
async fn a_correction_needs_a_limit_and_where_each_model_has_one_a_model() {
    let each = Limit::tokens(100)
        .per_day()
        .id("each")
        .scope(Scope::USER.and(Scope::MODEL));
    let quota = quota(Tier::new("t").models(["gpt-4o", "gpt-4o-mini"]).limit(each));
    let adjust = |subject: Subject, id: &'static str, model: Option<&'static str>| {
        let quota = quota.clone();
        async move {
            quota
                .adjust(&subject, id, model, Adjustment::Debit(5))
                .await
        }
    };
    let unknown = adjust(alice(), "other", None).await.unwrap_err();
    assert!(matches!(unknown, QuotaError::UnknownLimit(id) if id == "other"));
    let nobody = adjust(Subject::user("alice", "gold"), "each", None)
        .await
        .unwrap_err();
    assert!(matches!(nobody, QuotaError::UnknownSubject(_)));
    let which = adjust(alice(), "each", None).await.unwrap_err();
    assert!(matches!(which, QuotaError::ModelNeeded(id) if id == "each"));
    let adjusted = adjust(alice(), "each", Some("gpt-4o-2024-08-06"))
        .await
        .unwrap();
    assert_eq!(
        (adjusted.model.as_deref(), adjusted.used),
        (Some("gpt-4o"), 5)
    );
    let used: Vec<u64> = status(&quota, &alice())
        .iter()
        .map(|limit| limit.used)
        .collect();
    assert_eq!(used, [5, 0]);
}

#[tokio::test]
async fn the_counters_of_models_that_a_policy_does_not_name_are_shown_when_they_are_asked_for() {
    let each = Scope::USER.and(Scope::MODEL);
    let tier = Tier::new("t")
        .ladder(["gpt-4o-mini"])
        .limit(Limit::tokens(900).per_week().id("all").scope(each))
        .limit(
            Limit::tokens(100)
                .per_day()
                .id("large")
                .for_models(["gpt-4*", "o3"])
                .scope(each),
        )
        .limit(Limit::requests(9).per_day().id("calls"));
    let policy = policy(tier).alias("our-own", "gpt-4o");
    let quota = quota_of(policy, &FakeClock::at(NOON));
    for (model, used) in [("gpt-4o", 7), ("claude-sonnet-4-5", 5), ("o3", 3)] {
        let hold = quota.reserve(&alice(), Demand::new(model).output_tokens(9));
        let usage = Usage::new(0, used);
        hold.await.unwrap().settle(usage);
    }
    let rows = |limits: Vec<LimitStatus>| -> Vec<(String, String, u64)> {
        let row = |limit: &LimitStatus| {
            let model = limit.model.as_deref().unwrap_or_default();
            (limit.id.to_string(), model.to_owned(), limit.used)
        };
        limits.iter().map(row).collect()
    };
    let row = |id: &str, model: &str, used| (id.to_owned(), model.to_owned(), used);

    let named = [
        row("all", "gpt-4o-mini", 0),
        row("large", "o3", 3),
        row("large", "gpt-4o-mini", 0),
        row("calls", "", 3),
    ];
    assert_eq!(rows(status(&quota, &alice())), named);

    let long = "x".repeat(300);
    let asked = [
        "gpt-4o-2024-08-06",
        "our-own",
        "gpt-4o-mini",
        "anthropic/claude-sonnet-4-5",
        &long,
    ];
    let limits = quota.status_with_models(&alice(), &asked).await.unwrap();
    let with_models = [
        row("all", "gpt-4o-mini", 0),
        row("all", "gpt-4o", 7),
        row("all", "claude-sonnet-4-5", 5),
        row("large", "o3", 3),
        row("large", "gpt-4o-mini", 0),
        row("large", "gpt-4o", 7),
        row("calls", "", 3),
    ];
    assert_eq!(rows(limits), with_models);
}
