//! Logs, on stderr. A reader of them who falls behind loses lines; no call waits for him.

use std::io::{self, IsTerminal};
use std::time::Duration;

use http::Response;
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::trace::{DefaultOnRequest, MakeSpan, OnResponse, TraceLayer};
use tracing::Span;
use tracing_subscriber::EnvFilter;

use crate::keys;
use crate::lines::{self, LastLines};

/// Begins to log. What is logged last is written when the guard is dropped.
pub(crate) fn to_stderr() -> LastLines {
    let (lines, last_lines) = lines::write_to(io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .with_ansi(io::stderr().is_terminal())
        .with_writer(lines)
        .init();
    last_lines
}

type RequestTrace = TraceLayer<
    SharedClassifier<ServerErrorsAsFailures>,
    SpanOfRequest,
    DefaultOnRequest,
    LineOfResponse,
>;

/// One line for each request, without headers and without keys.
pub(crate) fn trace() -> RequestTrace {
    TraceLayer::new_for_http()
        .make_span_with(SpanOfRequest)
        .on_response(LineOfResponse)
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct SpanOfRequest;

impl<B> MakeSpan<B> for SpanOfRequest {
    fn make_span(&mut self, request: &http::Request<B>) -> Span {
        let id = request
            .headers()
            .get("x-request-id")
            .and_then(|id| id.to_str().ok());
        let uri = keys::uri_without_key(request.uri());
        tracing::info_span!("request", method = %request.method(), %uri, id)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct LineOfResponse;

impl<B> OnResponse<B> for LineOfResponse {
    fn on_response(self, response: &Response<B>, latency: Duration, _span: &Span) {
        tracing::info!(
            status = response.status().as_u16(),
            latency_ms = latency.as_millis(),
            "answered"
        );
    }
}
