//! Beside tower-http's layers and axum's middleware, outside of them and within.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::post;
use http::{HeaderValue, StatusCode};
use tower::ServiceBuilder;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_token_quota::{Limit, Rejection, Subject, Tier, TokenQuotaLayer};

use crate::app::{ask, layer, model};
use crate::support::{Booked, PATH, booked, chat, generous, hello_call, quota};

#[tokio::test]
async fn within_tower_https_trace_cors_timeout_and_body_limit() {
    let quota = quota(generous());
    let layers = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(CorsLayer::permissive())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            Duration::from_secs(60),
        ))
        .layer(RequestBodyLimitLayer::new(200))
        .layer(layer(&quota));
    let app = Router::new().route(PATH, post(model)).layer(layers);
    let mut cors = hello_call();
    cors.headers_mut()
        .insert("origin", HeaderValue::from_static("http://x"));
    let answer = ask(&app, cors).await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.header("access-control-allow-origin")
        ),
        (200, "*")
    );

    let long = " ".repeat(201);
    let promised = ask(&app, chat(long.clone())).await;
    assert_eq!(promised.status, 413, "refused by the limit's own layer");
    let mut chunked = chat(long);
    chunked.headers_mut().remove("content-length");
    let chunked = ask(&app, chunked).await;
    chunked.is_refused(413, "body_too_large");
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn around_tower_https_layers_too() {
    let quota = quota(generous());
    let layers = ServiceBuilder::new()
        .layer(layer(&quota))
        .layer(TraceLayer::new_for_http())
        .layer(CorsLayer::permissive())
        .layer(RequestBodyLimitLayer::new(1_000))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            Duration::from_secs(60),
        ));
    let app = Router::new().route(PATH, post(model)).layer(layers);
    assert_eq!(ask(&app, hello_call()).await.status, 200);
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

/// Says who it is, as an auth middleware does.
async fn authenticate(mut request: Request, next: Next) -> axum::response::Response {
    request.extensions_mut().insert(Subject::user("alice", "t"));
    let response = next.run(request).await;
    assert_eq!(response.headers()["x-quota-model"], "gpt-4o-mini");
    response
}

#[tokio::test]
async fn an_axum_middleware_outside() {
    let quota = quota(generous());
    let by_extension = tower_token_quota::identify::extension::<Subject>();
    let app = Router::new()
        .route(PATH, post(model))
        .layer(TokenQuotaLayer::new(quota.clone(), by_extension))
        .layer(from_fn(authenticate));
    let mut call = hello_call();
    call.headers_mut().remove("x-user");
    assert_eq!(ask(&app, call).await.status, 200);
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn an_axum_middleware_inside_with_the_body_mapped_back() {
    let quota = quota(generous());
    let layers = ServiceBuilder::new()
        .layer(layer(&quota))
        .layer(MapRequestBodyLayer::new(Body::new))
        .layer(from_fn(|request: Request, next: Next| async move {
            let (head, body) = request.into_parts();
            let bytes = axum::body::to_bytes(body, 1_000).await.unwrap();
            next.run(Request::from_parts(head, Body::from(bytes))).await
        }));
    let app = Router::new().route(PATH, post(model)).layer(layers);
    assert_eq!(ask(&app, hello_call()).await.status, 200);
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn two_layers_one_within_the_other() {
    let (outer, inner) = (quota(generous()), quota(generous()));
    let app = Router::new().route(PATH, post(model)).layer(
        ServiceBuilder::new()
            .layer(layer(&outer))
            .layer(layer(&inner)),
    );
    assert_eq!(ask(&app, hello_call()).await.status, 200);
    assert_eq!(booked(&outer), booked(&inner));
}

#[tokio::test]
async fn an_outer_layer_reads_the_rejection() {
    let quota = quota(Tier::new("t").limit(Limit::requests(1).per_day()));
    let app = Router::new()
        .route(PATH, post(model))
        .layer(layer(&quota))
        .layer(from_fn(|request: Request, next: Next| async move {
            let response = next.run(request).await;
            match response.extensions().get::<Rejection>() {
                Some(rejection) => rejection.limits[0].id.to_string().into_response(),
                None => response,
            }
        }));
    ask(&app, hello_call()).await;
    assert_eq!(ask(&app, hello_call()).await.text(), "t/requests/day");
}
