//! The table of ends, as rows: an answer, and what is booked after it.

use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;
use tower_token_quota::{Quota, TokenQuotaLayer};

use crate::support::body::{Script, Step};
use crate::support::provider::{Answer, EVENTS, answer, json_answer};
use crate::support::{
    Booked, Provider, booked, by_header, chat, generous, hello, hello_stream, metered, quota,
};

/// "Hi" and what is around it.
pub(crate) const INPUT: u64 = 8;

/// What the tier reserves where the caller sets no cap.
const RESERVED: u64 = 500;

/// "Hello, you!"
const DELIVERED: u64 = 4;

pub(crate) const NOTHING: Booked = Booked {
    requests: 1,
    input: 0,
    output: 0,
};

pub(crate) const WHOLE: Booked = Booked {
    requests: 1,
    input: INPUT,
    output: RESERVED,
};

pub(crate) const COUNTED: Booked = Booked {
    requests: 1,
    input: INPUT,
    output: DELIVERED,
};

pub(crate) const REPORTED: Booked = Booked {
    requests: 1,
    input: 11,
    output: 7,
};

/// Makes a call, reads what comes as far as it comes, and returns what is booked then.
async fn booked_after(model: &str, stream: bool, script: fn() -> Answer) -> Booked {
    let quota = quota(generous());
    let service = metered(&quota, &Provider::new(move |_| script()));
    let body = if stream {
        hello_stream(model)
    } else {
        hello(model)
    };
    if let Ok(response) = service.oneshot(chat(body.to_string())).await {
        let _broken = response.into_body().collect().await;
    }
    booked(&quota)
}

pub(crate) type Row = (&'static str, fn() -> Answer, Booked);

pub(crate) async fn check(model: &str, stream: bool, table: &[Row]) {
    for (name, script, expected) in table {
        let found = booked_after(model, stream, *script).await;
        assert_eq!(found, *expected, "{name}, {model}");
    }
}

pub(crate) fn error(status: u16) -> Answer {
    Ok(json_answer(
        status,
        &json!({"error": {"message": "no", "type": "x", "code": null}}),
    ))
}

pub(crate) fn html(status: u16) -> Answer {
    Ok(answer(
        status,
        "text/html",
        Script::pieces(["<html>error</html>"]),
    ))
}

pub(crate) fn events(script: Script) -> Answer {
    Ok(answer(200, EVENTS, script))
}

pub(crate) fn document(pieces: impl IntoIterator<Item = String>, end: Option<Step>) -> Answer {
    let mut script = Script::pieces(pieces);
    if let Some(step) = end {
        script = script.then(step);
    }
    Ok(answer(200, "application/json", script))
}

pub(crate) fn layer(quota: &Quota) -> TokenQuotaLayer {
    TokenQuotaLayer::new(quota.clone(), by_header())
}
