//! What is given, taken and reset by hand.

use tower_token_quota::store::Adjustment;
use tower_token_quota::{Demand, Limit, QuotaError, Scope, Subject, Tier};

use crate::asking::ask;
use crate::support::{alice, limit, quota, status};

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
    hold.settle(tower_token_quota::Usage::new(0, 120));
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
