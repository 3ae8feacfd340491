//! What comes out of the preflight.

use std::sync::Arc;

use http::Request;

use crate::api::{Api, Call, SharedApi};
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

impl Accounting {
    pub(crate) fn api(&self) -> Option<&dyn Api> {
        match self {
            Self::Metered(plan) => Some(&*plan.api),
            Self::Counted(_) => None,
        }
    }

    pub(crate) fn hold(&self) -> &Hold {
        match self {
            Self::Metered(MeterPlan { hold, .. }) | Self::Counted(hold) => hold,
        }
    }

    pub(crate) fn into_hold(self) -> Hold {
        match self {
            Self::Metered(MeterPlan { hold, .. }) | Self::Counted(hold) => hold,
        }
    }
}

/// What a call brings along while it is decided on.
pub(super) enum Load<B> {
    /// A body that is not read.
    Unread(B),
    /// A body that has been read.
    Read {
        api: SharedApi,
        call: Arc<Call>,
        buffered: Buffered,
    },
}
