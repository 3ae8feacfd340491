//! What the preflight itself refuses, in words.

use http::header;

use crate::body::BufferError;
use crate::reject::{Rejection, RejectionKind};

use super::desk::Desk;

const ENCODED: &str = "A compressed request cannot be metered. Send it as it is, or have the server put \
                       tower-http's RequestDecompressionLayer before the quota.";

impl Desk {
    /// What the head tells of a body that we will not read.
    pub(super) fn refuse_unreadable(&self) -> Result<(), Rejection> {
        let headers = &self.head.headers;
        let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
        if codings.any(|coding| coding != "identity") {
            return Err(Rejection::new(RejectionKind::EncodedBody, ENCODED));
        }
        let length = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok());
        let length = length.and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.shared.max_body as u64) {
            return Err(self.too_large());
        }
        Ok(())
    }

    pub(super) fn unreceived(&self, error: BufferError) -> Rejection {
        match error {
            BufferError::TooLarge => self.too_large(),
            BufferError::Busy => Rejection::new(
                RejectionKind::Busy,
                "Too much is being received just now. Please try again.",
            ),
            BufferError::TooSlow => Rejection::new(
                RejectionKind::BodyTooSlow,
                "The request's body came too slowly.",
            ),
            BufferError::Broken(reason) => Rejection::new(
                RejectionKind::BrokenBody,
                format!("The request's body broke off: {reason}."),
            ),
        }
    }

    fn too_large(&self) -> Rejection {
        let message = format!(
            "The request's body is too large: at most {} bytes are taken.",
            self.shared.max_body
        );
        Rejection::new(RejectionKind::BodyTooLarge, message)
    }
}

/// A panic of a tokenizer is our defect, and must not let a call through uncounted.
pub(super) fn uncountable() -> Rejection {
    Rejection::new(
        RejectionKind::InvalidRequest,
        "The input of this request could not be counted.",
    )
}
