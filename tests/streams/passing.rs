//! Calls through the layer to a provider that answers in given pieces.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower_token_quota::Quota;

use crate::support::body::Script;
use crate::support::{Provider, Read, call, chat, generous, hello_stream, metered, quota};

pub(crate) fn asking_for_usage() -> Request<Full<Bytes>> {
    let mut asked = hello_stream("gpt-4o-mini");
    asked["stream_options"] = serde_json::json!({"include_usage": true});
    chat(asked.to_string())
}

/// Calls a provider that sends these pieces.
pub(crate) async fn through(
    content_type: &'static str,
    script: Script,
    asked: Request<Full<Bytes>>,
) -> (Read, Quota) {
    let quota = quota(generous());
    let provider = Provider::scripted(content_type, script);
    (call(&metered(&quota, &provider), asked).await, quota)
}
