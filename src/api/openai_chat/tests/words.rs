use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::api::{Canned, Tally};
use crate::policy::Unit;
use crate::reject::{RefusedLimit, Rejection, RejectionKind};
use crate::store::{Balance, Reason};

fn error(rejection: &Rejection) -> Value {
    let body: Value = serde_json::from_slice(&OpenAiChat.error_body(rejection, "id")).unwrap();
    body["error"].clone()
}

fn refused(unit: Unit, reason: Reason, wait: u64) -> RefusedLimit {
    RefusedLimit {
        id: Arc::from("limit"),
        unit,
        model: Arc::from("gpt-4o"),
        asked: 1,
        at_least: false,
        reason,
        balance: Balance::default(),
        wait: Some(Duration::from_secs(wait)),
    }
}

#[test]
fn every_kind_has_openais_type_and_code() {
    use RejectionKind as Kind;
    const INVALID: &str = "invalid_request_error";
    for (kind, type_, code) in [
        (Kind::InvalidRequest, INVALID, json!(null)),
        (Kind::BrokenBody, INVALID, json!(null)),
        (Kind::UnknownKey, INVALID, json!("invalid_api_key")),
        (Kind::ModelNotAllowed, INVALID, json!("model_not_allowed")),
        (Kind::UnknownSubject, INVALID, json!("unknown_subject")),
        (Kind::UnknownCall, INVALID, json!("unknown_call")),
        (Kind::BodyTooSlow, INVALID, json!("body_too_slow")),
        (Kind::BodyTooLarge, INVALID, json!("body_too_large")),
        (Kind::EncodedBody, INVALID, json!("encoded_body")),
        (Kind::RateLimited, "requests", json!("rate_limit_exceeded")),
        (
            Kind::TooManyConcurrent,
            "requests",
            json!("rate_limit_exceeded"),
        ),
        (
            Kind::QuotaSpent,
            "insufficient_quota",
            json!("insufficient_quota"),
        ),
        (
            Kind::NeverFits,
            "insufficient_quota",
            json!("insufficient_quota"),
        ),
        (Kind::Busy, "server_error", json!("service_unavailable")),
        (
            Kind::StoreUnavailable,
            "server_error",
            json!("service_unavailable"),
        ),
    ] {
        let mut rejection = Rejection::new(kind, "what is \"wrong\"");
        rejection.param = Some("model");
        let expected = json!({ "message": "what is \"wrong\"", "type": type_, "param": "model", "code": code });
        assert_eq!(error(&rejection), expected, "{kind:?}");
    }
}

#[test]
fn a_rate_limits_type_is_the_unit_of_the_longest_wait() {
    let mut rejection = Rejection::new(RejectionKind::RateLimited, "wait");
    rejection.limits = vec![
        refused(Unit::Requests, Reason::Rate, 1),
        refused(Unit::InputTokens, Reason::Rate, 5),
        refused(Unit::Requests, Reason::Concurrent, 9),
    ];
    assert_eq!(error(&rejection)["type"], "tokens");
    rejection.limits.remove(1);
    assert_eq!(error(&rejection)["type"], "requests");
}

const CANNED: Canned<'_> = Canned {
    text: "Try \"later\".\n",
    id: "chatcmpl-1",
    created: 7,
};

#[test]
fn a_canned_answer_is_a_chat_completion_that_cost_nothing() {
    let call = read(&with(r#""n":1"#)).unwrap();
    let (content_type, body) = OpenAiChat.canned(&call, "gpt-4o", &CANNED);
    assert_eq!(content_type, "application/json");
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(
        (&answer["id"], &answer["created"], &answer["model"]),
        (&json!("chatcmpl-1"), &json!(7), &json!("gpt-4o"))
    );
    assert_eq!(
        answer["choices"][0]["message"],
        json!({ "role": "assistant", "content": CANNED.text, "refusal": null })
    );
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(
        answer["usage"],
        json!({ "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 })
    );
}

#[test]
fn a_canned_stream_has_usage_if_it_was_asked_for() {
    for (options, chunks) in [("{}", 3), (r#"{"include_usage":true}"#, 4)] {
        let call = read(&with(&format!(
            r#""stream":true,"stream_options":{options}"#
        )))
        .unwrap();
        let (content_type, body) = OpenAiChat.canned(&call, "gpt-4o", &CANNED);
        assert_eq!(content_type, "text/event-stream");
        let mut tally = Tally::default();
        let mut events = Vec::new();
        crate::api::Events::observed().observe(&body, |data| {
            OpenAiChat.tally(data, &mut tally);
            events.push(data.to_owned());
        });
        assert_eq!(events.pop().as_deref(), Some("[DONE]"));
        assert_eq!(events.len(), chunks);
        assert_eq!(tally.text, CANNED.text);
        assert_eq!(tally.usage, (chunks == 4).then(crate::Usage::default));
        let chunk = |at: usize| serde_json::from_str::<Value>(&events[at]).unwrap();
        assert_eq!(chunk(0)["choices"][0]["delta"]["role"], "assistant");
        assert_eq!(chunk(2)["choices"][0]["finish_reason"], "stop");
        assert!(
            events
                .iter()
                .all(|event| event.contains("chat.completion.chunk"))
        );
    }
}
