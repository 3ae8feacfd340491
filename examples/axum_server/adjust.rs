//! `POST /quota/adjust`: what a subject has used of a limit is credited, debited or reset.
//!
//! ```json
//! {"subject": {"project": "web-app", "tier": "pro"}, "limit": "projects.web-app/usd/month", "credit": "12.50"}
//! ```
//!
//! Amounts are in the limit's unit. Dollars are decimal text or a number, and read as they are written: no float comes between.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::value::RawValue;
use tower_token_quota::policy::Unit;
use tower_token_quota::store::Adjustment;
use tower_token_quota::{LimitStatus, Policy, Quota, QuotaError, Subject, Usd};

use crate::errors;

const MAX_BODY: usize = 64 << 10;

/// How many names are shown where one was wrong.
const FEW: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Correction<'b> {
    subject: Who,
    limit: String,
    model: Option<String>,
    #[serde(borrow)]
    credit: Option<&'b RawValue>,
    #[serde(borrow)]
    debit: Option<&'b RawValue>,
    reset: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    organization: Option<String>,
    project: Option<String>,
    user: Option<String>,
    tier: String,
}

/// Why nothing was corrected: a status, a code, and words.
type Refusal = (StatusCode, &'static str, String);

/// The limit's status after the correction.
pub(crate) async fn adjust(quota: &Quota, body: Body) -> Response {
    match corrected(quota, body).await {
        Ok(limit) => ([(header::CACHE_CONTROL, "no-store")], Json(limit)).into_response(),
        Err((status, code, message)) => errors::error(status, code, &message),
    }
}

async fn corrected(quota: &Quota, body: Body) -> Result<LimitStatus, Refusal> {
    let body = to_bytes(body, MAX_BODY).await;
    let body = body.map_err(|error| invalid(format!("The body cannot be read: {error}.")))?;
    let correction: Correction<'_> = serde_json::from_slice(&body)
        .map_err(|error| invalid(format!("The body is no correction: {error}.")))?;
    let subject = correction.subject.subject();
    let limit = &correction.limit;
    let unit = quota.unit_of(&subject, limit);
    let unit = unit.map_err(|error| unknown(&quota.policy(), &subject, error))?;
    let adjustment = correction.adjustment(unit).map_err(invalid)?;
    let model = correction.model.as_deref();
    quota
        .adjust(&subject, limit, model, adjustment)
        .await
        .map_err(failed)
}

/// A name that is not in the policy, with those that are: whoever corrects may see them.
fn unknown(policy: &Policy, subject: &Subject, error: QuotaError) -> Refusal {
    let has_tier = policy.tier_names().any(|name| name == subject.tier_name());
    let there_are = match &error {
        QuotaError::UnknownLimit(_) => {
            format!("; its limits are {}", few(policy.limit_ids(subject)))
        }
        QuotaError::UnknownSubject(_) if has_tier => {
            format!(" Its projects are {}.", few(policy.project_names()))
        }
        QuotaError::UnknownSubject(_) => format!(" Its tiers are {}.", few(policy.tier_names())),
        _ => String::new(),
    };
    let (status, code, message) = failed(error);
    (status, code, message + &there_are)
}

/// The first of these names, and how many there are beside them.
fn few<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut names: Vec<&str> = names.collect();
    let beside = names.len().saturating_sub(FEW);
    names.truncate(FEW);
    match (names.join(", "), beside) {
        (names, 0) if names.is_empty() => "none".to_owned(),
        (names, 0) => names,
        (names, beside) => format!("{names} and {beside} more"),
    }
}

impl Who {
    fn subject(&self) -> Subject {
        let mut subject = match &self.user {
            Some(user) => Subject::user(user, &self.tier),
            None => Subject::new(&self.tier),
        };
        if let Some(organization) = &self.organization {
            subject = subject.organization(organization);
        }
        match &self.project {
            Some(project) => subject.project(project),
            None => subject,
        }
    }
}

impl Correction<'_> {
    fn adjustment(&self, unit: Unit) -> Result<Adjustment, String> {
        match (self.credit, self.debit, self.reset) {
            (Some(amount), None, None) => amount_in(unit, amount.get()).map(Adjustment::Credit),
            (None, Some(amount), None) => amount_in(unit, amount.get()).map(Adjustment::Debit),
            (None, None, Some(true)) => Ok(Adjustment::Reset),
            _ => Err("Say one of `credit`, `debit` and `\"reset\": true`.".to_owned()),
        }
    }
}

/// Reads an amount from the JSON that it stands there as: a number, or text.
fn amount_in(unit: Unit, json: &str) -> Result<u64, String> {
    let text: Result<String, _> = serde_json::from_str(json);
    let text = text.unwrap_or_else(|_| json.to_owned());
    let amount = match unit {
        Unit::Usd => text
            .parse()
            .map(Usd::nanos)
            .map_err(|error| error.to_string()),
        _ => text.parse().map_err(|_| "not a whole number".to_owned()),
    };
    amount.map_err(|error| {
        format!("`{json}` is no amount of this limit, which counts {unit}: {error}.")
    })
}

fn invalid(message: String) -> Refusal {
    (StatusCode::BAD_REQUEST, "invalid_correction", message)
}

fn failed(error: QuotaError) -> Refusal {
    let message = error.to_string();
    match error {
        QuotaError::UnknownLimit(_) => (StatusCode::BAD_REQUEST, "unknown_limit", message),
        QuotaError::ModelNeeded(_) => (StatusCode::BAD_REQUEST, "model_needed", message),
        QuotaError::SubjectIncomplete(..) => {
            (StatusCode::BAD_REQUEST, "subject_incomplete", message)
        }
        QuotaError::UnknownSubject(_) => (StatusCode::BAD_REQUEST, "unknown_subject", message),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            message,
        ),
    }
}
