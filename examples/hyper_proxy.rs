//! The layer around a plain hyper service, without axum.
//!
//! ```sh
//! cargo run --example hyper_proxy                            # answers itself
//! cargo run --example hyper_proxy -- http://127.0.0.1:8000   # forwards, say to vLLM
//! ```
//!
//! Callers are known by their key, `sk-alice`. For what else a proxy before a paid provider has to do, see `axum_server`.

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, Version, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};
use tower_token_quota::identify::{ApiKeys, KEY_HEADERS};
use tower_token_quota::{
    Limit, Outcome, Policy, Quota, RequestBody, Subject, Tier, TokenQuotaLayer,
};

/// What the layer hands to the service inside of it: hyper's own body, or the bytes that were read of it.
type Call = Request<RequestBody<Incoming>>;
type Answer = Response<BoxBody<Bytes, hyper::Error>>;

const HELLO: &str = r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#;
const FAILED: &str = r#"{"error":{"message":"The upstream did not answer.","type":"server_error","param":null,"code":null}}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let upstream: Option<Uri> = std::env::args().nth(1).map(|url| url.parse()).transpose()?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let tier = Tier::new("free")
        .limit(Limit::requests(20).per_minute())
        .limit(Limit::tokens(10_000).per_day());
    let quota = Quota::new(Policy::new().tier(tier).build()?);
    let keys = ApiKeys::new().key("sk-alice", Subject::user("alice", "free"));
    let metered = TokenQuotaLayer::new(quota, keys).layer(service_fn(move |call| {
        let (client, upstream) = (client.clone(), upstream.clone());
        async move {
            Ok::<_, Infallible>(match upstream {
                Some(upstream) => forward(&client, &upstream, call).await,
                None => reply(StatusCode::OK, HELLO),
            })
        }
    }));

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(metered.clone());
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            let served = server.serve_connection(TokioIo::new(stream), service).await;
            served.inspect_err(|error| eprintln!("connection broke off: {error}"))
        });
    }
}

async fn forward(
    client: &Client<HttpConnector, RequestBody<Incoming>>,
    upstream: &Uri,
    mut call: Call,
) -> Answer {
    let mut target = call.uri().clone().into_parts();
    target.scheme = upstream.scheme().cloned();
    target.authority = upstream.authority().cloned();
    match Uri::from_parts(target) {
        Ok(target) => *call.uri_mut() = target,
        Err(_) => return reply(StatusCode::BAD_REQUEST, FAILED),
    }
    *call.version_mut() = Version::HTTP_11;
    for name in KEY_HEADERS.iter().chain(&[header::HOST]) {
        call.headers_mut().remove(name);
    }
    match client.request(call).await {
        Ok(answer) => answer.map(BodyExt::boxed),
        Err(error) => failed(&error),
    }
}

/// A call that never reached the upstream costs nothing; what one cost that broke off on its way nobody knows.
fn failed(error: &legacy::Error) -> Answer {
    let mut answer = reply(StatusCode::BAD_GATEWAY, FAILED);
    answer.extensions_mut().insert(match error.is_connect() {
        true => Outcome::NothingRan,
        false => Outcome::Unreconciled,
    });
    answer
}

fn reply(status: StatusCode, body: &'static str) -> Answer {
    let mut answer = Response::new(Full::from(body).map_err(|never| match never {}).boxed());
    *answer.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}
