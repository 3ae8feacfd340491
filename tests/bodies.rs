//! Request bodies are read whole, within bounds: for each call, over all calls, and in time. Calls that are not metered
//! are not read at all.
#![allow(clippy::unwrap_used)]

mod support;

use std::future::pending;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Channel, Full, Limited};
use support::body::{Script, Step};
use support::provider::{Answer, AnswerBody, BoxError, json_answer};
use support::{
    Booked, Provider, Read, booked, by_header, call, chat, generous, hello, hello_call, metered,
    post, quota,
};
use tower::{Layer, ServiceExt, service_fn};
use tower_token_quota::{Quota, RequestBody, TokenQuotaLayer};

/// A call whose body is a JSON request of just this many bytes.
fn sized(bytes: usize) -> String {
    let body = hello("gpt-4o-mini").to_string();
    assert!(bytes >= body.len());
    let blanks = " ".repeat(bytes - body.len());
    body.replacen('{', &format!("{{{blanks}"), 1)
}

const LIMIT: usize = 300;

fn limited(quota: &Quota) -> TokenQuotaLayer {
    TokenQuotaLayer::new(quota.clone(), by_header()).max_body(LIMIT)
}

async fn through<B>(layer: TokenQuotaLayer, request: Request<B>) -> Read
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    call(&layer.layer(Provider::using(11, 7)), request).await
}

#[tokio::test]
async fn a_body_over_its_limit_is_refused_by_its_length_before_it_is_read() {
    let quota = quota(generous());
    let script = Script::pieces([sized(LIMIT + 1)]);
    let polled = script.polled();
    let mut request = hello_call().map(|_| script);
    let length = (LIMIT + 1).into();
    request.headers_mut().insert("content-length", length);
    let refused = through(limited(&quota), request).await;
    refused.is_refused(413, "body_too_large");
    assert!(refused.text().contains("at most 300 bytes"));
    assert_eq!(polled.load(Ordering::SeqCst), 0);
    assert_eq!(booked(&quota), Booked::default());
}

#[tokio::test]
async fn a_body_over_its_limit_is_refused_when_that_shows() {
    let quota = quota(generous());
    let fits = chat(sized(LIMIT)).map(|body| body);
    assert_eq!(through(limited(&quota), fits).await.status, 200);
    for pieces in [vec![LIMIT + 1], vec![LIMIT, 1], vec![1; LIMIT + 1]] {
        let pieces = pieces.into_iter().map(|size| " ".repeat(size));
        let mut request = hello_call().map(|_| Script::pieces(pieces).then(Step::Hang));
        request.headers_mut().remove("content-length");
        let refused = through(limited(&quota), request).await;
        refused.is_refused(413, "body_too_large");
    }
}

#[tokio::test]
async fn a_limit_that_another_layer_has_put_around_the_body_is_a_413_too() {
    let quota = quota(generous());
    let layer = TokenQuotaLayer::new(quota.clone(), by_header());
    let limited = || Limited::new(Script::pieces([sized(200)]), 100);
    let wrapped = limited().map_err(|error| io::Error::other(io::Error::other(error)));
    for request in [
        hello_call().map(|_| limited().boxed_unsync()),
        hello_call().map(|_| wrapped.map_err(BoxError::from).boxed_unsync()),
    ] {
        let refused = through(layer.clone(), request).await;
        refused.is_refused(413, "body_too_large");
        assert!(!refused.text().contains("bytes"), "it is not our limit");
    }
}

#[tokio::test]
async fn a_broken_body_is_a_400() {
    let quota = quota(generous());
    let script = Script::pieces([r#"{"model""#]).then(Step::Break("connection reset"));
    let service = metered(&quota, &Provider::using(11, 7));
    let refused = call(&service, hello_call().map(|_| script)).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("connection reset"));
    assert_eq!(booked(&quota), Booked::default());
}

#[tokio::test]
async fn an_empty_body_is_a_400() {
    let service = metered(&quota(generous()), &Provider::using(11, 7));
    for body in ["", " ", "\n"] {
        let refused = call(&service, chat(body)).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.json()["error"]["type"], "invalid_request_error");
    }
}

#[tokio::test]
async fn a_compressed_body_is_a_415_that_says_what_helps() {
    let service = metered(&quota(generous()), &Provider::using(11, 7));
    for (coding, status) in [
        ("gzip", 415),
        ("identity, br", 415),
        ("identity", 200),
        ("Identity", 200),
    ] {
        let mut request = hello_call();
        request
            .headers_mut()
            .insert("content-encoding", coding.parse().unwrap());
        let read = call(&service, request).await;
        assert_eq!(read.status, status, "{coding}");
        assert_eq!(
            read.text().contains("RequestDecompressionLayer"),
            status == 415
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_a_408_at_its_deadline() {
    let quota = quota(generous());
    let deadline = Duration::from_secs(7);
    let layer = TokenQuotaLayer::new(quota.clone(), by_header()).body_deadline(deadline);
    let began = tokio::time::Instant::now();
    let script = Script::pieces([r#"{"model":"#]).then(Step::Hang);
    let refused = through(layer, hello_call().map(|_| script)).await;
    refused.is_refused(408, "body_too_slow");
    assert_eq!(
        began.elapsed().as_secs(),
        7,
        "by a clock that only timers move"
    );
    assert_eq!(booked(&quota), Booked::default());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_gets_no_more_time() {
    let quota = quota(generous());
    let layer = TokenQuotaLayer::new(quota, by_header());
    let (mut sender, receiver) = Channel::<Bytes>::new(1);
    let trickle = tokio::spawn(async move {
        let second = Duration::from_secs(1);
        while sender.send_data(" ".into()).await.is_ok() {
            tokio::time::sleep(second).await;
        }
    });
    let began = tokio::time::Instant::now();
    let refused = through(layer, hello_call().map(|_| receiver)).await;
    refused.is_refused(408, "body_too_slow");
    assert_eq!(began.elapsed().as_secs(), 30, "unless it is set");
    trickle.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_body_of_ever_more_empty_frames_lets_others_run_and_ends() {
    let layer = TokenQuotaLayer::new(quota(generous()), by_header());
    let endless = http_body_util::StreamBody::new(futures_util::stream::repeat_with(|| {
        Ok::<_, BoxError>(http_body::Frame::data(Bytes::new()))
    }));
    let request = hello_call().map(|_| endless.boxed_unsync());
    let call = tokio::spawn(through(layer, request));
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_secs(31)).await;
    let refused = call.await.unwrap();
    refused.is_refused(408, "body_too_slow");
}

/// Whether all of the budget of [`LIMIT`] bytes can be taken.
async fn nothing_is_buffered(quota: &Quota) -> bool {
    let service = metered(quota, &Provider::using(1, 1));
    call(&service, chat(sized(LIMIT))).await.status == 200
}

fn narrow() -> Quota {
    quota(generous()).max_buffered(LIMIT)
}

#[tokio::test]
async fn more_than_may_be_buffered_over_all_calls_is_a_503() {
    let quota = narrow();
    let service = metered(&quota, &Provider::using(1, 1));
    let refused = call(&service, chat(sized(LIMIT + 1))).await;
    refused.is_refused(503, "service_unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    assert!(nothing_is_buffered(&quota).await);
}

#[tokio::test]
async fn bytes_are_charged_as_they_arrive_and_not_as_they_are_promised() {
    let quota = narrow();
    let service = metered(&quota, &Provider::using(1, 1));
    let (mut sender, receiver) = Channel::<Bytes>::new(8);
    let mut request = hello_call().map(|_| receiver);
    request.headers_mut().insert("content-length", LIMIT.into());
    let mut first = Box::pin(service.clone().oneshot(request));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(nothing_is_buffered(&quota).await, "a promise takes nothing");

    sender
        .send_data(Bytes::from(vec![b' '; 100]))
        .await
        .unwrap();
    assert!(first.as_mut().now_or_never().is_none());
    assert!(!nothing_is_buffered(&quota).await);
    let rest = call(&service, chat(sized(LIMIT - 100))).await;
    assert_eq!(rest.status, 200, "the rest is free");

    drop(first);
    assert!(nothing_is_buffered(&quota).await, "its caller has left");
}

#[tokio::test]
async fn the_budget_is_whole_again_after_every_outcome() {
    let outcomes: Vec<(&str, Request<Script>)> = vec![
        ("a success", script(vec![sized(200)])),
        ("no JSON", script(vec!["x".repeat(200)])),
        ("a broken body", broken()),
        (
            "too large for one call",
            script(vec![" ".repeat(150), " ".repeat(150)]),
        ),
        ("unknown", {
            let mut request = script(vec![sized(200)]);
            request.headers_mut().remove("x-user");
            request
        }),
        ("never fits", {
            let huge =
                hello("gpt-4o-mini")
                    .to_string()
                    .replacen('{', "{\"max_tokens\":99999999,", 1);
            script(vec![huge])
        }),
    ];
    for (name, request) in outcomes {
        let quota = narrow();
        let layer = TokenQuotaLayer::new(quota.clone(), by_header()).max_body(250);
        let read = through(layer, request).await;
        assert!(nothing_is_buffered(&quota).await, "{name}: {}", read.status);
    }
    for answer in [fails as fn() -> Answer, panics] {
        let quota = narrow();
        let service = metered(&quota, &Provider::new(move |_| answer()));
        let called = std::panic::AssertUnwindSafe(service.oneshot(script(vec![sized(200)])));
        let _failed = called.catch_unwind().await;
        assert!(nothing_is_buffered(&quota).await);
    }
}

fn script(pieces: Vec<String>) -> Request<Script> {
    let mut request = hello_call().map(|_| Script::pieces(pieces));
    request.headers_mut().remove("content-length");
    request
}

fn broken() -> Request<Script> {
    hello_call().map(|_| Script::pieces(["{", "}"]).then(Step::Break("reset")))
}

fn fails() -> Answer {
    Err("failed".into())
}

fn panics() -> Answer {
    panic!("on purpose")
}

#[tokio::test]
async fn a_body_is_buffered_until_the_inner_service_is_done_with_it() {
    let quota = narrow();
    let inner = service_fn(|request: Request<RequestBody<Full<Bytes>>>| async move {
        let _held = request;
        pending::<Result<http::Response<AnswerBody>, BoxError>>().await
    });
    let service = TokenQuotaLayer::new(quota.clone(), by_header()).layer(inner);
    let mut call = Box::pin(service.oneshot(chat(sized(200))));
    assert!(call.as_mut().now_or_never().is_none());
    assert!(!nothing_is_buffered(&quota).await);
    drop(call);
    assert!(nothing_is_buffered(&quota).await);
}

#[tokio::test]
async fn all_clones_and_layers_of_a_quota_share_what_may_be_buffered() {
    let quota = narrow();
    let hanging = || hello_call().map(|_| Script::pieces([" ".repeat(200)]).then(Step::Hang));
    let mut first = Box::pin(metered(&quota, &Provider::using(1, 1)).oneshot(hanging()));
    assert!(first.as_mut().now_or_never().is_none());
    let other = metered(&quota.clone(), &Provider::using(1, 1));
    let refused = call(&other, chat(sized(200))).await;
    refused.is_refused(503, "service_unavailable");
}

#[tokio::test]
async fn calls_that_are_not_metered_stream_through_unread() {
    let quota = quota(generous());
    // Answers before it has read anything, and hands the body back.
    let inner = service_fn(|request: Request<RequestBody<Channel<Bytes>>>| async move {
        Ok::<_, BoxError>(http::Response::new(request.into_body()))
    });
    let service = TokenQuotaLayer::new(quota.clone(), by_header())
        .max_body(1)
        .layer(inner);
    let (mut sender, receiver) = Channel::new(1);
    let request = Request::post("/v1/images/generations")
        .header("accept-encoding", "gzip")
        .header("content-encoding", "gzip")
        .body(receiver)
        .unwrap();
    let mut echoed = service.oneshot(request).await.unwrap().into_body();
    assert!(echoed.frame().now_or_never().is_none());
    sender.send_data("some bytes".into()).await.unwrap();
    let frame = echoed
        .frame()
        .now_or_never()
        .expect("at once")
        .unwrap()
        .unwrap();
    assert_eq!(frame.into_data().unwrap(), "some bytes");
    let trailers = HeaderMap::from_iter([("a".parse().unwrap(), "b".parse().unwrap())]);
    sender.send_trailers(trailers.clone()).await.unwrap();
    drop(sender);
    let frame = echoed.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_trailers().unwrap(), trailers);
    assert_eq!(booked(&quota), Booked::default());
}

#[tokio::test]
async fn the_layer_never_polls_a_body_that_is_not_metered() {
    let quota = quota(generous());
    let inner = service_fn(|request: Request<RequestBody<Script>>| async move {
        drop(request);
        Ok::<_, BoxError>(json_answer(200, &serde_json::json!({})))
    });
    let service = TokenQuotaLayer::new(quota, by_header()).layer(inner);
    for (method, path) in [
        ("GET", "/v1/models"),
        ("POST", "/v1/messages/count_tokens"),
        ("OPTIONS", "/v1/chat/completions"),
        ("POST", "/v1/audio/speech"),
    ] {
        let script = Script::pieces(["x"]);
        let polled = script.polled();
        let mut request = post(path, "").map(|_| script);
        *request.method_mut() = method.parse().unwrap();
        request.headers_mut().remove("x-user");
        let read = call(&service, request).await;
        assert_eq!(
            (read.status.as_u16(), read.header("x-quota-model")),
            (200, "")
        );
        assert_eq!(polled.load(Ordering::SeqCst), 0, "{method} {path}");
    }
}
