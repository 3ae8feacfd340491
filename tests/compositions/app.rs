//! An axum application with the layer, and a handler that plays the provider.

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http_body_util::Full;
use tower::ServiceExt;
use tower_token_quota::{Quota, TokenQuotaLayer};

use crate::support::provider::completion;
use crate::support::{Read, by_header, read};

pub(crate) fn layer(quota: &Quota) -> TokenQuotaLayer {
    TokenQuotaLayer::new(quota.clone(), by_header())
}

/// A handler that plays the provider.
pub(crate) async fn model(body: Bytes) -> impl IntoResponse {
    assert!(!body.is_empty());
    axum::Json(completion(11, 7))
}

pub(crate) async fn ask(app: &Router, request: http::Request<Full<Bytes>>) -> Read {
    let request = request.map(Body::new);
    read(app.clone().oneshot(request).await.unwrap()).await
}
