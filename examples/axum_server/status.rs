//! `GET /quota/status`: a caller's own limits, as they stand. With `?model=NAME`, which may be repeated, also what he has used of
//! models that the policy does not name.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Value, json};
use tower_token_quota::{LimitStatus, Quota, Subject};

use crate::{errors, keys};

/// How many models one request may ask for.
const MOST_MODELS: usize = 16;

pub(crate) async fn status(quota: &Quota, head: &Parts) -> Response {
    let Some(subject) = keys::subject(quota, head) else {
        return errors::unknown_key();
    };
    let models = match models(head.uri.query().unwrap_or_default()) {
        Ok(models) => models,
        Err(message) => {
            return errors::error(StatusCode::BAD_REQUEST, "invalid_models", &message);
        }
    };
    match quota.status_with_models(&subject, &models).await {
        Ok(limits) => {
            // As it is, and not by way of a `Value`: dollars keep their decimals.
            let body = Status {
                subject: named(&subject),
                limits,
            };
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Err(error) => errors::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "store_unavailable",
            &error.to_string(),
        ),
    }
}

#[derive(Serialize)]
struct Status {
    subject: Value,
    limits: Vec<LimitStatus>,
}

fn named(subject: &Subject) -> Value {
    json!({
        "organization": subject.organization_name(),
        "project": subject.project_name(),
        "user": subject.user_name(),
        "tier": subject.tier_name(),
    })
}

/// The models that a query asks for.
fn models(query: &str) -> Result<Vec<String>, String> {
    let pairs = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let names = pairs
        .filter(|(key, _)| *key == "model")
        .map(|(_, name)| model(name));
    let models: Vec<String> = names.collect::<Result<_, _>>()?;
    match models.len() {
        ..=MOST_MODELS => Ok(models),
        number => Err(format!(
            "At most {MOST_MODELS} models may be asked for at once, and here are {number}."
        )),
    }
}

fn model(encoded: &str) -> Result<String, String> {
    match percent_decode_str(encoded).decode_utf8() {
        Ok(name) if name.trim().is_empty() => {
            Err("There is no name after `model=`: write `model=NAME`.".to_owned())
        }
        Ok(name) => Ok(name.into_owned()),
        Err(error) => Err(format!("What is after `model=` is no name: {error}.")),
    }
}
