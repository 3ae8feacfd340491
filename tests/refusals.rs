//! P11, refused calls: status, body and headers tell what is true and what helps, in words that clients understand.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use support::provider::completion;
use support::watch::Events;
use support::{
    NOON, Provider, Read, alice, call, chat, hello, hello_call, hello_stream, limit, metered,
    policy, post, quota, quota_of,
};
use tower::Layer;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::{OpaqueInput, UnknownCalls};
use tower_token_quota::store::Reason;
use tower_token_quota::{Limit, Quota, Rejection, RejectionKind, Tier, TokenQuotaLayer};

/// Reserves 8 + 92 tokens a call, and books as many.
fn tier() -> Tier {
    Tier::new("t").default_output_tokens(92)
}

async fn ask(quota: &Quota) -> Read {
    call(&metered(quota, &Provider::using(8, 92)), hello_call()).await
}

fn message(read: &Read) -> String {
    read.json()["error"]["message"].as_str().unwrap().to_owned()
}

fn rejection(read: &Read) -> &Rejection {
    read.extensions
        .get()
        .expect("a rejection in the extensions")
}

#[tokio::test]
async fn p11_a_rate_limit_says_exactly_how_long_to_wait() {
    for (refill, every, wait) in [
        (60, Duration::from_secs(60), 1_000_u64),
        (1, Duration::from_millis(10), 10),
        (1, Duration::from_micros(500), 1),
        (7, Duration::from_secs(100), 14_286),
        (1, Duration::from_secs(3_600), 3_600_000),
    ] {
        let clock = FakeClock::at(NOON);
        let bucket = Limit::requests(2).refilled_by(refill, every).id("rpm");
        let quota = quota_of(policy(tier().limit(bucket)), &clock);
        assert_eq!(ask(&quota).await.status, 200);
        assert_eq!(ask(&quota).await.status, 200);
        let refused = ask(&quota).await;
        refused.is_refused(429, "rate_limit_exceeded");
        assert_eq!(refused.json()["error"]["type"], "requests");
        let millis: u64 = refused.header("retry-after-ms").parse().unwrap();
        let seconds: u64 = refused.header("retry-after").parse().unwrap();
        assert_eq!((millis, seconds), (wait, wait.div_ceil(1_000)));
        assert!(!refused.headers.contains_key("x-should-retry"));
        let found = rejection(&refused).clone();
        assert_eq!(found.kind, RejectionKind::RateLimited);
        assert_eq!(found.limits[0].reason, Reason::Rate);

        clock.advance(found.retry_after.unwrap() - Duration::from_micros(1));
        assert_eq!(ask(&quota).await.status, 429, "a microsecond early");
        clock.advance(Duration::from_micros(1));
        assert_eq!(ask(&quota).await.status, 200);
    }
}

#[tokio::test]
async fn p11_a_token_bucket_says_tokens() {
    let quota = quota(tier().limit(Limit::tokens(150).per_minute()));
    ask(&quota).await;
    let refused = ask(&quota).await;
    refused.is_refused(429, "rate_limit_exceeded");
    assert_eq!(refused.json()["error"]["type"], "tokens");
    assert_eq!(refused.header("retry-after"), "20");
    assert_eq!(
        message(&refused),
        "Rate limit reached. Limit t/tokens/minute on gpt-4o-mini: 150 tokens allowed, 100 used, 0 held, 100 asked. \
         Please try again in 20s."
    );
}

#[tokio::test]
async fn p11_a_spent_quota_says_when_it_begins_anew_and_asks_nobody_to_retry() {
    let quota = quota(tier().limit(Limit::tokens(150).per_day().id("daily")));
    ask(&quota).await;
    let refused = ask(&quota).await;
    refused.is_refused(429, "insufficient_quota");
    assert_eq!(refused.json()["error"]["type"], "insufficient_quota");
    assert_eq!(refused.header("x-should-retry"), "false");
    assert_eq!(refused.header("retry-after"), "");
    assert_eq!(refused.header("retry-after-ms"), "");
    assert_eq!(refused.header("x-quota-reset"), "2026-11-22T00:00:00Z");
    assert!(message(&refused).contains("150 tokens allowed, 100 used, 0 held, 100 asked"));
    assert!(message(&refused).contains("2026-11-22T00:00:00Z"));
    let found = rejection(&refused);
    assert_eq!(found.kind, RejectionKind::QuotaSpent);
    assert_eq!(&*found.limits[0].id, "daily");
    assert_eq!(found.estimate.unwrap().total(), 100);
    assert_eq!(
        limit(&quota, "daily").used,
        100,
        "a refused call changes nothing"
    );
}

#[tokio::test]
async fn p11_what_can_never_fit_says_so() {
    let quota = quota(tier().limit(Limit::tokens(99).per_minute().id("small")));
    let refused = ask(&quota).await;
    refused.is_refused(429, "insufficient_quota");
    assert_eq!(refused.header("x-should-retry"), "false");
    assert_eq!(refused.header("retry-after"), "");
    assert_eq!(refused.header("x-quota-reset"), "", "no reset helps");
    assert!(message(&refused).contains("can never fit"));
    assert!(message(&refused).contains("small"));
    assert!(message(&refused).contains("99 tokens allowed"));
}

#[tokio::test]
async fn p11_what_can_never_fit_for_what_cannot_be_seen_of_it_is_told_why() {
    let search = json!({"model": "gpt-4.1", "input": "Hi", "tools": [{"type": "web_search"}]});
    let of_context = tier()
        .opaque_input(OpaqueInput::ReserveContext)
        .limit(Limit::tokens(10_000).per_day().id("small"));
    let rejected = async |body: &Value| {
        let quota = quota(of_context.clone());
        let layer = metered(&quota, &Provider::using(8, 2));
        message(&call(&layer, post("/v1/responses", body.to_string())).await)
    };
    let told = |why: &str| format!(" Waiting will not help{why}");
    let why = told(
        "; a shorter prompt or a lower output cap may. Room is reserved for what cannot be seen of the input (the provider runs a tool).",
    );
    let message = rejected(&search).await;
    assert!(message.ends_with(&why), "{message}");

    let mut alone = search.clone();
    alone["tools"] = json!([]);
    alone["max_output_tokens"] = json!(20_000);
    let either = told("; a shorter prompt or a lower output cap may.");
    let message = rejected(&alone).await;
    assert!(message.ends_with(&either), "{message}");

    let mut long = search;
    long["input"] = json!("a b c d ".repeat(300_000));
    let message = rejected(&long).await;
    let shorter = told("; a shorter prompt may.");
    assert!(message.ends_with(&shorter), "{message}");
}

#[tokio::test]
async fn p11_of_several_limits_all_are_named_and_the_most_lasting_decides() {
    let tier = tier()
        .limit(Limit::requests(1).per_minute().id("rpm"))
        .limit(Limit::tokens(150).per_day().id("daily"))
        .limit(Limit::tokens(10_000).per_month().id("monthly"));
    let quota = quota(tier);
    ask(&quota).await;
    let refused = ask(&quota).await;
    refused.is_refused(429, "insufficient_quota");
    let ids: Vec<_> = rejection(&refused)
        .limit_ids()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(ids, ["rpm", "daily"]);
    assert!(message(&refused).contains("rpm") && message(&refused).contains("daily"));
}

#[tokio::test]
async fn p11_a_refused_stream_is_plain_json() {
    let quota = quota(tier().limit(Limit::requests(1).per_day()));
    ask(&quota).await;
    let asked = chat(hello_stream("gpt-4o-mini").to_string());
    let refused = call(&metered(&quota, &Provider::using(8, 2)), asked).await;
    refused.is_refused(429, "insufficient_quota");
    assert_eq!(refused.header("content-type"), "application/json");
    assert_eq!(refused.header("cache-control"), "no-store");
}

#[tokio::test]
async fn p11_a_model_outside_the_tier_is_a_403() {
    let quota = quota(
        tier()
            .models(["gpt-4o-mini", "o*"])
            .limit(Limit::requests(5).per_day()),
    );
    let service = metered(&quota, &Provider::using(8, 2));
    let refused = call(&service, chat(hello("gpt-4.1").to_string())).await;
    refused.is_refused(403, "model_not_allowed");
    assert_eq!(refused.json()["error"]["param"], "model");
    assert!(message(&refused).contains("gpt-4.1"));
    assert!(!refused.headers.contains_key("retry-after"));
    for allowed in ["gpt-4o-mini-2024-07-18", "o3"] {
        assert_eq!(
            call(&service, chat(hello(allowed).to_string()))
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn p11_problem_details_for_whom_asks_for_them() {
    let quota = quota(tier().limit(Limit::tokens(150).per_day().id("daily")));
    ask(&quota).await;
    let mut asked = hello_call();
    let accept = "application/json;q=0.5, application/problem+json";
    asked
        .headers_mut()
        .insert("accept", accept.parse().unwrap());
    let refused = call(&metered(&quota, &Provider::using(8, 2)), asked).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.header("x-should-retry"), "false");
    let problem = refused.json();
    assert_eq!(
        problem["type"],
        "https://iana.org/assignments/http-problem-types#quota-exceeded"
    );
    assert_eq!(problem["violated-policies"], serde_json::json!(["daily"]));
    assert_eq!(problem["status"], 429);
    assert!(problem["title"].is_string() && problem["detail"].is_string());

    let mut unknown = hello_call();
    unknown.headers_mut().remove("x-user");
    unknown
        .headers_mut()
        .insert("accept", "application/problem+json".parse().unwrap());
    let refused = call(&metered(&quota, &Provider::using(8, 2)), unknown).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["type"]),
        (401, &"about:blank".into())
    );
    assert!(refused.json().get("violated-policies").is_none());
}

#[tokio::test]
async fn p11_a_requests_id_is_echoed_or_made() {
    let quota = quota(tier().limit(Limit::requests(1).per_day()));
    ask(&quota).await;
    let mut asked = hello_call();
    asked
        .headers_mut()
        .insert("x-request-id", "theirs-1".parse().unwrap());
    let refused = call(&metered(&quota, &Provider::using(8, 2)), asked).await;
    assert_eq!(refused.header("x-request-id"), "theirs-1");
    let (one, other) = (ask(&quota).await, ask(&quota).await);
    assert!(one.header("x-request-id").starts_with("req_"));
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn p11_users_render_rejections_their_own_way() {
    let quota = quota(tier().limit(Limit::requests(1).per_day().id("daily")));
    let layer = TokenQuotaLayer::new(quota.clone(), support::by_header());
    let layer = layer.render(|rejection, response| {
        let text = format!("{} {}", rejection.kind.as_str(), response.body().len() > 20);
        let mut own = Response::new(Bytes::from(text));
        *own.status_mut() = http::StatusCode::IM_A_TEAPOT;
        own
    });
    let service = layer.layer(Provider::using(8, 2));
    assert_eq!(
        call(&service, hello_call()).await.status,
        200,
        "admitted answers are not ours"
    );
    let refused = call(&service, hello_call()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.text()),
        (418, "quota_spent true")
    );
    assert_eq!(
        &*rejection(&refused).limits[0].id,
        "daily",
        "it still travels along"
    );
    let refused = call(&service, post("/v1/chat/completions", "{")).await;
    assert_eq!(refused.text(), "invalid_request true");
}

#[tokio::test]
async fn p11_unknown_calls_are_refused_where_the_policy_says_so() {
    let policy = policy(tier()).unknown_calls(UnknownCalls::Reject);
    let quota = quota_of(policy, &FakeClock::at(NOON));
    let service = metered(&quota, &Provider::using(8, 2));
    let refused = call(&service, post("/v1/images/generations", "{}")).await;
    refused.is_refused(403, "unknown_call");
    assert!(message(&refused).contains("POST /v1/images/generations"));
    let mut models = post("/v1/models", "");
    *models.method_mut() = http::Method::GET;
    assert_eq!(
        call(&service, models.map(|_| http_body_util::Empty::new()))
            .await
            .status,
        200
    );
    let mut realtime = post("/v1/realtime", "");
    *realtime.method_mut() = http::Method::GET;
    realtime
        .headers_mut()
        .insert("upgrade", "websocket".parse().unwrap());
    call(&service, realtime)
        .await
        .is_refused(403, "unknown_call");
}

fn replying() -> Quota {
    let reply = "Usage limits reached; \"try\" later.\n";
    let limit = Limit::requests(1).per_day().id("daily").then_reply(reply);
    quota(tier().limit(limit))
}

#[tokio::test]
async fn p11_a_canned_reply_is_a_well_formed_answer() {
    let (quota, events) = (replying(), Events::default());
    let quota = quota.observer(events.clone());
    ask(&quota).await;
    let reply = ask(&quota).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("x-quota-fallback"), "daily");
    assert_eq!(reply.header("content-type"), "application/json");
    assert!(reply.header("x-request-id").starts_with("req_"));
    let body = reply.json();
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["model"], "gpt-4o-mini");
    assert_eq!(
        body["choices"][0]["message"]["content"],
        "Usage limits reached; \"try\" later.\n"
    );
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["usage"]["total_tokens"], 0);
    assert_eq!(rejection(&reply).kind, RejectionKind::QuotaSpent);
    assert_eq!(events.words().pop().unwrap(), "replied daily");
    assert_eq!(limit(&quota, "daily").used, 1);
}

#[tokio::test]
async fn p11_a_canned_reply_to_a_stream_is_a_stream() {
    let quota = replying();
    ask(&quota).await;
    for asks_usage in [false, true] {
        let mut asked = hello_stream("gpt-4o-mini");
        if asks_usage {
            asked["stream_options"] = serde_json::json!({"include_usage": true});
        }
        let service = metered(&quota, &Provider::using(8, 2));
        let reply = call(&service, chat(asked.to_string())).await;
        assert_eq!(reply.header("content-type"), "text/event-stream");
        assert_eq!(reply.header("x-quota-fallback"), "daily");
        let events: Vec<&str> = reply.text().split_terminator("\n\n").collect();
        assert_eq!(events.last(), Some(&"data: [DONE]"));
        let chunks: Vec<serde_json::Value> = events[..events.len() - 1]
            .iter()
            .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
            .collect();
        let said: String = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
            .collect();
        assert_eq!(said, "Usage limits reached; \"try\" later.\n");
        let last = chunks.last().unwrap();
        assert_eq!(last["usage"]["total_tokens"].is_u64(), asks_usage);
    }
}

#[tokio::test]
async fn p11_too_many_at_once_is_told_and_passes() {
    use tower::ServiceExt;

    let quota = quota(tier().limit(Limit::concurrent(1).id("at-once")));
    let service = metered(&quota, &Provider::using(8, 2));
    let first = service.clone().oneshot(hello_call()).await.unwrap();
    let refused = call(&service, hello_call()).await;
    refused.is_refused(429, "rate_limit_exceeded");
    assert_eq!(refused.json()["error"]["type"], "requests");
    assert_eq!(refused.header("retry-after"), "1");
    assert!(!refused.headers.contains_key("x-should-retry"));
    assert_eq!(support::read(first).await.json(), completion(8, 2));
    assert_eq!(call(&service, hello_call()).await.status, 200);
    assert_eq!(quota.status(&alice()).await.unwrap()[0].held, 0);
}
