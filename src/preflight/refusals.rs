//! What the preflight itself refuses, in words.

use http::{HeaderName, HeaderValue, header};

use crate::body::BufferError;
use crate::policy::UnknownCalls;
use crate::reject::{Rejection, RejectionKind};

use super::desk::Desk;

const ENCODED: &str = "A compressed request cannot be metered. Send it as it is, or have the server put \
                       tower-http's RequestDecompressionLayer before the quota.";

/// By this Google's clients ask for a part of an answer only. Others know nothing of it.
static FIELD_MASK: HeaderName = HeaderName::from_static("x-goog-fieldmask");

impl Desk {
    /// What the policy says of a call that is of no API we meter.
    pub(super) fn refuse_unknown_call(&self) -> Result<(), Rejection> {
        if self.shared.quota.policy().unknown_calls() != UnknownCalls::Reject {
            return Ok(());
        }
        let message = format!(
            "Calls to {} {} are not metered here, and so not allowed.",
            self.head.method,
            self.head.uri.path()
        );
        Err(Rejection::new(RejectionKind::UnknownCall, message))
    }

    /// What the head tells of a body that we will not read.
    pub(super) fn refuse_unreadable(&self) -> Result<(), Rejection> {
        let headers = &self.head.headers;
        let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
        if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Rejection::new(RejectionKind::EncodedBody, ENCODED));
        }
        if !is_utf8(headers.get(header::CONTENT_TYPE)) {
            let message = "A request can be metered only in UTF-8: leave the charset out.";
            return Err(Rejection::new(RejectionKind::EncodedBody, message));
        }
        if headers.contains_key(&FIELD_MASK) {
            let message =
                format!("Leave {FIELD_MASK} out: a part of an answer does not tell its usage.");
            return Err(Rejection::new(RejectionKind::InvalidRequest, message));
        }
        let length = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let length = length.and_then(|length| length.parse::<u64>().ok());
        let most = self.shared.max_body;
        if length.is_some_and(|length| length > most as u64) {
            return Err(too_large(Some(most)));
        }
        Ok(())
    }
}

/// Whether a content type says nothing of a charset in which a text would have other members than we read.
fn is_utf8(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type.and_then(|value| value.to_str().ok());
    let parameters = text.unwrap_or_default().split(';').skip(1);
    let mut charsets = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    });
    let known = ["utf-8", "utf8", "us-ascii", "ascii"];
    charsets.all(|charset| {
        known
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known))
    })
}

/// Why a body that did not come whole is refused.
pub(super) fn unreceived(error: BufferError) -> Rejection {
    let (kind, message) = match error {
        BufferError::TooLarge(most) => return too_large(most),
        BufferError::Busy => (
            RejectionKind::Busy,
            "Too much is being received just now. Please try again.".to_owned(),
        ),
        BufferError::TooSlow => (
            RejectionKind::BodyTooSlow,
            "The request's body came too slowly.".to_owned(),
        ),
        BufferError::Broken(reason) => (
            RejectionKind::BrokenBody,
            format!("The request's body broke off: {reason}."),
        ),
    };
    Rejection::new(kind, message)
}

/// `most` is our own limit; another layer's is not known.
fn too_large(most: Option<usize>) -> Rejection {
    let most = most.map(|bytes| format!(": at most {bytes} bytes are taken"));
    let message = format!(
        "The request's body is too large{}.",
        most.unwrap_or_default()
    );
    Rejection::new(RejectionKind::BodyTooLarge, message)
}

/// A panic of a tokenizer is our defect, and must not let a call through uncounted.
pub(super) fn uncountable() -> Rejection {
    Rejection::new(
        RejectionKind::InvalidRequest,
        "The input of this request could not be counted.",
    )
}
