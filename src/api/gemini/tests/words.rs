use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use super::*;
use crate::api::{Canned, Events};
use crate::policy::Unit;
use crate::reject::{Fields, RefusedLimit, Rejection, RejectionKind};
use crate::store::{Balance, Reason};

fn error(rejection: &Rejection) -> Value {
    let body: Value = serde_json::from_slice(&Gemini.error_body(rejection, "id")).unwrap();
    body["error"].clone()
}

#[test]
fn every_kind_has_its_code_and_googles_status() {
    use RejectionKind as Kind;
    for (kind, code, status) in [
        (Kind::InvalidRequest, 400, "INVALID_ARGUMENT"),
        (Kind::BrokenBody, 400, "INVALID_ARGUMENT"),
        (Kind::UnknownKey, 401, "UNAUTHENTICATED"),
        (Kind::ModelNotAllowed, 403, "PERMISSION_DENIED"),
        (Kind::UnknownSubject, 403, "PERMISSION_DENIED"),
        (Kind::UnknownCall, 403, "PERMISSION_DENIED"),
        (Kind::BodyTooSlow, 408, "DEADLINE_EXCEEDED"),
        (Kind::BodyTooLarge, 413, "INVALID_ARGUMENT"),
        (Kind::EncodedBody, 415, "INVALID_ARGUMENT"),
        (Kind::RateLimited, 429, "RESOURCE_EXHAUSTED"),
        (Kind::TooManyConcurrent, 429, "RESOURCE_EXHAUSTED"),
        (Kind::QuotaSpent, 429, "RESOURCE_EXHAUSTED"),
        (Kind::NeverFits, 429, "RESOURCE_EXHAUSTED"),
        (Kind::Busy, 503, "UNAVAILABLE"),
        (Kind::StoreUnavailable, 503, "UNAVAILABLE"),
        (Kind::IdentityUnavailable, 503, "UNAVAILABLE"),
    ] {
        let error = error(&Rejection::new(kind, "what is \"wrong\""));
        let said = (&error["code"], &error["message"], &error["status"]);
        let expected = (&json!(code), &json!("what is \"wrong\""), &json!(status));
        assert_eq!(said, expected, "{kind:?}");
    }
}

#[test]
fn a_short_wait_is_told_and_a_spent_quota_is_not_waited_for() {
    let mut rejection = Rejection::new(RejectionKind::RateLimited, "wait");
    rejection.retry_after = Some(Duration::from_millis(2_100));
    let retry_in = |seconds: &str| json!([{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": seconds }]);
    assert_eq!(error(&rejection)["details"], retry_in("3s"));
    rejection.retry_after = Some(Duration::ZERO);
    assert_eq!(error(&rejection)["details"], retry_in("1s"));
    let busy = Rejection::new(RejectionKind::Busy, "busy");
    assert_eq!(error(&busy)["details"], retry_in("1s"));

    let mut spent = Rejection::new(RejectionKind::QuotaSpent, "spent");
    spent.limits = vec![RefusedLimit {
        id: Arc::from("free/tokens/day"),
        unit: Unit::Tokens,
        model: Arc::from("gemini-2.5-pro"),
        asked: 1,
        at_least: false,
        reason: Reason::Quota,
        balance: Balance {
            amount: 10_000,
            ..Balance::default()
        },
        wait: Some(Duration::from_secs(9_000)),
    }];
    let violation = json!({
        "quotaMetric": "tokens", "quotaId": "free/tokens/day",
        "quotaDimensions": { "model": "gemini-2.5-pro" }, "quotaValue": "10000",
    });
    let failure = json!([{ "@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation] }]);
    for kind in [
        RejectionKind::QuotaSpent,
        RejectionKind::NeverFits,
        RejectionKind::RateLimited,
    ] {
        spent.kind = kind;
        assert_eq!(error(&spent)["details"], failure, "{kind:?}");
    }
}

#[test]
fn a_parameter_and_a_kind_are_told() {
    let mut invalid = Rejection::new(RejectionKind::InvalidRequest, "no");
    assert_eq!(error(&invalid).get("details"), None);
    invalid.param = Some("tools");
    let violations = &error(&invalid)["details"][0]["fieldViolations"];
    assert_eq!(
        violations,
        &json!([{ "field": "tools", "description": "no" }])
    );
    let reason = |kind| error(&Rejection::new(kind, "no"))["details"][0]["reason"].clone();
    assert_eq!(reason(RejectionKind::UnknownKey), "API_KEY_INVALID");
    assert_eq!(reason(RejectionKind::ModelNotAllowed), "MODEL_NOT_ALLOWED");
}

#[test]
fn no_headers_tell_of_limits() {
    let (mut fields, mut headers) = (Fields::default(), HeaderMap::new());
    Gemini.limit_headers(&[], &mut fields);
    fields.insert_into(&mut headers);
    assert!(headers.is_empty());
}

const CANNED: Canned<'_> = Canned {
    text: "Try \"later\".\n",
    id: "answer-1",
    created: 7,
};

#[test]
fn a_canned_answer_comes_in_the_form_that_was_asked_for() {
    let canned = |path, query| {
        let call = read_at(path, query, &with(r#""x":1"#)).unwrap();
        let (content_type, body) = Gemini.canned(&call, "gemini-2.5-flash", &CANNED);
        (content_type, String::from_utf8(body.to_vec()).unwrap())
    };
    let (content_type, whole) = canned(PATH, None);
    assert_eq!(content_type, "application/json");
    let answer: Value = serde_json::from_str(&whole).unwrap();
    let candidate = &answer["candidates"][0];
    assert_eq!(
        candidate["content"],
        json!({ "role": "model", "parts": [{ "text": CANNED.text }] })
    );
    assert_eq!(
        (&candidate["finishReason"], &candidate["index"]),
        (&json!("STOP"), &json!(0))
    );
    assert_eq!(
        (&answer["modelVersion"], &answer["responseId"]),
        (&json!("gemini-2.5-flash"), &json!("answer-1"))
    );

    let (content_type, events) = canned(STREAM, Some("alt=sse"));
    assert_eq!(content_type, "text/event-stream");
    let mut seen = Vec::new();
    Events::observed().observe(events.as_bytes(), |data| seen.push(data.to_owned()));
    assert_eq!(seen, [whole.as_str()]);

    let (content_type, array) = canned(STREAM, None);
    assert_eq!(content_type, "application/json");
    assert_eq!(
        serde_json::from_str::<Value>(&array).unwrap(),
        json!([answer])
    );
    for document in [&*whole, &*array] {
        let tally = tally(&[document]);
        assert_eq!(
            (tally.usage, tally.is_final),
            (Some(crate::Usage::default()), true)
        );
        assert_eq!(tally.text, CANNED.text);
    }
}
