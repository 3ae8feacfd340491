//! Forwarding to a provider: the same request, with the provider's key in place of the caller's.

mod base;
mod headers;
mod upstream;

pub(crate) use base::Base;
pub(crate) use upstream::{KEY, Upstream};

use std::error::Error;
use std::iter;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{StatusCode, Version};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use tower_http::timeout::TimeoutBody;
use tower_token_quota::Outcome;

use crate::gateway::PATIENCE;
use crate::{errors, routes};

/// Every path goes to the provider.
pub(crate) fn routes(upstream: Upstream) -> Router {
    Router::new()
        .fallback(forward)
        .with_state(Arc::new(upstream))
}

async fn forward(State(upstream): State<Arc<Upstream>>, request: Request) -> Response {
    if routes::is_own(request.uri().path()) {
        return errors::not_found();
    }
    let Some(request) = upstream.request(request) else {
        return errors::error(
            StatusCode::BAD_REQUEST,
            "invalid_path",
            "This path cannot be forwarded.",
        );
    };
    match upstream.send(request).await {
        Ok(response) if response.status().is_redirection() => astray(response.status()),
        Ok(response) => {
            tell_of_our_key(&upstream, response.status());
            answer(response.map(patient))
        }
        Err(error) => failure(&error, upstream.host()),
    }
}

/// The caller's own key was right, and to him an answer like this looks as if it were not: who runs the gateway has to be told, and
/// once is enough.
fn tell_of_our_key(upstream: &Upstream, status: StatusCode) {
    if upstream.begins_to_refuse_us(status) {
        tracing::warn!(
            %status,
            "the provider refused the gateway's own key, {KEY}, or what was asked with it"
        );
    }
}

/// An answer that falls silent is given up.
fn patient(body: Incoming) -> Body {
    Body::new(TimeoutBody::new(PATIENCE, body))
}

fn answer(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    headers::clean_answer(&mut head.headers);
    // The provider's version of HTTP is between it and us.
    head.version = Version::HTTP_11;
    Response::from_parts(head, body)
}

/// A client that followed a redirection would take its key and its prompt past the quota.
fn astray(status: StatusCode) -> Response {
    tracing::warn!(%status, "the provider redirects: --upstream is not its right address");
    errors::error(
        StatusCode::BAD_GATEWAY,
        "upstream_redirects",
        "The provider cannot be reached at this address.",
    )
}

/// A call that never reached the provider costs nothing; what one cost that broke off on its way nobody knows.
fn failure(error: &legacy::Error, host: &str) -> Response {
    let (outcome, code, message) = if error.is_connect() {
        (
            Outcome::NothingRan,
            "upstream_unreachable",
            "The provider cannot be reached.",
        )
    } else {
        (
            Outcome::Unreconciled,
            "upstream_failed",
            "The provider did not answer.",
        )
    };
    tracing::warn!(%error, cause = causes(error), host, "the provider failed");
    let mut response = errors::error(StatusCode::BAD_GATEWAY, code, message);
    response.extensions_mut().insert(outcome);
    response
}

/// All that caused it, down to what the operating system says.
fn causes(error: &dyn Error) -> String {
    let causes = iter::successors(error.source(), |&cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}
