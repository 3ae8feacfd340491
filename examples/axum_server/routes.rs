//! What the gateway answers itself. None of these paths ever goes to the provider.

use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::header;
use metrics_exporter_prometheus::PrometheusHandle;
use percent_encoding::percent_decode_str;
use tower_token_quota::Quota;

use crate::admin::Admin;
use crate::{adjust, errors, report, status};

/// Settlements that the store has not booked yet.
const WAITING: &str = "token_quota_settlements_waiting";

pub(crate) fn own(quota: Quota, metrics: PrometheusHandle, admin: Option<Admin>) -> Router {
    let nothing = || async { errors::not_found() };
    let own = Router::new()
        .route("/healthz", get(health))
        .route(
            "/metrics",
            get(async move |State(quota): State<Quota>| prometheus(&metrics, &quota)),
        )
        .route("/quota/status", get(limits))
        .route("/quota/report", get(figures))
        .route("/quota", any(nothing))
        .route("/quota/{*rest}", any(nothing));
    // Where there is no admin there is nothing to find.
    let own = match admin {
        Some(_) => own.route("/quota/adjust", post(correct)),
        None => own,
    };
    own.with_state(Own { quota, admin })
}

/// What the gateway's own answers are made of.
#[derive(Clone)]
struct Own {
    quota: Quota,
    admin: Option<Admin>,
}

impl FromRef<Own> for Quota {
    fn from_ref(own: &Own) -> Self {
        own.quota.clone()
    }
}

/// Whether a path is one of ours, however it is spelled.
pub(crate) fn is_own(path: &str) -> bool {
    let path = percent_decode_str(path).decode_utf8_lossy();
    let first = path.split('/').find(|segment| !segment.is_empty());
    first.is_some_and(|first| ["healthz", "metrics", "quota"].contains(&first))
}

/// That we answer, and whether usage is counted. While it is not, each limit's own rule decides: were we not well then, a load
/// balancer would take away all instances at once, and no rule would matter.
async fn health(State(quota): State<Quota>) -> String {
    match quota.health().await {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("deciding without the store: {error}"),
    }
}

/// A caller's own limits, as they stand.
async fn limits(State(quota): State<Quota>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    status::status(&quota, &head).await
}

/// What was spent and saved, as far as it is the caller's to see.
async fn figures(State(own): State<Own>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    report::report(&own.quota, &head, own.admin).await
}

/// The admin corrects a counter.
async fn correct(State(own): State<Own>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match own.admin.is_some_and(|admin| admin.sent(&head)) {
        true => adjust::adjust(&own.quota, body).await,
        false => errors::not_the_admin(),
    }
}

fn prometheus(metrics: &PrometheusHandle, quota: &Quota) -> Response {
    metrics::gauge!(WAITING).set(quota.waiting_settlements() as f64);
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, TEXT)], metrics.render()).into_response()
}
