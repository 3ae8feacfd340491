//! P1 through HTTP: calls without a cap of their own, all at once, against one small limit.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::Request;
use http_body_util::Full;
use support::provider::{completion, json_answer};
use support::{NOON, Provider, Read, call, hello_call, limit, metered, policy, quota_of};
use tokio::sync::Barrier;
use tower::{Layer, service_fn};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::OutputCap;
use tower_token_quota::{Limit, Quota, RequestBody, Tier, TokenQuotaLayer};

const LIMIT: u64 = 10_000;
const INPUT: u64 = 8;
/// How much the provider says when it is left to itself.
const TALKATIVE: u64 = 2_000;

/// Says as much as it may: its cap, or all it has to say.
fn talkative() -> Provider {
    Provider::new(|seen| {
        let cap = seen.json()["max_completion_tokens"].as_u64();
        let output = cap.map_or(TALKATIVE, |cap| cap.min(TALKATIVE));
        Ok(json_answer(200, &completion(INPUT, output)))
    })
}

fn quota(limit: Limit, cap: OutputCap) -> (Quota, FakeClock) {
    let clock = FakeClock::at(NOON);
    let tier = Tier::new("t").limit(limit.id("limit")).output_cap(cap);
    (quota_of(policy(tier), &clock), clock)
}

/// A hundred calls, of which none is answered before all have been decided on.
async fn a_hundred_at_once(quota: &Quota) -> Vec<Read> {
    let service = metered(quota, &talkative());
    let calls = (0..100).map(|_| {
        let service = service.clone();
        tokio::spawn(async move { call(&service, hello_call()).await })
    });
    let answers = join_all(calls).await;
    answers.into_iter().map(Result::unwrap).collect()
}

fn admitted(answers: &[Read]) -> u64 {
    answers.iter().filter(|answer| answer.status == 200).count() as u64
}

/// The default reservation of a call without a cap.
const RESERVED: u64 = INPUT + 1_024;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p1_with_enforced_caps_a_day_never_settles_beyond_its_limit() {
    let (quota, _) = quota(Limit::tokens(LIMIT).per_day(), OutputCap::Enforce);
    for round in 0..5 {
        let answers = a_hundred_at_once(&quota).await;
        let limit = limit(&quota, "limit");
        assert!(limit.used <= LIMIT && limit.held == 0, "{limit:?}");
        assert!(admitted(&answers) == LIMIT / RESERVED || round > 0);
        for refused in answers.iter().filter(|answer| answer.status != 200) {
            refused.is_refused(429, "insufficient_quota");
        }
    }
    assert_eq!(limit(&quota, "limit").used, (LIMIT / RESERVED) * RESERVED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p1_with_enforced_caps_a_bucket_never_overflows() {
    let (quota, clock) = quota(Limit::tokens(LIMIT).per_minute(), OutputCap::Enforce);
    let mut settled = 0;
    for second in 0..10 {
        let answers = a_hundred_at_once(&quota).await;
        settled += admitted(&answers) * RESERVED;
        let limit = limit(&quota, "limit");
        assert!(limit.used <= LIMIT && limit.held == 0, "{limit:?}");
        let leaked = LIMIT * second / 60;
        assert!(settled <= LIMIT + leaked, "{settled} in {second} seconds");
        clock.advance(Duration::from_secs(1));
    }
    assert!(settled > LIMIT - RESERVED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p1_without_caps_the_excess_is_booked_as_debt_and_the_next_call_waits() {
    let (quota, clock) = quota(Limit::tokens(LIMIT).per_minute(), OutputCap::Reserve);
    // Holds are all open at once, so that settling one makes no room for another.
    let together = Arc::new(Barrier::new((LIMIT / RESERVED) as usize));
    let inner = service_fn(move |_: Request<RequestBody<Full<Bytes>>>| {
        let together = together.clone();
        async move {
            together.wait().await;
            Ok::<_, std::convert::Infallible>(json_answer(200, &completion(INPUT, TALKATIVE)))
        }
    });
    let service = TokenQuotaLayer::new(quota.clone(), support::by_header()).layer(inner);
    let calls = (0..100).map(|_| {
        let service = service.clone();
        tokio::spawn(async move { call(&service, hello_call()).await })
    });
    let answers: Vec<Read> = join_all(calls)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(admitted(&answers), LIMIT / RESERVED);
    let used = (LIMIT / RESERVED) * (INPUT + TALKATIVE);
    let status = limit(&quota, "limit");
    assert_eq!((status.used, status.held, status.remaining), (used, 0, 0));

    let service = metered(&quota, &talkative());
    let waits = call(&service, hello_call()).await;
    waits.is_refused(429, "rate_limit_exceeded");
    let seconds: u64 = waits.header("retry-after").parse().unwrap();
    // The debt and room for the call have to leak away first.
    assert_eq!(seconds, ((used + RESERVED - LIMIT) * 60).div_ceil(LIMIT));
    let millis: u64 = waits.header("retry-after-ms").parse().unwrap();
    clock.advance(Duration::from_millis(millis - 1));
    assert_eq!(
        call(&service, hello_call()).await.status,
        429,
        "not a millisecond early"
    );
    clock.advance(Duration::from_millis(1));
    assert_eq!(call(&service, hello_call()).await.status, 200, "nor late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p1_concurrent_calls_are_never_more_than_allowed() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let (quota, _) = quota(Limit::concurrent(7), OutputCap::Reserve);
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let highest = most.clone();
    let inner = service_fn(move |_: Request<RequestBody<Full<Bytes>>>| {
        let (now, most) = (now.clone(), highest.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, std::convert::Infallible>(json_answer(200, &completion(1, 1)))
        }
    });
    let service = TokenQuotaLayer::new(quota.clone(), support::by_header()).layer(inner);
    let calls = (0..200).map(|_| {
        let service = service.clone();
        tokio::spawn(async move { call(&service, hello_call()).await })
    });
    for answer in join_all(calls).await {
        let answer = answer.unwrap();
        if answer.status != 200 {
            answer.is_refused(429, "rate_limit_exceeded");
            assert_eq!(answer.json()["error"]["type"], "requests");
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    assert!(most.load(Ordering::SeqCst) <= 7);
    assert_eq!(limit(&quota, "limit").held, 0);
}
