//! Where the layer stands: outside of it what concerns every request, inside of it what concerns the call to the model.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use http::StatusCode;
use metrics_exporter_prometheus::PrometheusHandle;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::timeout::{RequestBodyDeadlineLayer, TimeoutLayer};
use tower_token_quota::identify::{self, KEY_HEADERS};
use tower_token_quota::{Quota, TokenQuotaLayer};

use crate::admin::Admin;
use crate::{errors, keys, linger, logs, routes};

/// As much as the layer lets a metered request have.
const MAX_BODY: usize = 32 << 20;
/// What the layer may add to a request that it forwards: another model's name, a cap, a stream's option.
const SLACK: usize = 64 << 10;
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// How long a model may think before its answer begins, and between two events of a stream.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// The whole service.
pub(crate) fn app(
    quota: &Quota,
    model: Router,
    metered: bool,
    metrics: PrometheusHandle,
    admin: Option<Admin>,
) -> Router {
    let every_request = ServiceBuilder::new()
        .map_request(linger::over_body)
        .layer(SetSensitiveRequestHeadersLayer::new(
            KEY_HEADERS.iter().cloned(),
        ))
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(logs::trace())
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(CatchPanicLayer::custom(errors::panicked));
    routes::own(quota.clone(), metrics, admin)
        .merge(calls(quota, model, metered))
        .layer(every_request)
}

/// The calls to the model, metered.
fn calls(quota: &Quota, model: Router, metered: bool) -> Router {
    // What the layer has read is bounded by it already: these are for calls that it lets through unread.
    let each_call = ServiceBuilder::new()
        .layer(from_fn_with_state(quota.clone(), keys::required))
        .map_response(errors::worded)
        .layer(RequestBodyLimitLayer::new(MAX_BODY + SLACK))
        .layer(RequestBodyDeadlineLayer::new(BODY_DEADLINE))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            PATIENCE,
        ));
    if !metered {
        return model.layer(each_call);
    }
    let quota = TokenQuotaLayer::new(quota.clone(), identify::policy_keys(quota))
        .max_body(MAX_BODY)
        .body_deadline(BODY_DEADLINE);
    // In one stack: each `Router::layer` of its own boxes services, futures and bodies once more for each call.
    let metered = ServiceBuilder::new()
        .layer(quota)
        .layer(MapRequestBodyLayer::new(Body::new))
        .layer(each_call);
    model.layer(metered)
}
