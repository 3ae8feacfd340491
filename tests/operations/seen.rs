//! What observers see of each call and of what operators do.

use std::time::Duration;

use tower::ServiceExt;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::store::Adjustment;
use tower_token_quota::watch::Event;
use tower_token_quota::{Limit, Quota, Tier};

use crate::asking::{ask, requests};
use crate::support::body::{Script, Step};
use crate::support::provider::{says, streams_then};
use crate::support::watch::Events;
use crate::support::{
    NOON, Provider, alice, call, chat, generous, hello, hello_call, metered, policy, quota,
    quota_of, stream_call,
};

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
