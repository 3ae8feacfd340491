//! What comes out of the preflight.

use http::Request;

use crate::api::Api;
use crate::body::{MeterPlan, RequestBody};
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
