//! The layer in the compositions that people build: axum routers, tower-http's layers, hyper servers and clients.
#![allow(clippy::unwrap_used)]

mod support;

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use support::provider::{AnswerBody, BoxError, completion};
use support::{
    Booked, PATH, Provider, Read, booked, by_header, chat, generous, hello, hello_call, limit,
    quota, read, status,
};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_token_quota::{
    Limit, Outcome, Quota, Rejection, RequestBody, Subject, Tier, TokenQuota, TokenQuotaLayer,
};

fn layer(quota: &Quota) -> TokenQuotaLayer {
    TokenQuotaLayer::new(quota.clone(), by_header())
}

/// A handler that plays the provider.
async fn model(body: Bytes) -> impl IntoResponse {
    assert!(!body.is_empty());
    axum::Json(completion(11, 7))
}

async fn ask(app: &Router, request: http::Request<Full<Bytes>>) -> Read {
    let request = request.map(Body::new);
    read(app.clone().oneshot(request).await.unwrap()).await
}

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

/// A state that names the types, as an application's struct would.
#[derive(Clone)]
struct Named {
    layer: TokenQuotaLayer,
    service: TokenQuota<Provider>,
}

#[tokio::test]
async fn layer_and_service_can_be_named() {
    let quota = quota(generous());
    let layer = layer(&quota);
    let service = layer.layer(Provider::using(11, 7));
    let named = Named { layer, service };
    let answer = named.service.clone().oneshot(hello_call()).await;
    assert_eq!(read(answer.unwrap()).await.status, 200);
    let _inner: &Provider = named.service.get_ref();
    let _inner: Provider = named.layer.layer(named.service.into_inner()).into_inner();
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

/// Serves one service on loopback and returns its authority.
async fn serve<S, B>(service: S) -> String
where
    S: Service<hyper::Request<hyper::body::Incoming>, Response = Response<B>>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    S::Error: Into<BoxError> + Send + Sync,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let io = TokioIo::new(listener.accept().await.unwrap().0);
            let service = TowerToHyperService::new(service.clone());
            let http1 = hyper::server::conn::http1::Builder::new();
            tokio::spawn(async move {
                let _closed = http1.serve_connection(io, service).await;
            });
        }
    });
    authority
}

/// The body that a proxy sends on: ours, around what hyper received.
type Forwarded = RequestBody<hyper::body::Incoming>;
type Proxy = Client<legacy::connect::HttpConnector, Forwarded>;

/// A hyper client behind the layer, sending all calls to one place.
fn proxy(
    quota: &Quota,
    upstream: String,
) -> impl Service<
    hyper::Request<hyper::body::Incoming>,
    Response = Response<tower_token_quota::ResponseBody<hyper::body::Incoming>>,
    Error = legacy::Error,
    Future: Send,
> + Clone
+ use<> {
    let client: Proxy = Client::builder(TokioExecutor::new()).build_http();
    let connect = |error: &legacy::Error| error.is_connect().then_some(Outcome::NothingRan);
    ServiceBuilder::new()
        .layer(layer(quota).classify_error(connect))
        .map_request(move |mut request: hyper::Request<Forwarded>| {
            let path = request.uri().path_and_query().unwrap();
            *request.uri_mut() = format!("http://{upstream}{path}").parse().unwrap();
            request
        })
        .service(client)
}

async fn ask_over_http(authority: &str) -> Result<Read, legacy::Error> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut request = hello_call();
    *request.uri_mut() = format!("http://{authority}{PATH}").parse().unwrap();
    Ok(read(client.request(request).await?).await)
}

#[tokio::test]
async fn a_hyper_server_outside_and_a_hyper_client_inside() {
    let quota = quota(generous());
    let provider = Provider::using(11, 7);
    let upstream = serve(provider.clone()).await;
    let gateway = serve(proxy(&quota, upstream)).await;
    let answer = ask_over_http(&gateway).await.unwrap();
    assert_eq!(answer.json(), completion(11, 7));
    assert_eq!(provider.last().json(), hello("gpt-4o-mini"));
    assert_eq!(booked(&quota), Booked::new(1, 11, 7));
}

#[tokio::test]
async fn p4_a_proxy_whose_upstream_cannot_be_reached_books_nothing() {
    let quota = quota(generous());
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let gateway = serve(proxy(&quota, upstream)).await;
    assert!(ask_over_http(&gateway).await.is_err());
    quota.drain().await;
    assert_eq!(booked(&quota), Booked::new(1, 0, 0));
}

#[tokio::test]
async fn a_service_that_never_fails_stays_so() {
    let quota = quota(generous());
    let inner =
        service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("{}")))) });
    let service = layer(&quota).layer(inner);
    let Ok(response) = service.oneshot(hello_call()).await;
    assert_eq!(read(response).await.text(), "{}");
}

#[tokio::test]
async fn the_inner_services_error_type_is_kept() {
    #[derive(Debug, PartialEq)]
    struct Own(u8);
    let quota = quota(generous());
    let inner = service_fn(|_| async { Err::<Response<AnswerBody>, _>(Own(7)) });
    let failed = layer(&quota).layer(inner).oneshot(hello_call()).await;
    assert_eq!(failed.err(), Some(Own(7)));
}

/// A body that cannot be sent to another thread.
struct Local(Rc<Full<Bytes>>);

impl http_body::Body for Local {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let body = Rc::get_mut(&mut self.0).unwrap();
        std::pin::Pin::new(body).poll_frame(cx)
    }
}

#[tokio::test]
async fn bodies_and_services_of_one_thread_are_welcome() {
    let quota = quota(generous());
    let calls = Rc::new(std::cell::Cell::new(0));
    let counted = calls.clone();
    let inner = service_fn(move |request: http::Request<RequestBody<Local>>| {
        let calls = counted.clone();
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            calls.set(calls.get() + body.len());
            let answer = Bytes::from(completion(11, 7).to_string());
            Ok::<_, Infallible>(Response::new(Local(Rc::new(Full::new(answer)))))
        }
    });
    let request = hello_call().map(|body| Local(Rc::new(body)));
    let Ok(response) = layer(&quota).layer(inner).oneshot(request).await;
    assert_eq!(read(response).await.json(), completion(11, 7));
    assert_eq!(calls.get(), hello("gpt-4o-mini").to_string().len());
    assert_eq!(limit(&quota, "tokens").used, 18);
}

#[tokio::test]
async fn boxed_and_buffered_services_work() {
    let quota = quota(generous());
    let boxed = layer(&quota).layer(tower::util::BoxCloneService::new(Provider::using(11, 7)));
    let boxed: tower::util::BoxCloneService<_, _, BoxError> = boxed.boxed_clone();
    let answer = boxed.oneshot(hello_call()).await.unwrap();
    assert_eq!(read(answer).await.status, 200);
}

#[test]
fn futures_and_services_may_change_threads() {
    fn sendable<T: Send + 'static>(_: &T) {}
    fn shareable<T: Send + Sync + 'static>(_: &T) {}
    let quota = quota(generous());
    let service = support::metered(&quota, &Provider::using(1, 1));
    shareable(&quota);
    shareable(&layer(&quota));
    shareable(&service);
    sendable(&service.oneshot(hello_call()));
}
