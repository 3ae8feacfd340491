//! Callers' keys: who sent one, and how it stays out of logs and out of what is forwarded.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Uri;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use tower_token_quota::identify::presented_key;
use tower_token_quota::{Quota, Subject};

use crate::errors;

/// Whom the presented key belongs to, by the policy in force.
pub(crate) fn subject(quota: &Quota, head: &Parts) -> Option<Subject> {
    let key = presented_key(head)?;
    quota.policy().keys().lookup(key.as_bytes()).cloned()
}

/// Lets only callers with a key through. The layer asks for one where it meters; but lists of models and the like go
/// through it unread, and would be sent on with the provider's key too.
pub(crate) async fn required(State(quota): State<Quota>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if subject(&quota, &head).is_none() {
        return errors::unknown_key();
    }
    next.run(Request::from_parts(head, body)).await
}

/// Path and query, without a key.
pub(crate) fn uri_without_key(uri: &Uri) -> Cow<'_, str> {
    match uri.query() {
        None => Cow::Borrowed(uri.path()),
        Some(query) => Cow::Owned(format!("{}{}", uri.path(), query_without_key(query))),
    }
}

/// A query without `key=…`, with its question mark unless nothing is left.
pub(crate) fn query_without_key(query: &str) -> String {
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
    if kept.is_empty() {
        return String::new();
    }
    format!("?{}", kept.join("&"))
}

/// However it is spelled: the provider decodes it too.
fn is_key(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    percent_decode_str(name)
        .decode_utf8_lossy()
        .eq_ignore_ascii_case("key")
}
