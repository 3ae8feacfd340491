//! Anthropic Messages, and the servers that speak it.

mod answer;
mod blocks;
mod canned;
mod count;
mod generation;
mod read;
mod thoughts;
mod tools;
mod usage;
mod words;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};

use super::path::ends_with;
use super::{Api, Call, Canned, Counted, Input, Invalid, Tally, Target};
use crate::reject::{Fields, LimitView, Rejection, anthropic_headers};

/// `POST …/v1/messages`: of Anthropic, and of compatible servers.
///
/// Not `/v1/messages/count_tokens`, which is free, nor `/v1/messages/batches`.
///
/// The usage that is booked is the one of the answer's totals. Of `usage.iterations` they hold those of the type `message`
/// alone: where the provider compacts the conversation (`compaction`), or a tool asks another model (`advisor_message`), it
/// bills that beside them, and it is not booked. Such calls are [opaque](super::Opaque), so that a tier can refuse them; the
/// models that tools ask are the call's [other models](super::Call::other_models), which the tier has to allow.
///
/// The price of a faster mode (`"speed": "fast"`) is not known here: its dollars are those of the usual speed.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnthropicMessages;

impl Api for AnthropicMessages {
    fn name(&self) -> &'static str {
        "anthropic.messages"
    }

    fn recognises(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && ends_with(path, &["v1", "messages"])
    }

    fn read(&self, _: &Target<'_>, body: &str) -> Result<Call, Invalid> {
        read::read(body)
    }

    fn input_tokens(&self, canonical: &str, input: &Input, texts: u64) -> Counted {
        count::input_tokens(canonical, input, texts)
    }

    fn tally(&self, document: &str, tally: &mut Tally) {
        answer::tally(document, tally);
    }

    fn limit_headers(&self, limits: &[LimitView<'_>], fields: &mut Fields) {
        anthropic_headers(limits, fields);
    }

    fn error_body(&self, rejection: &Rejection, request_id: &str) -> Bytes {
        words::error_body(rejection, request_id)
    }

    fn is_spoken(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("anthropic-version")
    }

    fn request_id_header(&self) -> HeaderName {
        HeaderName::from_static("request-id")
    }

    fn canned(&self, call: &Call, model: &str, canned: &Canned<'_>) -> (&'static str, Bytes) {
        canned::canned(call, model, canned)
    }
}
