//! The built-in model: always the same answer, cut where the caller's cap says, with true usage. It speaks every API that
//! is metered, one file each.

mod anthropic;
mod gemini;
mod openai;
mod openai_chat;
mod openai_completions;
mod openai_embeddings;
mod openai_responses;
mod reply;
mod stream;
mod text;
mod tokens;

use axum::body::Bytes;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::errors;

/// Requests of fewer bytes are counted at once.
const SMALL: usize = 16 * 1024;

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/v1/models", get(models))
        .fallback(call)
}

async fn models() -> Json<Value> {
    let model = |id| json!({"id": id, "object": "model", "created": 0, "owned_by": "built-in"});
    let names = [
        "gpt-4o",
        "gpt-4o-mini",
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
        "gpt-3.5-turbo-instruct",
        "text-embedding-3-small",
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
        "gemini-2.5-flash",
    ];
    Json(json!({"object": "list", "data": names.map(model)}))
}

async fn call(request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = percent_decode_str(head.uri.path()).decode_utf8_lossy();
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let call = Call {
        method: head.method,
        path: segments.map(str::to_owned).collect(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        body: match axum::body::to_bytes(body, usize::MAX).await {
            Ok(body) => body,
            Err(error) => return openai::worded(Err(error.to_string().into())),
        },
    };
    if call.body.len() < SMALL {
        return answer(&call);
    }
    // To count a long prompt takes a while, in which this thread serves others.
    let answered = spawn_blocking(move || answer(&call)).await;
    answered.unwrap_or_else(|error| openai::worded(Err(error.to_string().into())))
}

/// What stands before the end of a path, such as a version or Azure's deployments, makes no difference here.
fn answer(call: &Call) -> Response {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let post = call.method == Method::POST;
    match path[..] {
        [.., "chat", "completions"] if post => openai::worded(openai_chat::answer(call)),
        [.., "completions"] if post => openai::worded(openai_completions::answer(call)),
        [.., "embeddings"] if post => openai::worded(openai_embeddings::answer(call)),
        [.., "responses"] if post => openai::worded(openai_responses::answer(call)),
        [.., "responses", "input_tokens"] if post => openai::worded(openai_responses::count(call)),
        [.., "responses", id] if call.method == Method::GET => {
            openai::worded(openai_responses::again(id))
        }
        [.., "messages"] if post => anthropic::worded(anthropic::answer(call)),
        [.., "messages", "count_tokens"] if post => anthropic::worded(anthropic::count(call)),
        [.., last] if post => match last.rsplit_once(':') {
            Some((model, "generateContent")) => gemini::worded(gemini::answer(model, call)),
            Some((model, "streamGenerateContent")) => gemini::worded(gemini::stream(model, call)),
            Some((_, "countTokens")) => gemini::worded(gemini::count(call)),
            _ => errors::not_found(),
        },
        _ => errors::not_found(),
    }
}

/// A call as every family sees it.
struct Call {
    method: Method,
    /// The path's segments, decoded; empty ones are left out.
    path: Vec<String>,
    query: String,
    body: Bytes,
}

/// Why a call gets no answer.
struct Wrong {
    status: StatusCode,
    message: String,
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self { status, message }
    }
}

impl From<serde_json::Error> for Wrong {
    fn from(error: serde_json::Error) -> Self {
        error.to_string().into()
    }
}
