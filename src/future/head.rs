//! What the caller is told in the head of an answer.

use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;

use crate::policy::OnStoreFailure;
use crate::preflight::Accounting;
use crate::quota::Hold;
use crate::reject::{self, Fields};

static WARNING: HeaderName = HeaderName::from_static("x-quota-warning");
static SHADOW: HeaderName = HeaderName::from_static("x-quota-shadow");
static DEGRADED: HeaderName = HeaderName::from_static("x-quota-degraded");
static MODEL: HeaderName = HeaderName::from_static("x-quota-model");
static DOWNGRADED_FROM: HeaderName = HeaderName::from_static("x-quota-downgraded-from");

/// As many limits as most calls have.
const USUAL_LIMITS: usize = 6;

/// Tells it of the limits, and of what was decided for the call.
pub(super) fn tell(headers: &mut HeaderMap, accounting: &Accounting) {
    let hold = accounting.hold();
    // Collected, they would be moved once more.
    let mut limits = SmallVec::<[_; USUAL_LIMITS]>::new();
    limits.extend(hold.limits());
    reject::admitted_headers(headers, accounting.api(), &limits, |fields| {
        quota_fields(fields, hold);
        if let Accounting::Metered(_) = accounting {
            model_fields(fields, hold);
        }
    });
}

fn quota_fields(fields: &mut Fields, hold: &Hold) {
    fields.write(&WARNING, |text| list(text, hold.warnings()));
    fields.write(&SHADOW, |text| list(text, hold.shadows()));
    let degraded = hold.degraded().map_or("", OnStoreFailure::as_str);
    fields.write(&DEGRADED, |text| text.push_str(degraded));
}

fn model_fields(fields: &mut Fields, hold: &Hold) {
    let asked = hold.downgraded_from().unwrap_or_default();
    fields.write(&MODEL, |text| text.push_str(hold.model()));
    fields.write(&DOWNGRADED_FROM, |text| text.push_str(asked));
}

fn list<'a>(text: &mut String, ids: impl Iterator<Item = &'a str>) {
    for (position, id) in ids.enumerate() {
        text.push_str(if position > 0 { ", " } else { "" });
        text.push_str(id);
    }
}
