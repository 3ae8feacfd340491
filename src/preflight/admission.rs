//! What comes out of the preflight.

use std::sync::Arc;

use http::Request;

use crate::api::{Api, Call};
use crate::body::{Buffered, MeterPlan, RequestBody};
use crate::quota::Hold;

/// A call that may be made.
pub(crate) struct Admission<B> {
    pub(crate) request: Request<RequestBody<B>>,
    pub(crate) accounting: Accounting,
}

/// How an admitted call's hold comes to be settled.
pub(crate) enum Accounting {
    /// By what its answer says.
    Metered(MeterPlan),
    /// It counts as a request and nothing else.
    Counted(Hold),
}

/// What a call brings along while it is decided on.
pub(super) enum Load<B> {
    /// A body that is not read.
    Unread(B),
    /// A body that has been read.
    Read {
        api: Arc<dyn Api>,
        call: Arc<Call>,
        buffered: Buffered,
    },
}
