//! P4: whoever leaves, and whenever, his call is settled and nothing is held.
#![allow(clippy::unwrap_used)]

mod support;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::StatusCode;
use http_body_util::BodyExt;
use support::body::{Script, Step};
use support::provider::{AnswerBody, BoxError, EVENTS, completion, streams, usual_stream};
use support::watch::Events;
use support::{
    Booked, Provider, alice, booked, by_header, chat, generous, hello_call, limit, metered, quota,
    stream_call,
};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::timeout::TimeoutLayer;
use tower_token_quota::clock::Moment;
use tower_token_quota::count::count_text;
use tower_token_quota::model::Encoding;
use tower_token_quota::store::{
    Adjustment, Balance, BoxFuture, Charge, Decision, HoldId, MemoryStore, Reports, Reservation,
    Settlement, Store, StoreError,
};
use tower_token_quota::{Subject, TokenQuotaLayer, identify};

const WHOLE: Booked = Booked {
    requests: 1,
    input: 8,
    output: 500,
};

type Never = std::convert::Infallible;

#[tokio::test]
async fn p4_gone_while_the_request_is_still_being_sent() {
    let quota = quota(generous());
    let provider = Provider::using(1, 1);
    let body = Script::pieces([r#"{"model":"#]).then(Step::Hang);
    let mut call = Box::pin(metered(&quota, &provider).oneshot(hello_call().map(|_| body)));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    assert_eq!(booked(&quota), Booked::default());
    assert!(provider.seen().is_empty());
}

#[tokio::test]
async fn p4_gone_while_it_is_looked_up_who_he_is() {
    let (quota, provider) = (quota(generous()), Provider::using(1, 1));
    let layer = TokenQuotaLayer::new(quota.clone(), identify::from_async_fn(|_| pending()));
    let mut call = Box::pin(layer.layer(provider.clone()).oneshot(hello_call()));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    assert_eq!(booked(&quota), Booked::default());
    assert!(provider.seen().is_empty());
}

#[tokio::test]
async fn p4_gone_before_the_response() {
    let quota = quota(generous());
    let inner = service_fn(|_| pending::<Result<http::Response<AnswerBody>, Never>>());
    let service = TokenQuotaLayer::new(quota.clone(), by_header()).layer(inner);
    let mut call = Box::pin(service.oneshot(hello_call()));
    assert!(call.as_mut().now_or_never().is_none());
    assert_eq!(limit(&quota, "concurrent").held, 1);
    assert_eq!(limit(&quota, "tokens").held, 508);
    drop(call);
    assert_eq!(booked(&quota), WHOLE);
}

#[tokio::test]
async fn p4_gone_with_the_response_in_hand_and_its_body_unread() {
    let quota = quota(generous());
    for (asked, requests) in [(hello_call(), 1), (stream_call(), 2)] {
        let service = metered(&quota, &streams(usual_stream(1, 1)));
        drop(service.oneshot(asked).await.unwrap());
        assert_eq!(
            booked(&quota),
            Booked::new(requests, 8 * requests, 500 * requests)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn p4_a_timeout_layer_outside_settles() {
    let quota = quota(generous());
    let inner = service_fn(|_| pending::<Result<http::Response<AnswerBody>, Never>>());
    let service = TokenQuotaLayer::new(quota.clone(), by_header()).layer(inner);
    let timeout = Duration::from_secs(5);
    let service =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, timeout).layer(service);
    let response = service.oneshot(hello_call()).await.unwrap();
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(booked(&quota), WHOLE);
}

#[tokio::test(start_paused = true)]
async fn p4_a_timeout_layer_inside_settles() {
    let quota = quota(generous());
    let inner = service_fn(|_| pending::<Result<http::Response<AnswerBody>, BoxError>>());
    let inner = tower::timeout::TimeoutLayer::new(Duration::from_secs(5)).layer(inner);
    let service = TokenQuotaLayer::new(quota.clone(), by_header()).layer(inner);
    assert!(service.oneshot(hello_call()).await.is_err());
    assert_eq!(booked(&quota), WHOLE);
}

/// The events of a stream, each with what ends it.
fn events(stream: &str) -> Vec<&str> {
    stream.split_inclusive("\n\n").collect()
}

/// What is to be booked for someone who has got this many of the recorded events.
fn after_events(events: &[&str]) -> Booked {
    if events
        .iter()
        .any(|event| event.contains("\"prompt_tokens\""))
    {
        return Booked::new(1, 78, 9);
    }
    let said = events.iter().filter_map(|event| {
        let chunk: serde_json::Value = serde_json::from_str(event.strip_prefix("data: ")?).ok()?;
        chunk["choices"][0]["delta"]["content"]
            .as_str()
            .map(str::to_owned)
    });
    let said: Vec<String> = said.collect();
    if said.is_empty() {
        return WHOLE;
    }
    Booked::new(1, 8, count_text(Encoding::O200k, &said.concat()))
}

const RECORDED: &str = include_str!("fixtures/recorded_stream.sse");

#[tokio::test]
async fn p4_gone_after_every_byte_of_a_stream() {
    let bytes: Vec<Bytes> = RECORDED.bytes().map(|byte| vec![byte].into()).collect();
    let provider = Provider::scripted(EVENTS, Script::pieces(bytes));
    let events = events(RECORDED);
    let mut last = 0;
    for gone_after in 0..=RECORDED.len() {
        let quota = quota(generous());
        let mut body = asking_for_usage(&quota, &provider).await;
        for _ in 0..gone_after {
            body.frame().await.unwrap().unwrap();
        }
        drop(body);
        let found = booked(&quota);

        let complete = RECORDED[..gone_after].matches("\n\n").count();
        // What an incomplete event has said already counts, too.
        let begun = events.len().min(complete + 1);
        let possible = [
            after_events(&events[..complete]),
            after_events(&events[..begun]),
        ];
        assert!(
            possible.contains(&found),
            "{gone_after} bytes: {found:?} is none of {possible:?}"
        );
        if found != WHOLE {
            assert!(found.output >= last, "{gone_after} bytes: less than before");
            last = found.output;
        }
    }
    assert_eq!(last, 9);
}

async fn asking_for_usage(
    quota: &tower_token_quota::Quota,
    provider: &Provider,
) -> tower_token_quota::ResponseBody<AnswerBody> {
    let mut asked = support::hello_stream("gpt-4o-mini");
    asked["stream_options"] = serde_json::json!({"include_usage": true});
    let response = metered(quota, provider).oneshot(chat(asked.to_string()));
    response.await.unwrap().into_body()
}

#[tokio::test]
async fn p4_gone_after_every_frame_of_a_stripped_stream() {
    let frames = events(RECORDED);
    let provider = Provider::scripted(
        EVENTS,
        Script::pieces(frames.iter().map(|&event| event.to_owned())),
    );
    for gone_after in 0..frames.len() {
        let quota = quota(generous());
        let response = metered(&quota, &provider).oneshot(stream_call());
        let mut body = response.await.unwrap().into_body();
        for _ in 0..gone_after {
            body.frame().await.unwrap().unwrap();
        }
        drop(body);
        // The end of the stream is asked for together with the usage before it, which is kept back.
        let seen = if gone_after == frames.len() - 1 {
            gone_after + 1
        } else {
            gone_after
        };
        assert_eq!(
            booked(&quota),
            after_events(&frames[..seen]),
            "{gone_after} frames"
        );
    }
}

#[tokio::test]
async fn p4_gone_after_every_byte_of_a_whole_answer() {
    let answer = completion(11, 7).to_string();
    let bytes: Vec<Bytes> = answer.bytes().map(|byte| vec![byte].into()).collect();
    let provider = Provider::scripted("application/json", Script::pieces(bytes));
    for gone_after in 0..=answer.len() {
        let quota = quota(generous());
        let response = metered(&quota, &provider).oneshot(hello_call());
        let mut body = response.await.unwrap().into_body();
        for _ in 0..gone_after {
            body.frame().await.unwrap().unwrap();
        }
        drop(body);
        let expected = if gone_after == answer.len() {
            Booked::new(1, 11, 7)
        } else {
            WHOLE
        };
        assert_eq!(booked(&quota), expected, "{gone_after} bytes");
    }
}

/// A store in memory whose decisions come late.
#[derive(Debug, Default)]
struct Late(Arc<MemoryStore>);

impl Store for Late {
    fn reserve(&self, reservation: Reservation) -> BoxFuture<'_, Result<Decision, StoreError>> {
        let decided = self.0.reserve(reservation);
        Box::pin(async move {
            let decided = decided.await;
            tokio::task::yield_now().await;
            decided
        })
    }
    fn report_to(&self, reports: Arc<dyn Reports>) {
        self.0.report_to(reports);
    }
    fn settle(&self, settlement: Settlement) {
        self.0.settle(settlement);
    }
    fn renew(&self, id: HoldId, organization: &str, now: Moment, expires_in: Duration) {
        self.0.renew(id, organization, now, expires_in);
    }
    fn peek(
        &self,
        charges: Vec<Charge>,
        now: Moment,
    ) -> BoxFuture<'_, Result<Vec<Balance>, StoreError>> {
        self.0.peek(charges, now)
    }
    fn adjust(
        &self,
        charge: Charge,
        adjustment: Adjustment,
        now: Moment,
    ) -> BoxFuture<'_, Result<Balance, StoreError>> {
        self.0.adjust(charge, adjustment, now)
    }
    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.health()
    }
    fn drain(&self) -> BoxFuture<'_, ()> {
        self.0.drain()
    }
}

#[tokio::test]
async fn p4_gone_while_the_store_decides() {
    let events = Events::default();
    let quota = quota(generous())
        .store(Late::default())
        .observer(events.clone());
    let provider = Provider::using(11, 7);
    let mut call = Box::pin(metered(&quota, &provider).oneshot(hello_call()));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    assert_eq!(booked(&quota), Booked::default(), "taken back");
    assert_eq!(events.words(), [""; 0]);

    support::call(&metered(&quota, &provider), hello_call()).await;
    assert_eq!(booked(&quota), Booked::new(1, 11, 7), "who waits is served");
    quota.drain().await;
}

#[tokio::test]
async fn p4_a_hold_that_is_dropped_settles_without_a_runtime() {
    use tower_token_quota::Demand;

    let quota = quota(generous());
    let demand = Demand::new("gpt-4o-mini")
        .input_tokens(8)
        .output_tokens(500);
    let hold = quota.reserve(&alice(), demand).await.unwrap();
    std::thread::spawn(move || drop(hold)).join().unwrap();
    assert_eq!(booked(&quota), WHOLE);
}

#[tokio::test]
async fn p4_drain_waits_for_open_holds_and_for_no_longer() {
    let quota = quota(generous());
    let subject = Subject::user("alice", "t");
    quota.drain().await;
    let service = metered(&quota, &streams(usual_stream(11, 7)));
    let response = service.oneshot(stream_call()).await.unwrap();
    let demand = tower_token_quota::Demand::new("m").output_tokens(5);
    let hold = quota.reserve(&subject, demand).await.unwrap();
    let mut drained = Box::pin(quota.drain());
    assert!(drained.as_mut().now_or_never().is_none());
    hold.release();
    assert!(drained.as_mut().now_or_never().is_none());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.ends_with(b"[DONE]\n\n"));
    drained.await;
    assert_eq!(booked(&quota), Booked::new(2, 11, 7));
}
