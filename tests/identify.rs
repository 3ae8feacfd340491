//! Who pays: the ready-made identifiers through the layer, and that nobody unknown gets to hear anything else.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Mutex;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderName, Request};
use http_body_util::Full;
use serde::Deserialize;
use support::body::{Script, Step};
use support::{
    NOON, PATH, Provider, Read, call, chat, hello, hello_call, policy, quota, quota_of, status,
};
use tokio::sync::oneshot;
use tower::{Layer, ServiceExt};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::identify::{
    self, ApiKeys, Identification, Identify, JsonBody, Unidentified,
};
use tower_token_quota::policy::UnknownCalls;
use tower_token_quota::{Limit, Quota, Subject, Tier, TokenQuotaLayer};

fn one_a_day() -> Tier {
    Tier::new("t").limit(Limit::requests(1).per_day().id("secret-limit"))
}

async fn ask(quota: &Quota, identify: impl Identify, request: Request<Full<Bytes>>) -> Read {
    let layer = TokenQuotaLayer::new(quota.clone(), identify);
    call(&layer.layer(Provider::using(1, 1)), request).await
}

/// A call with this header and no other that says who it is.
fn with(name: &'static str, value: &str) -> Request<Full<Bytes>> {
    let mut request = hello_call();
    request.headers_mut().remove("x-user");
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

fn used(quota: &Quota, user: &str) -> u64 {
    status(quota, &Subject::user(user, "t"))[0].used
}

fn keys() -> ApiKeys {
    let of_bob = "0c4a2c7d4a1b9f2d4f0a8b8f6a0a0d6d2c6a5a37c8a6a6e8f3f0f8a7e2f9b6c1";
    ApiKeys::new()
        .key("sk-alice", Subject::user("alice", "t"))
        .sha256(of_bob, Subject::user("bob", "t"))
        .unwrap()
}

#[tokio::test]
async fn api_keys_are_read_wherever_clients_put_them() {
    for (name, value) in [
        ("authorization", "Bearer sk-alice"),
        ("x-api-key", "sk-alice"),
        ("api-key", "sk-alice"),
        ("x-goog-api-key", "sk-alice"),
    ] {
        let quota = quota(one_a_day());
        assert_eq!(
            ask(&quota, keys(), with(name, value)).await.status,
            200,
            "{name}"
        );
        assert_eq!(used(&quota, "alice"), 1);
    }
    let quota = quota(one_a_day());
    let mut in_query = with("x-other", "");
    *in_query.uri_mut() = format!("{PATH}?key=sk-alice").parse().unwrap();
    assert_eq!(ask(&quota, keys(), in_query).await.status, 200);
}

#[tokio::test]
async fn an_unknown_key_is_a_401_in_the_apis_words() {
    let quota = quota(one_a_day());
    for (name, value) in [
        ("authorization", "Bearer sk-mallory"),
        ("authorization", "Bearer "),
        ("authorization", "sk-alice"),
        ("x-other", "sk-alice"),
        (
            "api-key",
            "0c4a2c7d4a1b9f2d4f0a8b8f6a0a0d6d2c6a5a37c8a6a6e8f3f0f8a7e2f9b6c1",
        ),
    ] {
        let refused = ask(&quota, keys(), with(name, value)).await;
        refused.is_refused(401, "invalid_api_key");
        assert_eq!(refused.json()["error"]["type"], "invalid_request_error");
    }
}

/// Bodies that would be refused, each for a reason of its own.
fn wrong_bodies() -> Vec<Script> {
    vec![
        Script::pieces(["{"]),
        Script::pieces([hello("not-allowed").to_string()]),
        Script::pieces([" ".repeat(5_000)]),
        Script::new([Step::Break("reset")]),
        Script::new([Step::Hang]),
    ]
}

#[tokio::test]
async fn p11_who_is_unknown_hears_of_nothing_else_and_his_body_is_not_read() {
    let quota = quota(one_a_day().models(["gpt-4o-mini"]));
    let provider = Provider::using(1, 1);
    let layer = TokenQuotaLayer::new(quota, keys()).max_body(1_000);
    let service = layer.layer(provider.clone());
    for body in wrong_bodies() {
        let polled = body.polled();
        let mut request = with("x-api-key", "sk-mallory").map(|_| body);
        let headers = request.headers_mut();
        headers.insert("content-length", "5000".parse().unwrap());
        headers.insert("content-encoding", "gzip".parse().unwrap());
        let refused = call(&service, request).await;
        refused.is_refused(401, "invalid_api_key");
        assert_eq!(polled.load(std::sync::atomic::Ordering::SeqCst), 0);
        let text = format!("{:?} {}", refused.headers, refused.text());
        assert!(!text.contains("limit"), "{text}");
        assert!(!text.contains("x-quota"), "{text}");
    }
    assert!(provider.seen().is_empty());
}

#[tokio::test]
async fn who_is_unknown_is_not_told_which_calls_are_allowed() {
    for rule in [UnknownCalls::Reject, UnknownCalls::Count] {
        let policy = policy(one_a_day()).unknown_calls(rule);
        let quota = quota_of(policy, &FakeClock::at(NOON));
        let mut request = with("x-api-key", "sk-mallory");
        *request.uri_mut() = "/v1/images/generations".parse().unwrap();
        ask(&quota, keys(), request)
            .await
            .is_refused(401, "invalid_api_key");
    }
}

#[tokio::test]
async fn a_trusted_header_names_the_user_once() {
    let by = || {
        identify::trusted_header(HeaderName::from_static("x-auth-user"), |user| {
            (user != "nobody").then(|| Subject::user(user, "t"))
        })
    };
    let quota = quota(one_a_day());
    assert_eq!(
        ask(&quota, by(), with("x-auth-user", "alice")).await.status,
        200
    );
    assert_eq!(used(&quota, "alice"), 1);
    for value in ["", "  ", "nobody"] {
        assert_eq!(
            ask(&quota, by(), with("x-auth-user", value)).await.status,
            401
        );
    }
    let mut twice = with("x-auth-user", "alice");
    twice
        .headers_mut()
        .append("x-auth-user", "bob".parse().unwrap());
    assert_eq!(ask(&quota, by(), twice).await.status, 401);
    let mut no_text = with("x-auth-user", "alice");
    let bytes = http::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    no_text.headers_mut().insert("x-auth-user", bytes);
    assert_eq!(ask(&quota, by(), no_text).await.status, 401);
}

#[tokio::test]
async fn an_extension_is_what_an_auth_middleware_left() {
    #[derive(Clone)]
    struct Account(&'static str);
    impl From<Account> for Subject {
        fn from(account: Account) -> Self {
            Subject::user(account.0, "t")
        }
    }
    let quota = quota(one_a_day());
    let mut known = hello_call();
    known.extensions_mut().insert(Account("alice"));
    assert_eq!(
        ask(&quota, identify::extension::<Account>(), known)
            .await
            .status,
        200
    );
    assert_eq!(used(&quota, "alice"), 1);
    let unknown = ask(&quota, identify::extension::<Account>(), hello_call()).await;
    assert_eq!(unknown.status, 401);
}

#[tokio::test]
async fn a_closure_sees_the_head() {
    let by_host = || {
        identify::from_fn(|head| match head.headers.get("host")?.to_str().ok()? {
            "alice.example" => Some(Subject::user("alice", "t")),
            _ => None,
        })
    };
    let quota = quota(one_a_day());
    assert_eq!(
        ask(&quota, by_host(), with("host", "alice.example"))
            .await
            .status,
        200
    );
    assert_eq!(ask(&quota, by_host(), with("host", "x")).await.status, 401);
    let worded = identify::from_fn(|_| Err(Unidentified::new("Log in first.")));
    let refused = ask(&quota, worded, hello_call()).await;
    assert_eq!(refused.json()["error"]["message"], "Log in first.");
}

#[tokio::test]
async fn an_async_closure_may_take_its_time() {
    let (tell, told) = oneshot::channel::<Result<Subject, Unidentified>>();
    let told = Mutex::new(Some(told));
    let lookup = identify::from_async_fn(move |_| {
        let told = told.lock().unwrap().take().unwrap();
        async { told.await.unwrap() }
    });
    let quota = quota(one_a_day());
    let body = Script::pieces([hello("gpt-4o-mini").to_string()]);
    let polled = body.polled();
    let service = TokenQuotaLayer::new(quota.clone(), lookup).layer(Provider::using(1, 1));
    let mut answer = Box::pin(service.oneshot(hello_call().map(|_| body)));
    assert!(answer.as_mut().now_or_never().is_none());
    assert_eq!(
        polled.load(std::sync::atomic::Ordering::SeqCst),
        0,
        "first who, then what"
    );
    tell.send(Ok(Subject::user("alice", "t"))).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
    assert_eq!(used(&quota, "alice"), 1);

    let unknown = identify::from_async_fn(|_| async { Err(Unidentified::default()) });
    ask(&quota, unknown, hello_call())
        .await
        .is_refused(401, "invalid_api_key");
}

#[derive(Deserialize)]
struct Paying {
    user: String,
}

fn by_body() -> impl Identify {
    identify::from_body(|_, body| {
        let Paying { user } = body.read().ok()?;
        Some(Subject::user(user, "t"))
    })
}

fn hello_of(user: &str) -> String {
    let mut body = hello("gpt-4o-mini");
    body["user"] = user.into();
    body.to_string()
}

#[tokio::test]
async fn the_body_is_read_where_only_it_tells() {
    let quota = quota(one_a_day());
    assert_eq!(
        ask(&quota, by_body(), chat(hello_of("alice"))).await.status,
        200
    );
    assert_eq!(used(&quota, "alice"), 1);
    for unknown in [hello("gpt-4o-mini").to_string(), "{".into(), String::new()] {
        let refused = ask(&quota, by_body(), chat(unknown)).await;
        refused.is_refused(401, "invalid_api_key");
    }
    let known_but_wrong = ask(&quota, by_body(), chat(r#"{"user":"alice"}"#)).await;
    assert_eq!(known_but_wrong.status, 400);
}

/// Asks for the body, and then takes its time.
struct LaterByBody;

impl Identify for LaterByBody {
    fn identify(&self, _: &http::request::Parts) -> Identification {
        Identification::NeedsBody
    }

    fn identify_by_body(&self, _: &http::request::Parts, body: &JsonBody<'_>) -> Identification {
        let known = body.text().contains("alice");
        Identification::Later(Box::pin(async move {
            tokio::task::yield_now().await;
            let alice = known.then(|| Subject::user("alice", "t"));
            alice.ok_or_else(Unidentified::default)
        }))
    }
}

#[tokio::test]
async fn p11_a_wrong_body_is_told_only_to_whom_is_known_by_it() {
    let quota = quota(one_a_day());
    let told = |body: &str| ask(&quota, LaterByBody, chat(body.to_owned()));
    told("{").await.is_refused(401, "invalid_api_key");
    told(&hello("x").to_string())
        .await
        .is_refused(401, "invalid_api_key");
    assert_eq!(told("alice").await.status, 400);
    assert_eq!(told(&hello_of("alice")).await.status, 200);
}

#[tokio::test]
async fn to_need_the_body_twice_is_to_know_nobody() {
    let never = identify::from_body(|_, _| Identification::NeedsBody);
    let refused = ask(&quota(one_a_day()), never, hello_call()).await;
    refused.is_refused(401, "invalid_api_key");
}

#[tokio::test]
async fn the_policys_keys_follow_the_policy() {
    let clock = FakeClock::at(NOON);
    let keyed = |key: &str| policy(one_a_day()).key(key, Subject::user("alice", "t"));
    let quota = quota_of(keyed("sk-old"), &clock);
    let layer = TokenQuotaLayer::new(quota.clone(), identify::policy_keys(&quota));
    let service = layer.layer(Provider::using(1, 1));
    assert_eq!(
        call(&service, with("x-api-key", "sk-old")).await.status,
        200
    );
    assert_eq!(
        call(&service, with("x-api-key", "sk-new")).await.status,
        401
    );
    quota.set_policy(keyed("sk-new").build().unwrap());
    assert_eq!(
        call(&service, with("x-api-key", "sk-old")).await.status,
        401
    );
    let spent = call(&service, with("x-api-key", "sk-new")).await;
    spent.is_refused(429, "insufficient_quota");
}

#[tokio::test]
async fn tiers_and_projects_that_the_policy_does_not_know_are_a_403() {
    let policy = policy(one_a_day()).project("web", []);
    let quota = quota_of(policy, &FakeClock::at(NOON));
    for subject in [
        Subject::user("alice", "gold"),
        Subject::user("alice", "t").project("mobile"),
    ] {
        let identify = identify::from_fn(move |_| Some(subject.clone()));
        let refused = ask(&quota, identify, hello_call()).await;
        refused.is_refused(403, "unknown_subject");
    }
    let known = identify::from_fn(|_| Some(Subject::user("alice", "t").project("web")));
    assert_eq!(ask(&quota, known, hello_call()).await.status, 200);
}
