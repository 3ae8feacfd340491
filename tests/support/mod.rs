//! What the tests of the Tower shell share: a scriptable provider, a quota with one limit of each kind, callers.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // each test uses a part of it

pub mod body;
pub mod provider;
pub mod watch;

use std::future::Future;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower::{Layer, Service, ServiceExt};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::identify::{self, Identify};
use tower_token_quota::policy::{PolicyBuilder, Unit};
use tower_token_quota::{
    Limit, Policy, Quota, ResponseBody, Subject, Tier, TokenQuota, TokenQuotaLayer,
};

pub use provider::Provider;

pub const PATH: &str = "/v1/chat/completions";
pub const NOON: &str = "2026-11-21T12:00:00Z";

/// Who calls, unless a test says otherwise.
pub fn alice() -> Subject {
    Subject::user("alice", "t")
}

/// Knows whoever the header `x-user` names.
pub fn by_header() -> impl Identify {
    identify::trusted_header(HeaderName::from_static("x-user"), |user| {
        Some(Subject::user(user, "t"))
    })
}

/// A tier `t` with one generous limit of each kind, whose ids are the units' names and `bucket`.
pub fn generous() -> Tier {
    Tier::new("t")
        .limit(Limit::requests(1_000_000).per_day().id("requests"))
        .limit(Limit::tokens(1_000_000).per_day().id("tokens"))
        .limit(Limit::input_tokens(1_000_000).per_day().id("input"))
        .limit(Limit::output_tokens(1_000_000).per_day().id("output"))
        .limit(Limit::tokens(1_000_000).per_minute().id("bucket"))
        .limit(Limit::concurrent(1_000).id("concurrent"))
        .default_output_tokens(500)
}

pub fn policy(tier: Tier) -> PolicyBuilder {
    Policy::new().tier(tier)
}

/// A quota of one tier, at noon of a day, on a clock that stands still.
pub fn quota(tier: Tier) -> Quota {
    quota_of(policy(tier), &FakeClock::at(NOON))
}

/// The tokenizers' tables are built before it is there, so that no call has to wait for them, whichever test is the first.
pub fn quota_of(policy: PolicyBuilder, clock: &FakeClock) -> Quota {
    tower_token_quota::count::warm_up();
    Quota::new(policy.build().unwrap()).clock(clock.clone())
}

/// The layer for callers in `x-user`, around a provider.
pub fn metered(quota: &Quota, provider: &Provider) -> TokenQuota<Provider> {
    TokenQuotaLayer::new(quota.clone(), by_header()).layer(provider.clone())
}

/// Alice's call of the chat completions with this body.
pub fn chat(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    post(PATH, body)
}

pub fn post(path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let body = body.into();
    Request::post(path)
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .header("x-user", "alice")
        .body(Full::new(body))
        .unwrap()
}

/// A small call: its input is 8 tokens.
pub fn hello(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]})
}

/// The same, as a stream.
pub fn hello_stream(model: &str) -> Value {
    let mut hello = hello(model);
    hello["stream"] = json!(true);
    hello
}

/// Alice's small call.
pub fn hello_call() -> Request<Full<Bytes>> {
    chat(hello("gpt-4o-mini").to_string())
}

/// Alice's small call for a stream.
pub fn stream_call() -> Request<Full<Bytes>> {
    chat(hello_stream("gpt-4o-mini").to_string())
}

/// A response that was read to its end.
#[derive(Debug)]
pub struct Read {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
    pub extensions: http::Extensions,
}

impl Read {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A header's text; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn is_refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{:?}", self.body);
        assert_eq!(self.json()["error"]["code"], code, "{:?}", self.body);
    }
}

/// Calls a service that never fails, and reads the answer.
pub async fn call<S, B>(service: &S, request: Request<B>) -> Read
where
    S: Service<Request<B>, Response = Response<ResponseBody<provider::AnswerBody>>> + Clone,
    S::Error: std::fmt::Debug,
{
    read(service.clone().oneshot(request).await.unwrap()).await
}

pub async fn read<B>(response: Response<B>) -> Read
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (head, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    Read {
        status: head.status,
        headers: head.headers,
        trailers: collected.trailers().cloned(),
        body: collected.to_bytes(),
        extensions: head.extensions,
    }
}

/// What is booked on Alice's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Booked {
    pub requests: u64,
    pub input: u64,
    pub output: u64,
}

impl Booked {
    pub fn new(requests: u64, input: u64, output: u64) -> Self {
        Self {
            requests,
            input,
            output,
        }
    }
}

/// What is booked on the [`generous`] limits of Alice, after checking that nothing is held and that they agree.
#[track_caller]
pub fn booked(quota: &Quota) -> Booked {
    let mut booked = Booked::default();
    let mut totals = Vec::new();
    for limit in status(quota, &alice()) {
        assert_eq!(limit.held, 0, "held on {limit:?}");
        match limit.unit {
            Unit::Requests => booked.requests = limit.used,
            Unit::InputTokens => booked.input = limit.used,
            Unit::OutputTokens => booked.output = limit.used,
            Unit::Tokens => totals.push(limit.used),
            _ => assert_eq!(limit.used, 0, "{limit:?}"),
        }
    }
    assert_eq!(
        totals,
        [booked.input + booked.output; 2],
        "the day's and the bucket's tokens"
    );
    booked
}

/// A subject's limits. On the memory store there is nothing to wait for.
pub fn status(quota: &Quota, subject: &Subject) -> Vec<tower_token_quota::LimitStatus> {
    use futures_util::FutureExt as _;
    quota.status(subject).now_or_never().unwrap().unwrap()
}

/// One of Alice's limits.
#[track_caller]
pub fn limit(quota: &Quota, id: &str) -> tower_token_quota::LimitStatus {
    let found = status(quota, &alice())
        .into_iter()
        .find(|limit| &*limit.id == id);
    found.unwrap_or_else(|| panic!("no limit {id}"))
}

/// Runs a future to its end, where a test is not async itself.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(future)
}

/// So many cases, and no files that remember failed ones: a case that fails becomes a test.
pub fn cases(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases,
        failure_persistence: None,
        ..Default::default()
    }
}
