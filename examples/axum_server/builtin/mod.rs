//! The built-in model: always the same answer, cut where the caller's cap says, with true usage.

mod answer;
mod reply;
mod stream;
mod text;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tower_token_quota::api::Api;
use tower_token_quota::api::openai_chat::OpenAiChat;

use crate::{Model, errors};
use reply::Reply;

/// Requests of fewer bytes are counted at once.
const SMALL: usize = 16 * 1024;

pub(crate) fn routes() -> Model {
    Model {
        routes: Router::new()
            .route("/v1/models", get(models))
            .fallback(chat),
        is_builtin: true,
    }
}

async fn models() -> Json<Value> {
    let model = |id| json!({"id": id, "object": "model", "created": 0, "owned_by": "built-in"});
    let names = [
        "gpt-4o",
        "gpt-4o-mini",
        "gpt-4.1",
        "gpt-4.1-mini",
        "gpt-4.1-nano",
    ];
    Json(json!({"object": "list", "data": names.map(model)}))
}

async fn chat(request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if !OpenAiChat.recognises(request.method(), &path) {
        return errors::not_found();
    }
    let body = match axum::body::to_bytes(request.into_body(), usize::MAX).await {
        Ok(body) => body,
        Err(error) => return invalid(&error.to_string()),
    };
    match reply(path, body).await {
        Ok(reply) => respond(reply),
        Err(message) => invalid(&message),
    }
}

/// To count a long prompt takes a while, in which this thread serves others.
async fn reply(path: String, body: Bytes) -> Result<Reply, String> {
    if body.len() < SMALL {
        return Reply::to(&path, &body);
    }
    let counted = spawn_blocking(move || Reply::to(&path, &body)).await;
    counted.unwrap_or_else(|error| Err(error.to_string()))
}

fn respond(reply: Reply) -> Response {
    if !reply.stream {
        return Json(answer::whole(&reply)).into_response();
    }
    let events =
        futures_util::stream::iter(stream::events(reply).map(Ok::<_, std::convert::Infallible>));
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(events),
    )
        .into_response()
}

fn invalid(message: &str) -> Response {
    errors::error(StatusCode::BAD_REQUEST, "invalid_request", message)
}
