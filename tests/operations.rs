//! What operators do while calls come: new policies, corrections, draining; and what observers see of all of it.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use futures_util::FutureExt as _;
use support::body::{Script, Step};
use support::provider::{says, streams, streams_then, usual_stream};
use support::watch::Events;
use support::{
    NOON, Provider, alice, booked, call, chat, generous, hello, hello_call, limit, metered, policy,
    post, quota, quota_of, read, status, stream_call,
};
use tower::ServiceExt;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::UnknownCalls;
use tower_token_quota::store::Adjustment;
use tower_token_quota::watch::Event;
use tower_token_quota::{Demand, Limit, Policy, Quota, QuotaError, Scope, Subject, Tier};

async fn ask(quota: &Quota) -> u16 {
    call(&metered(quota, &Provider::using(8, 2)), hello_call())
        .await
        .status
        .as_u16()
}

fn requests(amount: u64) -> Policy {
    let limit = Limit::requests(amount).per_day().id("daily");
    policy(Tier::new("t").limit(limit)).build().unwrap()
}

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

fn watched(tier: Tier) -> (Quota, Events) {
    let events = Events::default();
    (quota(tier).observer(events.clone()), events)
}

#[tokio::test]
async fn observers_see_each_call_from_its_admission_to_its_settlement() {
    let (quota, events) = watched(generous());
    ask(&quota).await;
    assert_eq!(
        events.words(),
        ["admitted gpt-4o-mini", "settled 8+2 reported"]
    );

    let cut = streams_then(vec![says("Hello, you!")], Step::Break("reset"));
    let response = metered(&quota, &cut).oneshot(stream_call()).await.unwrap();
    let mut body = response.into_body();
    assert_eq!(
        events.words(),
        ["admitted gpt-4o-mini"],
        "before a byte has come"
    );
    while let Some(Ok(_)) = http_body_util::BodyExt::frame(&mut body).await {}
    assert_eq!(events.words(), ["settled 8+4 counted"]);

    let provider = Provider::new(|_| Err("failed".into()));
    let _failed = metered(&quota, &provider).oneshot(hello_call()).await;
    assert_eq!(
        events.words(),
        ["admitted gpt-4o-mini", "settled 8+500 unreconciled"]
    );
}

#[tokio::test]
async fn observers_see_who_it_is_and_what_was_reserved() {
    let (quota, events) = watched(generous());
    ask(&quota).await;
    let events = events.take();
    let [
        Event::Admitted {
            hold: admitted,
            subject,
            model,
            downgraded_from: None,
            input_tokens: 8,
            output_tokens: 500,
            ..
        },
        Event::Settled {
            hold: settled,
            subject: payer,
            model: called,
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!((subject, &**model), (&alice(), "gpt-4o-mini"));
    assert_eq!((payer, called, settled), (subject, model, admitted));
}

#[tokio::test]
async fn observers_see_refusals_of_every_kind_once() {
    let tier = Tier::new("t")
        .models(["gpt-4o*"])
        .limit(Limit::requests(1).per_day().id("daily"))
        .limit(Limit::requests(1).per_minute().id("rpm"));
    let (quota, events) = watched(tier);
    let service = metered(&quota, &Provider::using(8, 2));
    let mut nobody = hello_call();
    nobody.headers_mut().remove("x-user");
    call(&service, nobody).await;
    call(&service, chat("{")).await;
    call(&service, chat(hello("o3").to_string())).await;
    let broken = Script::new([Step::Break("reset")]);
    call(&service, hello_call().map(|_| broken)).await;
    let mut gzip = hello_call();
    gzip.headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    call(&service, gzip).await;
    let mut long = hello_call();
    long.headers_mut()
        .insert("content-length", "99999999999".parse().unwrap());
    call(&service, long).await;
    assert_eq!(
        events.words(),
        [
            "refused unknown_key",
            "refused invalid_request",
            "refused model_not_allowed",
            "refused broken_body",
            "refused encoded_body",
            "refused body_too_large",
        ]
    );
    call(&service, hello_call()).await;
    events.take();
    call(&service, hello_call()).await;
    let refused = events.take();
    let [
        Event::Refused {
            subject,
            model,
            limits,
            estimate,
            ..
        },
    ] = &refused[..]
    else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (subject.as_ref(), model.as_deref()),
        (Some(&alice()), Some("gpt-4o-mini"))
    );
    assert_eq!(limits.len(), 2);
    assert_eq!(
        estimate.unwrap().total(),
        8 + 1_024,
        "what the refusal saved"
    );
}

#[tokio::test]
async fn observers_see_downgrades_policies_and_corrections() {
    let big = Limit::requests(1)
        .per_day()
        .for_models(["gpt-4o"])
        .id("big")
        .then_downgrade();
    let (quota, events) = watched(Tier::new("t").limit(big).ladder(["gpt-4o-mini"]));
    let service = metered(&quota, &Provider::using(8, 2));
    for _ in 0..2 {
        call(&service, chat(hello("gpt-4o").to_string())).await;
    }
    quota
        .adjust(&alice(), "big", None, Adjustment::Credit(1))
        .await
        .unwrap();
    quota.set_policy(requests(7));
    assert_eq!(
        events.words(),
        [
            "admitted gpt-4o",
            "settled 8+2 reported",
            "admitted gpt-4o-mini for gpt-4o",
            "settled 8+2 reported",
            "adjusted big",
            "policy changed",
        ]
    );
}

#[tokio::test]
async fn observers_see_a_clock_that_was_set() {
    let (events, clock) = (Events::default(), FakeClock::at(NOON));
    let tier = Tier::new("t").limit(Limit::requests(9).per_day().id("daily"));
    let quota = quota_of(policy(tier), &clock).observer(events.clone());
    ask(&quota).await;
    events.take();
    clock.advance(Duration::from_secs(3 * 86_400));
    ask(&quota).await;
    assert_eq!(events.words().len(), 2, "days without calls are no jump");
    clock.set_wall("2027-06-01T00:00:00Z");
    ask(&quota).await;
    let jumped = &events.take()[0];
    assert!(matches!(jumped, Event::ClockJumped { to, .. } if &**to == "day:2027-06-01"));
}

#[tokio::test]
async fn an_observer_that_panics_harms_nothing() {
    let after = Events::default();
    let quota = quota(generous())
        .observer(|_: &Event| panic!("on purpose"))
        .observer(after.clone());
    assert_eq!(ask(&quota).await, 200);
    assert_eq!(booked(&quota), support::Booked::new(1, 8, 2));
    let service = metered(&quota, &Provider::new(|_| Err("failed".into())));
    assert!(service.oneshot(hello_call()).await.is_err());
    assert_eq!(
        call(&metered(&quota, &Provider::using(1, 1)), chat("{"))
            .await
            .status,
        400
    );
    assert_eq!(after.words().len(), 5, "the others see it all");
    quota.drain().now_or_never().expect("nothing is open");
    assert_eq!(booked(&quota).requests, 2);
}

#[tokio::test]
async fn an_observer_may_ask_the_quota_itself() {
    use std::sync::{Arc, Mutex, OnceLock};

    let (slot, seen) = (
        Arc::new(OnceLock::<Quota>::new()),
        Arc::new(Mutex::new(Vec::new())),
    );
    let (asked, log) = (slot.clone(), seen.clone());
    let quota = quota(generous()).observer(move |_: &Event| {
        let quota = asked.get().expect("it is set");
        log.lock().unwrap().push(limit(quota, "tokens").used);
    });
    slot.set(quota.clone()).unwrap();
    ask(&quota).await;
    let told = "no lock is held when it is counted, admitted, settled";
    assert_eq!(*seen.lock().unwrap(), [0, 0, 10], "{told}");
}
