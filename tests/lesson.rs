//! The lesson's systems, end to end through the layer: tiers, buckets, downgrade, the stress test.
#![allow(clippy::unwrap_used)]

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::post;
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::{Limit, Policy, Quota, Subject, Tier, TokenQuotaLayer, identify};

/// A model that says which model it is and uses what the prompt's words ask for.
async fn model(request: Request) -> impl IntoResponse {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    axum::Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": body["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    }))
}

fn app(quota: &Quota) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(model))
        .layer(TokenQuotaLayer::new(
            quota.clone(),
            identify::extension::<Subject>(),
        ))
}

async fn call(
    quota: &Quota,
    subject: &Subject,
    body: &Value,
) -> (StatusCode, http::HeaderMap, Value) {
    let mut request = Request::post("/v1/chat/completions")
        .body(Body::from(body.to_string()))
        .unwrap();
    request.extensions_mut().insert(subject.clone());
    let response: Response<_> = app(quota).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (
        head.status,
        head.headers,
        serde_json::from_slice(&body).unwrap(),
    )
}

fn prompt(model: &str, tokens: usize) -> Value {
    // " hello" is one token of o200k; the message around it costs 7, its role included.
    json!({"model": model, "max_tokens": 16, "messages": [{"role": "user", "content": " hello".repeat(tokens - 7)}]})
}

#[tokio::test]
async fn the_stress_test_of_the_lesson() {
    let tier = Tier::new("free").limit(Limit::input_tokens(500).per_day());
    let quota = Quota::new(Policy::new().tier(tier).build().unwrap())
        .clock(FakeClock::at("2026-11-21T12:00:00Z"));
    let alice = Subject::user("alice", "free");

    let (status, headers, body) = call(&quota, &alice, &prompt("gpt-4o-mini", 600)).await;
    assert_eq!(
        (status, &headers["x-should-retry"]),
        (StatusCode::TOO_MANY_REQUESTS, &"false".parse().unwrap())
    );
    assert_eq!(body["error"]["code"], "insufficient_quota");
    assert!(
        body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("600 asked"),
        "{body}"
    );
    let (status, headers, _) = call(&quota, &alice, &prompt("gpt-4o-mini", 300)).await;
    assert_eq!(status, StatusCode::OK, "{headers:?}");
    assert_eq!(
        headers["ratelimit"],
        "\"free/input_tokens/day\";r=200;t=43200"
    );
    // The provider billed 9: the rest has come back.
    assert_eq!(quota.status(&alice).await.unwrap()[0].used, 9);
}
