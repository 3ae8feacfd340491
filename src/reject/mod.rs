//! Rejections: what we answer instead of calling the inner service.

mod headers;
mod problem;
mod response;

pub use headers::{Fields, LimitView};

pub(crate) use headers::{
    admitted_headers, anthropic_headers, openai_headers, rfc3339_text, seconds_text,
};
pub(crate) use response::{answer, echo_request_id, render, request_id};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::money::Usd;
use crate::policy::{OnStoreFailure, Unit};
use crate::store::{Balance, Reason};
use crate::usage::Estimate;

/// Why a call was answered by us. It also travels in the extensions of the response, for outer layers to read.
///
/// ```
/// use tower_token_quota::Rejection;
///
/// fn is_ours<B>(response: &http::Response<B>) -> bool {
///     response.extensions().get::<Rejection>().is_some()
/// }
/// # assert!(!is_ours(&http::Response::new(())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The kind, which decides status, code and headers.
    pub kind: RejectionKind,
    /// What is wrong and what would help, for the caller.
    pub message: String,
    /// The offending parameter of the request, if it is one.
    pub param: Option<&'static str>,
    /// Every limit that refused; empty for the kinds that have to do with no limit.
    pub limits: Vec<RefusedLimit>,
    /// After which time the same call may pass: only where a short wait helps.
    pub retry_after: Option<Duration>,
    /// When the spent quota begins anew, or a bucket with a debt of hours has room again, in microseconds since the Unix epoch.
    pub resets_at: Option<i64>,
    /// What the asked model was expected to use, where that was found out: what the refusal saved, at most.
    pub estimate: Option<Estimate>,
    /// The most that this could have cost, where the model has a price.
    pub cost: Option<Usd>,
    /// What to answer in the model's place, where a limit that refused says so.
    pub reply: Option<CannedReply>,
    /// By which rule it was decided while the store did not answer; nothing where it did.
    pub degraded: Option<OnStoreFailure>,
}

/// A reply in a model's place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CannedReply {
    /// The id of the limit whose reply it is.
    pub limit: Arc<str>,
    /// The text of it.
    pub text: Arc<str>,
}

/// What kind of rejection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// The request cannot be read, or could be understood in two ways: 400.
    InvalidRequest,
    /// The request's body broke off: 400.
    BrokenBody,
    /// Nobody we know: 401.
    UnknownKey,
    /// The tier does not have this model: 403.
    ModelNotAllowed,
    /// A part of the call's input cannot be seen, and the tier takes no such calls: 403.
    OpaqueInput,
    /// The subject's project, or its tier, is not in the policy, or it may not call: 403.
    UnknownSubject,
    /// The policy refuses calls of unknown APIs: 403.
    UnknownCall,
    /// The body came too slowly: 408.
    BodyTooSlow,
    /// The body is larger than we buffer: 413.
    BodyTooLarge,
    /// The body is compressed, so we cannot read it: 415.
    EncodedBody,
    /// A bucket is too full just now; a short wait helps: 429.
    RateLimited,
    /// Too many calls under way: 429.
    TooManyConcurrent,
    /// A period's quota is spent; only its end helps: 429.
    QuotaSpent,
    /// More than the limit's whole amount; no wait helps: 429.
    NeverFits,
    /// Too much is being buffered over all calls: 503.
    Busy,
    /// The store failed, and the policy is to refuse then: 503.
    StoreUnavailable,
    /// Nobody can tell just now who the caller is: 503.
    IdentityUnavailable,
}

impl RejectionKind {
    /// The status of the response.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::BrokenBody => StatusCode::BAD_REQUEST,
            Self::UnknownKey => StatusCode::UNAUTHORIZED,
            Self::ModelNotAllowed
            | Self::OpaqueInput
            | Self::UnknownSubject
            | Self::UnknownCall => StatusCode::FORBIDDEN,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::EncodedBody => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited | Self::TooManyConcurrent | Self::QuotaSpent | Self::NeverFits => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Busy | Self::StoreUnavailable | Self::IdentityUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }

    /// The kind's name in metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::BrokenBody => "broken_body",
            Self::UnknownKey => "unknown_key",
            Self::ModelNotAllowed => "model_not_allowed",
            Self::OpaqueInput => "opaque_input",
            Self::UnknownSubject => "unknown_subject",
            Self::UnknownCall => "unknown_call",
            Self::BodyTooSlow => "body_too_slow",
            Self::BodyTooLarge => "body_too_large",
            Self::EncodedBody => "encoded_body",
            Self::RateLimited => "rate_limited",
            Self::TooManyConcurrent => "too_many_concurrent",
            Self::QuotaSpent => "quota_spent",
            Self::NeverFits => "never_fits",
            Self::Busy => "busy",
            Self::StoreUnavailable => "store_unavailable",
            Self::IdentityUnavailable => "identity_unavailable",
        }
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A limit that refused a call, as it stood then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedLimit {
    /// The limit's id.
    pub id: Arc<str>,
    /// What it counts.
    pub unit: Unit,
    /// The model that was tried: the asked one or a rung of the ladder.
    pub model: Arc<str>,
    /// What the call would have reserved.
    pub asked: u64,
    /// It would have reserved more still: counting ended when it was certain that the call can never fit.
    pub at_least: bool,
    /// Why it did not fit.
    pub reason: Reason,
    /// The counter.
    pub balance: Balance,
    /// In which time it would fit, if nothing else came.
    pub wait: Option<Duration>,
}

impl Rejection {
    /// A rejection that has to do with no limit.
    #[must_use]
    pub fn new(kind: RejectionKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            param: None,
            limits: Vec::new(),
            retry_after: None,
            resets_at: None,
            estimate: None,
            cost: None,
            reply: None,
            degraded: None,
        }
    }

    /// Says which parameter of the request it is about.
    #[must_use]
    pub(crate) fn about(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }

    /// The ids of the limits that refused, each once.
    #[must_use]
    pub fn limit_ids(&self) -> Vec<Arc<str>> {
        let mut ids: Vec<Arc<str>> = Vec::new();
        for limit in &self.limits {
            if !ids.contains(&limit.id) {
                ids.push(limit.id.clone());
            }
        }
        ids
    }

    /// The status of the response; a [`reply`](Self::reply) is sent with 200.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rejection {}
