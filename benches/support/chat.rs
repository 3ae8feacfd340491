//! A chat's call, a provider that answers it at once, and four limits that nobody reaches.
#![allow(dead_code)] // each benchmark uses a part of it

use std::convert::Infallible;
use std::hint::black_box;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use tower_token_quota::policy::PolicyBuilder;
use tower_token_quota::{Limit, Policy, Subject, Tier};

pub(crate) const PATH: &str = "/v1/chat/completions";

const ANSWER: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"Hello!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":400,"completion_tokens":3,"total_tokens":403}}"#;

/// Those of the tier `pro`: two buckets, a day's budget, and the calls under way.
pub(crate) fn four_limits() -> PolicyBuilder {
    let tier = Tier::new("pro")
        .limit(Limit::requests(1 << 40).per_minute())
        .limit(Limit::tokens(1 << 50).per_minute())
        .limit(Limit::tokens(1 << 50).per_day().id("daily"))
        .limit(Limit::concurrent(1 << 20));
    Policy::new().tier(tier)
}

pub(crate) fn alice() -> Subject {
    Subject::user("alice", "pro")
}

/// Alice's request with this body.
pub(crate) fn request(body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static(PATH);
    request.extensions_mut().insert(alice());
    request
}

/// The provider: it reads a request to its end, and answers.
pub(crate) async fn answer<B: BodyExt>(
    request: Request<B>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    black_box(request.into_body().collect().await.is_ok());
    let mut response = Response::new(Full::from(ANSWER));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}
