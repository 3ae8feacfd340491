//! Another policy takes the place of the one in force; and what it says of calls that nobody knows.

use tower::ServiceExt;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::UnknownCalls;
use tower_token_quota::{Limit, Quota, Tier};

use crate::asking::{ask, requests};
use crate::support::provider::{streams, usual_stream};
use crate::support::watch::Events;
use crate::support::{
    self, NOON, Provider, booked, call, generous, hello_call, limit, metered, policy, post, quota,
    quota_of, read, stream_call,
};

#[tokio::test]
async fn p10_a_changed_policy_keeps_the_usage() {
    let quota = Quota::new(requests(2)).clock(FakeClock::at(NOON));
    assert_eq!(
        [ask(&quota).await, ask(&quota).await, ask(&quota).await],
        [200, 200, 429]
    );
    quota.set_policy(requests(3));
    assert_eq!([ask(&quota).await, ask(&quota).await], [200, 429]);
    quota.set_policy(requests(1));
    let lowered = limit(&quota, "daily");
    assert_eq!((lowered.amount, lowered.used, lowered.remaining), (1, 3, 0));
    assert_eq!(ask(&quota).await, 429);
}

#[tokio::test]
async fn p10_all_clones_and_layers_see_a_changed_policy_at_once() {
    let quota = Quota::new(requests(1)).clock(FakeClock::at(NOON));
    let (service, clone) = (metered(&quota, &Provider::using(8, 2)), quota.clone());
    call(&service, hello_call()).await;
    assert_eq!(call(&service, hello_call()).await.status, 429);
    clone.set_policy(requests(2));
    assert_eq!(call(&service, hello_call()).await.status, 200);
}

#[tokio::test]
async fn p10_an_open_hold_settles_the_charges_that_it_was_granted() {
    let quota = quota(generous());
    let service = metered(&quota, &streams(usual_stream(11, 7)));
    let response = service.oneshot(stream_call()).await.unwrap();
    quota.set_policy(requests(1));
    read(response).await;
    quota.set_policy(policy(generous()).build().unwrap());
    assert_eq!(booked(&quota), support::Booked::new(1, 11, 7));
}

#[tokio::test]
async fn unknown_calls_pass_are_counted_or_refused() {
    let speech = || post("/v1/audio/speech", "not JSON");
    for (rule, status, used, words) in [
        (UnknownCalls::Pass, 200, 0, vec!["unmetered"]),
        (
            UnknownCalls::Count,
            200,
            1,
            vec!["admitted unknown", "settled 0+0 counted"],
        ),
        (UnknownCalls::Reject, 403, 0, vec!["refused unknown_call"]),
    ] {
        let events = Events::default();
        let limit = Limit::requests(5).per_day().id("daily");
        let policy = policy(Tier::new("t").limit(limit)).unknown_calls(rule);
        let quota = quota_of(policy, &FakeClock::at(NOON)).observer(events.clone());
        let provider = Provider::using(8, 2);
        let answer = call(&metered(&quota, &provider), speech()).await;
        assert_eq!(answer.status, status, "{rule:?}");
        assert_eq!(support::limit(&quota, "daily").used, used, "{rule:?}");
        assert_eq!(events.words(), words, "{rule:?}");
        if status == 200 {
            assert_eq!(provider.last().body, "not JSON");
        }
    }
}
