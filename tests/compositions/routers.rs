//! The layer on axum's routers and routes.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::StatusCode;
use http_body_util::Full;
use tower_token_quota::{Limit, Quota, Tier};

use crate::app::{ask, layer, model};
use crate::support::provider::completion;
use crate::support::{self, Booked, PATH, booked, generous, hello, hello_call, quota, status};

#[tokio::test]
async fn a_router_with_the_layer() {
    let quota = quota(generous());
    let app = Router::new()
        .route(PATH, post(model))
        .route("/v1/models", axum::routing::get(|| async { "models" }))
        .layer(layer(&quota));
    let answer = ask(&app, hello_call()).await;
    assert_eq!(
        (answer.status, answer.json()),
        (StatusCode::OK, completion(11, 7))
    );
    let models = http::Request::get("/v1/models")
        .body(Full::default())
        .unwrap();
    assert_eq!(ask(&app, models).await.text(), "models");
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn two_routes_with_a_layer_each_share_one_counter() {
    let tier = Tier::new("t").limit(Limit::requests(2).per_day());
    let quota = quota(tier);
    let apps = [
        Router::new().route("/a/chat/completions", post(model).layer(layer(&quota))),
        Router::new()
            .route("/b/chat/completions", post(model))
            .route_layer(layer(&quota)),
    ];
    let app = apps.into_iter().fold(Router::new(), Router::merge);
    let call = |path: &str| support::post(path, hello("gpt-4o-mini").to_string());
    assert_eq!(ask(&app, call("/a/chat/completions")).await.status, 200);
    assert_eq!(ask(&app, call("/b/chat/completions")).await.status, 200);
    let refused = ask(&app, call("/a/chat/completions")).await;
    refused.is_refused(429, "insufficient_quota");
    assert_eq!(status(&quota, &support::alice())[0].used, 2);
}

#[tokio::test]
async fn a_state_that_has_a_quota() {
    async fn usage(State(quota): State<Quota>) -> String {
        let limits = quota.status(&support::alice()).await.unwrap();
        serde_json::to_string(&limits).unwrap()
    }
    let quota = quota(Tier::new("t").limit(Limit::requests(5).per_day()));
    let app = Router::new()
        .route("/quota/status", axum::routing::get(usage))
        .route(PATH, post(model))
        .layer(layer(&quota))
        .with_state(quota);
    ask(&app, hello_call()).await;
    let request = http::Request::get("/quota/status")
        .body(Full::default())
        .unwrap();
    let status = ask(&app, request).await.json();
    assert_eq!(
        status,
        serde_json::json!([{
            "id": "t/requests/day", "unit": "requests", "scope": ["user"], "enforcement": "hard",
            "amount": 5, "used": 1, "held": 0, "remaining": 4, "resets_at": "2026-11-22T00:00:00Z",
        }])
    );
}
