//! A request's head: paths and headers.

use std::sync::atomic::Ordering;

use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::UnknownCalls;

use crate::sending::{PANICS, count_panics};
use crate::support::{self, Provider, booked, call, chat, generous, hello, metered, post, quota};

#[tokio::test]
async fn p8_paths_of_any_spelling() {
    count_panics();
    let quota = quota(generous());
    let service = metered(&quota, &Provider::using(8, 2));
    for path in [
        "/v1/chat/completions/%00",
        "/v1/chat/completions;%0d%0aset-cookie:x",
        "/openai/deployments//chat/completions",
        "/openai/deployments/%2e%2e/chat/completions",
        "/openai/deployments/a%2Fb/chat/completions",
        "/openai/deployments/%FF/chat/completions",
        "/chat/completions?key=%00%ff&key=",
        "/%63hat%2f%2fcompletions",
    ] {
        let answer = call(&service, post(path, hello("gpt-4o-mini").to_string())).await;
        assert!(!answer.headers.contains_key("set-cookie"), "{path}");
        assert!(
            [200, 400, 403].contains(&answer.status.as_u16()),
            "{path}: {}",
            answer.status
        );
        answer.json();
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
    booked(&quota);
}

#[tokio::test]
async fn p8_no_escaped_question_mark_takes_a_call_out_of_metering() {
    for path in [
        "/v1/chat/completions%3Fx=1",
        "/v1/chat/completions%23",
        "/v1/chat/completions%3F/messages/count_tokens",
        "/x%3F/../v1/chat/completions",
        "/openai/deployments/a/chat/completions%253F/../../b/chat/completions",
    ] {
        let provider = Provider::using(11, 7);
        let request = post(path, hello("gpt-4o").to_string());
        let answer = call(&metered(&quota(generous()), &provider), request).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(provider.seen().is_empty(), "{path}");
    }
    let policy = support::policy(generous()).unknown_calls(UnknownCalls::Reject);
    let quota = support::quota_of(policy, &FakeClock::at(support::NOON));
    let request = post("/v1/images/edits%3F/messages/count_tokens", "{}");
    let answer = call(&metered(&quota, &Provider::using(1, 1)), request).await;
    assert_eq!(
        answer.status, 403,
        "counting tokens is free, and this may be something else"
    );
}

#[tokio::test]
async fn p8_headers_of_any_bytes() {
    count_panics();
    let service = metered(&quota(generous()), &Provider::using(8, 2));
    for name in [
        "x-user",
        "accept",
        "content-length",
        "content-encoding",
        "x-request-id",
        "authorization",
    ] {
        for value in [
            &b"\xff\xfe"[..],
            b"",
            b"\t",
            &[b'9'; 9_000],
            b"a\tb",
            "é".as_bytes(),
        ] {
            let value = http::HeaderValue::from_bytes(value).unwrap();
            for body in [hello("gpt-4o-mini").to_string(), "{".to_owned()] {
                let mut request = chat(body);
                request.headers_mut().insert(name, value.clone());
                let answer = call(&service, request).await;
                assert!(answer.status.as_u16() < 500, "{name}: {value:?}");
                answer.json();
            }
        }
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
}
