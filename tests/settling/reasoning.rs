//! Models that may reason: more may have run than anybody saw.

use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::support::body::{Script, Step};
use crate::support::provider::{DONE, says, streams_then, usage_chunk};
use crate::support::{self, Booked, booked, generous, hello_stream, metered, post, quota};
use crate::table::{COUNTED, INPUT, REPORTED, Row, WHOLE, check, events};

#[tokio::test]
async fn p4_models_that_may_reason_unseen_book_the_whole_reservation_unless_usage_comes() {
    let whole = Booked {
        input: INPUT - 1,
        ..WHOLE
    };
    let table: &[Row] = &[
        (
            "usage",
            || {
                events(Script::pieces([
                    says("Hi"),
                    usage_chunk(11, 7),
                    DONE.into(),
                ]))
            },
            REPORTED,
        ),
        (
            "no usage",
            || events(Script::pieces([says("Hi"), DONE.into()])),
            whole,
        ),
        (
            "it breaks off",
            || events(Script::pieces([says("Hi")]).then(Step::Break("reset"))),
            whole,
        ),
    ];
    check("o3", true, table).await;
}

/// What is booked for a stream that its caller leaves after the first words.
async fn booked_after_leaving(path: &str, body: serde_json::Value) -> Booked {
    let quota = quota(generous());
    let provider = streams_then(vec![says("Hello, you!")], Step::Hang);
    let service = metered(&quota, &provider);
    let response = service.oneshot(post(path, body.to_string())).await.unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    booked(&quota)
}

#[tokio::test]
async fn p4_a_deployment_that_nobody_knows_may_reason() {
    let deployment = "/openai/deployments/prod-1/chat/completions";
    let body = hello_stream("anything");
    assert_eq!(booked_after_leaving(deployment, body).await, WHOLE);
    let known = "/openai/deployments/gpt-4o-mini/chat/completions";
    let body = hello_stream("anything");
    assert_eq!(booked_after_leaving(known, body).await, COUNTED);
}

#[tokio::test]
async fn p4_a_model_that_is_asked_to_reason_does() {
    for (effort, expected) in [("high", WHOLE), ("none", COUNTED)] {
        let mut body = hello_stream("my-model");
        body["reasoning_effort"] = effort.into();
        let found = booked_after_leaving(support::PATH, body).await;
        assert_eq!(found, expected, "{effort}");
    }
    let thinking = hello_stream("anthropic/claude-3.7-sonnet:thinking");
    let found = booked_after_leaving(support::PATH, thinking).await;
    assert_eq!(found, WHOLE, "the mark is no part of the canonical name");
}
