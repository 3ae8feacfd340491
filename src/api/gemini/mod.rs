//! Gemini's `generateContent` and `streamGenerateContent`: on Google's own API, on Vertex, and on gateways.

mod answer;
mod blob;
mod canned;
mod contents;
mod edit;
mod input;
mod names;
mod read;
mod site;
mod tools;
mod usage;
mod words;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::{Api, Call, Canned, Counted, Edit, Input, Invalid, Splice, Tally, Target};
use crate::reject::{Fields, LimitView, Rejection};

/// `POST …/models/{model}:generateContent` and `:streamGenerateContent`, and the same of tuned models and endpoints.
///
/// `maxOutputTokens` bounds what the model thinks and what it says together (googleapis/python-genai#2062 has the figures), so it
/// bounds the bill. A cap below the thinking budget is taken all the same: the answer is cut.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gemini;

impl Api for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn recognises(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && site::Site::of(path).is_some()
    }

    fn read(&self, target: &Target<'_>, body: &str) -> Result<Call, Invalid> {
        read::read(target, body)
    }

    fn input_tokens(&self, canonical: &str, input: &Input, texts: u64) -> Counted {
        input::tokens(canonical, input, texts)
    }

    fn splices(&self, call: &Call, body: &str, edit: &Edit<'_>) -> Vec<Splice> {
        edit::splices(call, body, edit)
    }

    fn writes_cap(&self, _call: &Call) -> bool {
        true
    }

    fn tally(&self, document: &str, tally: &mut Tally) {
        answer::tally(document, tally);
    }

    /// Google sends no headers of this kind, and its clients look for none.
    fn limit_headers(&self, _limits: &[LimitView<'_>], _fields: &mut Fields) {}

    fn is_spoken(&self, headers: &HeaderMap) -> bool {
        ["x-goog-api-key", "x-goog-api-client"]
            .iter()
            .any(|header| headers.contains_key(*header))
    }

    fn error_body(&self, rejection: &Rejection, _request_id: &str) -> Bytes {
        words::error_body(rejection)
    }

    fn canned(&self, call: &Call, model: &str, canned: &Canned<'_>) -> (&'static str, Bytes) {
        canned::canned(call, model, canned)
    }
}
