//! What goes wrong outside of the quota, in OpenAI's words as well, so that clients can read it.

use std::any::Any;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;
use tower_token_quota::identify::Unidentified;

/// An error's response.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let kind = if status.is_server_error() {
        "server_error"
    } else {
        "invalid_request_error"
    };
    let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

pub(crate) fn unknown_key() -> Response {
    let message = Unidentified::default().to_string();
    error(StatusCode::UNAUTHORIZED, "invalid_api_key", &message)
}

pub(crate) fn not_found() -> Response {
    error(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is nothing at this path.",
    )
}

/// The panic itself has been logged.
pub(crate) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "The gateway failed.",
    )
}
