//! The service that was made ready is the one that is called, and a call that is refused gives its place back.
#![allow(clippy::unwrap_used)]

mod support;

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use http::{Request, Response};
use http_body_util::Full;
use support::body::{Script, Step};
use support::provider::{AnswerBody, BoxError, completion, json_answer};
use support::{Provider, booked, by_header, chat, generous, hello_call, metered, quota, read};
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_token_quota::{Quota, RequestBody, ResponseBody, TokenQuotaLayer};

type Call = Request<Full<Bytes>>;

/// A provider that takes one call at a time, and panics when it is called without having been made ready.
fn one_at_a_time(
    quota: &Quota,
    provider: Provider,
) -> impl Service<Call, Response = Response<ResponseBody<AnswerBody>>, Error = BoxError, Future: Send>
+ Clone
+ Send
+ use<> {
    let limited = ConcurrencyLimitLayer::new(1).layer(provider);
    TokenQuotaLayer::new(quota.clone(), by_header()).layer(limited)
}

#[tokio::test]
async fn a_place_is_taken_by_being_ready_and_given_back_when_the_call_is_over() {
    let quota = quota(generous());
    let mut first = one_at_a_time(&quota, Provider::using(1, 1));
    let mut second = first.clone();
    first.ready().await.unwrap();
    assert!(
        second.ready().now_or_never().is_none(),
        "the place is taken"
    );
    let call = first.call(hello_call());
    assert!(
        second.ready().now_or_never().is_none(),
        "and the call keeps it"
    );
    read(call.await.unwrap()).await;
    second.ready().now_or_never().expect("free again").unwrap();
}

#[tokio::test]
async fn a_service_is_made_ready_again_for_each_call() {
    let quota = quota(generous());
    let mut service = one_at_a_time(&quota, Provider::using(1, 1));
    for _ in 0..3 {
        let response = service.ready().await.unwrap().call(hello_call()).await;
        read(response.unwrap()).await;
    }
    assert_eq!(booked(&quota).requests, 3);
}

#[tokio::test]
async fn a_refused_call_gives_its_place_back() {
    let quota = quota(generous());
    let mut service = one_at_a_time(&quota, Provider::using(1, 1));
    for body in ["{", r#"{"model":"x"}"#] {
        let refused = service.ready().await.unwrap().call(chat(body)).await;
        assert_eq!(refused.unwrap().status(), 400);
    }
    service.ready().now_or_never().expect("free").unwrap();
}

#[tokio::test]
async fn a_call_that_is_dropped_while_its_body_comes_gives_its_place_back() {
    let quota = quota(generous());
    let limited = ConcurrencyLimitLayer::new(1).layer(Provider::using(1, 1));
    let mut service = TokenQuotaLayer::new(quota, by_header()).layer(limited);
    let hanging = hello_call().map(|_| Script::new([Step::Hang]));
    let ready = ServiceExt::<Request<Script>>::ready(&mut service).await;
    let mut call = Box::pin(ready.unwrap().call(hanging));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    let ready = ServiceExt::<Request<Script>>::ready(&mut service).now_or_never();
    ready.expect("free").unwrap();
}

#[tokio::test]
async fn fifty_calls_through_clones_all_get_their_turn_one_at_a_time() {
    let quota = quota(generous());
    let under_way = Arc::new(AtomicUsize::new(0));
    let inner = service_fn(move |_: Request<RequestBody<Full<Bytes>>>| {
        let under_way = under_way.clone();
        async move {
            assert_eq!(under_way.fetch_add(1, Ordering::SeqCst), 0);
            tokio::task::yield_now().await;
            under_way.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, BoxError>(json_answer(200, &completion(11, 7)))
        }
    });
    let limited = ConcurrencyLimitLayer::new(1).layer(inner);
    let service = TokenQuotaLayer::new(quota.clone(), by_header()).layer(limited);
    let calls = (0..50).map(|_| {
        let service = service.clone();
        async move {
            read(service.oneshot(hello_call()).await.unwrap())
                .await
                .status
        }
    });
    let statuses = join_all(calls).await;
    assert!(statuses.iter().all(|status| *status == 200));
    assert_eq!(booked(&quota).requests, 50);
}

#[tokio::test]
async fn an_inner_service_that_fails_to_become_ready_is_heard() {
    #[derive(Clone)]
    struct Broken;
    impl Service<Request<RequestBody<Full<Bytes>>>> for Broken {
        type Response = Response<AnswerBody>;
        type Error = &'static str;
        type Future = std::future::Pending<Result<Self::Response, &'static str>>;
        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), &'static str>> {
            Err("broken").into()
        }
        fn call(&mut self, _: Request<RequestBody<Full<Bytes>>>) -> Self::Future {
            pending()
        }
    }
    let service = TokenQuotaLayer::new(quota(generous()), by_header()).layer(Broken);
    assert_eq!(service.oneshot(hello_call()).await.err(), Some("broken"));
}

#[tokio::test]
#[should_panic(expected = "without having been made ready")]
async fn the_provider_of_these_tests_notices_a_service_that_is_not_ready() {
    let mut service = metered(&quota(generous()), &Provider::using(1, 1));
    let _never = service.call(hello_call()).await;
}
