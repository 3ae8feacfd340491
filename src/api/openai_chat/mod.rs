//! OpenAI Chat Completions, and the many servers that speak it.

mod answer;
mod edit;
mod keys;
mod messages;
mod node;
mod read;
mod spoken;
mod tools;
mod words;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::Method;

use super::path::ends_with;
use super::{Api, Call, Canned, Edit, Invalid, Splice, Tally};
use crate::reject::Rejection;

/// `POST …/chat/completions`: of OpenAI, of Azure (where the model stands in the path), and of compatible servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenAiChat;

impl Api for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai.chat"
    }

    fn recognises(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && ends_with(path, &["chat", "completions"])
    }

    fn read(&self, path: &str, body: &str) -> Result<Call, Invalid> {
        read::read(path, body)
    }

    fn splices(&self, call: &Call, body: &str, edit: &Edit<'_>) -> Vec<Splice> {
        edit::splices(call, body, edit)
    }

    fn tally(&self, document: &str, tally: &mut Tally) {
        answer::tally(document, tally);
    }

    fn is_usage_only(&self, document: &str) -> bool {
        answer::is_usage_only(document)
    }

    fn error_body(&self, rejection: &Rejection) -> Bytes {
        words::error_body(rejection)
    }

    fn canned(&self, call: &Call, model: &str, canned: &Canned<'_>) -> (&'static str, Bytes) {
        words::canned(call, model, canned)
    }
}
