//! P7, requests: an admitted body reaches the inner service byte for byte, and what is changed is only what the rules say.
#![allow(clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Request};
use http_body_util::Full;
use proptest::prelude::*;
use support::body::{Script, Step};
use support::{
    Provider, booked, call, chat, generous, hello, hello_call, hello_stream, metered, policy, post,
    quota, quota_of, status,
};
use tower::{Layer, ServiceExt};
use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::OutputCap;
use tower_token_quota::{Limit, Subject, Tier, TokenQuotaLayer};

/// JSON in spellings that no serializer would choose: odd blanks, escapes, numbers beyond any type, any order.
fn odd_json() -> impl Strategy<Value = String> {
    let blank = || "[ \t\r\n]{0,3}";
    let string = prop_oneof![
        "[a-zA-Z0-9 é漢🦀<|>]{0,12}",
        Just(r#"\u0041\ud83e\udd80\/\b\f"#.to_owned()),
        Just(r#"\"model\":\"gpt-4o\""#.to_owned()),
    ];
    let string = string.prop_map(|text| format!("\"{text}\""));
    let leaf = prop_oneof![
        string.clone(),
        Just("-0.0e-10".to_owned()),
        Just("123456789012345678901234567890.5E+400".to_owned()),
        Just("1e1000".to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
    ];
    let value = leaf.prop_recursive(3, 16, 4, move |inner| {
        let list = proptest::collection::vec((blank(), inner.clone(), blank()), 0..4);
        let members = proptest::collection::vec((blank(), string.clone(), blank(), inner), 0..4);
        prop_oneof![
            list.prop_map(|items| {
                let items = items
                    .into_iter()
                    .map(|(a, item, b)| format!("{a}{item}{b}"));
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }),
            members.prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(a, k, b, v)| format!("{a}{k}{b}:{v}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    });
    value.boxed()
}

/// Requests of odd spelling: the needed members among others, in any order.
fn odd_request() -> impl Strategy<Value = String> {
    let others = proptest::collection::vec(("[ \t\r\n]{0,2}", "x[a-z]{0,6}", odd_json()), 0..5);
    let needed = prop_oneof![
        Just(vec![
            r#""model" :"gpt-4o""#,
            r#""messages": [ {"content" : "Hi","role":"user"} ]"#,
        ]),
        Just(vec![
            "\"messages\":\n[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"H\\u0069\"}]}]",
            r#""\u006dodel":"gpt-\u0034o""#,
            r#""temperature":1.0E0"#,
        ]),
    ];
    let all = (needed, others).prop_flat_map(|(needed, others)| {
        let mut members: Vec<String> = needed.into_iter().map(str::to_owned).collect();
        for (at, (blank, key, value)) in others.into_iter().enumerate() {
            members.push(format!("{blank}\"{key}{at}\":{value}"));
        }
        Just(members).prop_shuffle()
    });
    (all, "[ \t\r\n]{0,2}", "[ \t\r\n]{0,2}")
        .prop_map(|(members, before, after)| format!("{before}{{{}}}{after}", members.join(" ,")))
}

/// What reaches the provider of a request, with its length as the header says.
fn forwarded(tier: Tier, body: &str) -> (Bytes, String, HeaderMap) {
    let (quota, provider) = (quota(tier), Provider::using(1, 1));
    let read = call(&metered(&quota, &provider), chat(body.to_owned()))
        .now_or_never()
        .unwrap();
    assert_eq!(read.status, 200, "{body}: {:?}", read.body);
    let seen = provider.last();
    let length = seen.headers["content-length"].to_str().unwrap().to_owned();
    (seen.body, length, seen.headers)
}

/// Sends calls for `gpt-4o` to `gpt-4o-mini`.
fn downgrading() -> Tier {
    Tier::new("t")
        .models(["gpt-4o-mini"])
        .downgrade_when_not_allowed()
        .ladder(["gpt-4o-mini"])
}

proptest! {
    #![proptest_config(support::cases(200))]

    #[test]
    fn p7_an_admitted_body_passes_byte_for_byte(body in odd_request()) {
        let (seen, length, _) = forwarded(Tier::new("t"), &body);
        prop_assert_eq!(&seen[..], body.as_bytes());
        prop_assert_eq!(length, body.len().to_string());
    }

    #[test]
    fn p7_a_downgrade_changes_the_models_bytes_only(body in odd_request()) {
        let (seen, length, _) = forwarded(downgrading(), &body);
        // The spelling of the model occurs in other members' strings too; its value comes after its key.
        let spelling = [r#""gpt-\u0034o""#, r#""gpt-4o""#].into_iter().find(|model| body.contains(&format!(":{model}")));
        let expected = body.replace(&format!(":{}", spelling.unwrap()), r#":"gpt-4o-mini""#);
        prop_assert_eq!(std::str::from_utf8(&seen).unwrap(), expected);
        prop_assert_eq!(length, seen.len().to_string());
    }

    #[test]
    fn p7_an_enforced_cap_is_inserted_and_nothing_else(body in odd_request()) {
        let tier = Tier::new("t").output_cap(OutputCap::Enforce).default_output_tokens(77);
        let (seen, length, _) = forwarded(tier, &body);
        let expected = body.replacen('{', r#"{"max_completion_tokens":77,"#, 1);
        prop_assert_eq!(std::str::from_utf8(&seen).unwrap(), expected);
        prop_assert_eq!(length, seen.len().to_string());
    }

    #[test]
    fn p7_bodies_in_pieces_are_put_together(body in odd_request(), size in 1usize..20) {
        let (quota, provider) = (quota(Tier::new("t")), Provider::using(1, 1));
        let pieces = body.as_bytes().chunks(size).map(Bytes::copy_from_slice);
        let request = hello_call().map(|_| Script::pieces(pieces));
        let called = support::run(metered(&quota, &provider).oneshot(request));
        prop_assert_eq!(called.unwrap().status(), 200);
        prop_assert_eq!(provider.last().body, body);
    }
}

fn enforcing(tokens: u64) -> Tier {
    Tier::new("t")
        .output_cap(OutputCap::Enforce)
        .default_output_tokens(tokens)
        .max_output_tokens(100)
}

#[test]
fn p7_caps_that_stand_are_replaced_in_place_or_left_if_they_are_right() {
    let body = |caps: &str| {
        format!(r#"{{"model":"gpt-4o-mini"{caps} ,"messages":[{{"role":"user","content":"Hi"}}]}}"#)
    };
    for (sent, expected) in [
        (r#", "max_tokens" : 16384"#, r#", "max_tokens" : 100"#),
        (
            r#","max_completion_tokens":16384"#,
            r#","max_completion_tokens":100"#,
        ),
        (
            r#","max_tokens":5,"max_completion_tokens":1000"#,
            r#","max_tokens":100,"max_completion_tokens":100"#,
        ),
        (r#","max_tokens": 100"#, r#","max_tokens": 100"#),
        (r#","max_tokens": 7"#, r#","max_tokens": 7"#),
        (
            r#","max_completion_tokens": null,"max_tokens":null"#,
            r#","max_completion_tokens": 50,"max_tokens":null"#,
        ),
    ] {
        let (seen, ..) = forwarded(enforcing(50), &body(sent));
        assert_eq!(seen, body(expected), "{sent}");
    }
}

#[tokio::test]
async fn p7_a_null_is_no_cap_by_the_older_name() {
    let mut body = hello("my-vllm");
    body["max_completion_tokens"] = 50.into();
    body["max_tokens"] = serde_json::Value::Null;
    let provider = Provider::using(1, 1);
    let layer = TokenQuotaLayer::new(quota(enforcing(50)), support::by_header());
    let service = layer.legacy_output_cap().layer(provider.clone());
    call(&service, chat(body.to_string())).await;
    assert_eq!(provider.last().json()["max_tokens"], 50);
}

#[test]
fn p7_asking_for_a_streams_usage_inserts_or_replaces_just_that() {
    let body = |stream: &str| {
        format!(
            "{{\"stream\":true{stream},\n\"model\":\"gpt-4o-mini\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hi\"}}]}}"
        )
    };
    for (sent, expected) in [
        (
            r#","stream_options":{"include_usage": false}"#,
            r#","stream_options":{"include_usage": true}"#,
        ),
        (
            r#","stream_options": { "x":1}"#,
            r#","stream_options": {"include_usage":true, "x":1}"#,
        ),
        (
            r#","stream_options":{}"#,
            r#","stream_options":{"include_usage":true}"#,
        ),
        (
            r#","stream_options":null"#,
            r#","stream_options":{"include_usage":true}"#,
        ),
        (
            r#","stream_options":{"include_usage":true }"#,
            r#","stream_options":{"include_usage":true }"#,
        ),
    ] {
        assert_eq!(forwarded(Tier::new("t"), &body(sent)).0, body(expected));
    }
    let inserted = body("").replacen('{', r#"{"stream_options":{"include_usage":true},"#, 1);
    assert_eq!(forwarded(Tier::new("t"), &body("")).0, inserted);
}

#[test]
fn p7_model_cap_and_usage_are_changed_together() {
    let tier = downgrading()
        .output_cap(OutputCap::Enforce)
        .default_output_tokens(50);
    let body = r#"{ "messages":[{"role":"user","content":"Hi"}],"stream":true,"model":"gpt-4o"}"#;
    let expected = r#"{"max_completion_tokens":50,"stream_options":{"include_usage":true}, "messages":[{"role":"user","content":"Hi"}],"stream":true,"model":"gpt-4o-mini"}"#;
    let (seen, length, _) = forwarded(tier, body);
    assert_eq!(seen, expected);
    assert_eq!(length, expected.len().to_string());
}

const HEADERS: [(&str, &str); 6] = [
    ("authorization", "Bearer sk-1"),
    ("accept-encoding", "gzip, br"),
    ("expect", "100-continue"),
    ("content-digest", "sha-256=:x:"),
    ("x-custom", "one"),
    ("x-custom", "two"),
];

fn with_headers(body: String) -> Request<Full<Bytes>> {
    let mut request = chat(body);
    for (name, value) in HEADERS {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn p7_headers_stay_but_for_those_that_would_be_wrong() {
    let provider = Provider::using(1, 1);
    let asked = hello("gpt-4o").to_string();
    let mut expected = with_headers(asked.clone()).headers().clone();
    expected.remove("expect");
    expected.insert("accept-encoding", "identity".parse().unwrap());
    call(
        &metered(&quota(Tier::new("t")), &provider),
        with_headers(asked.clone()),
    )
    .await;
    assert_eq!(provider.last().headers, expected, "the body is the same");

    call(
        &metered(&quota(downgrading()), &provider),
        with_headers(asked),
    )
    .await;
    let changed = provider.last();
    expected.remove("content-digest");
    expected.insert("content-length", changed.body.len().into());
    assert_eq!(changed.headers, expected, "the body has been changed");
}

#[tokio::test]
async fn a_length_that_is_told_otherwise_or_twice_is_told_once_and_as_it_is() {
    let body = hello("gpt-4o").to_string();
    let length = body.len();
    let told = [
        vec![length.to_string()],
        vec![(length + 1).to_string()],
        vec![format!("+{length}")],
        vec![format!("0{length}")],
        vec![length.to_string(), length.to_string()],
        vec![length.to_string(), "5".to_owned()],
    ];
    for told in told {
        let provider = Provider::using(1, 1);
        let mut request = chat(body.clone());
        request.headers_mut().remove("content-length");
        for told in &told {
            let told = told.parse().unwrap();
            request.headers_mut().append("content-length", told);
        }
        call(&metered(&quota(generous()), &provider), request).await;
        let seen = provider.last().headers;
        let seen: Vec<_> = seen.get_all("content-length").iter().collect();
        assert_eq!(seen, [&length.to_string()], "{told:?}");
    }
}

#[tokio::test]
async fn p7_method_path_query_and_trailers_stay() {
    let trailers = HeaderMap::from_iter([("x-t".parse().unwrap(), "v".parse().unwrap())]);
    let path = "//v1/chat%2Fcompletions/?a=1&b=%20";
    let body = hello("gpt-4o-mini").to_string();
    let script = Script::pieces([body.clone()]).then(Step::Trailers(trailers.clone()));
    let provider = Provider::using(11, 7);
    let quota = quota(generous());
    let request = post(path, "").map(|_| script);
    call(&metered(&quota, &provider), request).await;
    let seen = provider.last();
    assert_eq!(
        (seen.method.as_str(), seen.uri.to_string().as_str()),
        ("POST", path)
    );
    assert_eq!((seen.body, seen.trailers), (body.into(), Some(trailers)));
    assert_eq!(booked(&quota).input, 11, "no spelling escapes");
}

#[tokio::test]
async fn p7_a_deployments_model_is_replaced_in_the_path_alone() {
    let policy = policy(downgrading()).alias("my deployment", "gpt-4o");
    let quota = quota_of(policy, &FakeClock::at(support::NOON));
    let provider = Provider::using(11, 7);
    let body = hello("anything").to_string();
    let path = "/openai/deployments/my%20deployment/chat/completions?api-version=1";
    let read = call(&metered(&quota, &provider), post(path, body.clone())).await;
    assert_eq!(read.status, 200, "{:?}", read.body);
    let seen = provider.last();
    assert_eq!(
        seen.uri.to_string(),
        "/openai/deployments/gpt-4o-mini/chat/completions?api-version=1"
    );
    assert_eq!(seen.body, body);
    assert_eq!(read.header("x-quota-model"), "gpt-4o-mini");
    assert_eq!(read.header("x-quota-downgraded-from"), "my deployment");
}

#[tokio::test]
async fn p7_a_spent_limit_sends_calls_down_the_ladder() {
    let tier = Tier::new("t")
        .limit(
            Limit::requests(1)
                .per_day()
                .for_models(["gpt-4o"])
                .id("big")
                .then_downgrade(),
        )
        .ladder(["gpt-4o-mini"]);
    let (quota, provider) = (quota(tier), Provider::using(1, 1));
    let service = metered(&quota, &provider);
    let body = hello_stream("gpt-4o-2024-08-06").to_string();
    let first = call(&service, chat(body.clone())).await;
    assert_eq!(first.header("x-quota-model"), "gpt-4o-2024-08-06");
    assert_eq!(first.header("x-quota-downgraded-from"), "");
    let second = call(&service, chat(body)).await;
    assert_eq!(second.header("x-quota-model"), "gpt-4o-mini");
    assert_eq!(
        second.header("x-quota-downgraded-from"),
        "gpt-4o-2024-08-06"
    );
    assert_eq!(provider.last().json()["model"], "gpt-4o-mini");
    assert_eq!(status(&quota, &Subject::user("alice", "t"))[0].used, 1);
}

#[tokio::test]
async fn p7_the_inner_body_tells_its_length_and_its_end() {
    use http_body::Body as _;
    use tower::{Layer, service_fn};
    use tower_token_quota::{RequestBody, TokenQuotaLayer};

    let body = hello("gpt-4o-mini").to_string();
    let expected = body.len() as u64;
    let inner = service_fn(move |request: Request<RequestBody<Script>>| async move {
        let mut body = Box::pin(request.into_body());
        assert_eq!(body.size_hint().exact(), Some(expected));
        assert!(!body.is_end_stream());
        let first = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
        assert_eq!(
            first.unwrap().unwrap().into_data().unwrap().len() as u64,
            expected
        );
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.is_end_stream());
        Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::default()))
    });
    let service = TokenQuotaLayer::new(quota(Tier::new("t")), support::by_header()).layer(inner);
    // Nobody knows the length of what comes in pieces; then all of it is there.
    let request = hello_call().map(|_| Script::pieces([body]));
    assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
}
