//! OpenAI Embeddings, and the many servers that speak them. Nothing is generated: only the input is billed.

mod read;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::Method;
use serde_json::json;

use super::json::{Kind, members};
use super::openai::model::no_model_in_query;
use super::openai::{input, usage};
use super::path::ends_with;
use super::{Api, Call, Canned, Counted, Edit, Input, Invalid, Splice, Tally, Target};

/// `POST …/embeddings`: of OpenAI, of Azure (where the model stands in the path), and of compatible servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenAiEmbeddings;

impl Api for OpenAiEmbeddings {
    fn name(&self) -> &'static str {
        "openai.embeddings"
    }

    fn recognises(&self, method: &Method, path: &str) -> bool {
        method == Method::POST && ends_with(path, &["embeddings"])
    }

    fn read(&self, target: &Target<'_>, body: &str) -> Result<Call, Invalid> {
        no_model_in_query(target.query)?;
        read::read(target.path, body)
    }

    /// A text is sent as it is: nothing stands around it.
    fn input_tokens(&self, canonical: &str, input: &Input, texts: u64) -> Counted {
        input::beside(canonical, texts, [input.overhead, input.token_ids])
    }

    /// There is no cap to write, and no stream to ask for usage.
    fn splices(&self, call: &Call, _body: &str, edit: &Edit<'_>) -> Vec<Splice> {
        Splice::model(call, edit.model).into_iter().collect()
    }

    fn tally(&self, document: &str, tally: &mut Tally) {
        let _ = members(document, |key, value| {
            match &*key {
                "usage" => {
                    let Some(usage) = usage::input_usage(value) else {
                        return Ok(());
                    };
                    tally.usage = Some(usage);
                    tally.is_final = true;
                    tally.understood = true;
                }
                "data" => tally.understood |= value.kind() == Kind::Array,
                "error" if value.kind() == Kind::Object => {
                    tally.error = true;
                    tally.understood = true;
                }
                "service_tier" => tally.service_tier = usage::tier(value).or(tally.service_tier),
                _ => {}
            }
            Ok(())
        });
    }

    /// There is no embedding of a text that says something of our own, so this is none: an empty list.
    fn canned(&self, _call: &Call, model: &str, _canned: &Canned<'_>) -> (&'static str, Bytes) {
        let answer = json!({
            "object": "list",
            "data": [],
            "model": model,
            "usage": { "prompt_tokens": 0, "total_tokens": 0 },
        });
        ("application/json", answer.to_string().into())
    }
}
