//! The fields of the IETF's draft, which name every limit.

use http::HeaderName;

use super::LimitView;
use super::fields::{Fields, push_number};
use crate::money::Usd;
use crate::policy::{Enforcement, Period, Unit, Window};

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static STATE: HeaderName = HeaderName::from_static("ratelimit");

/// The fields of draft-ietf-httpapi-ratelimit-headers-10: every hard and soft limit by its id.
pub(super) fn write(fields: &mut Fields, limits: &[LimitView<'_>]) {
    fields.write(&POLICY, |text| list(text, limits, policy));
    fields.write(&STATE, |text| list(text, limits, state));
}

/// Both fields take about so many bytes.
pub(super) fn room(limits: &[LimitView<'_>]) -> usize {
    const A_LIMIT: usize = 128;
    A_LIMIT * limits.len()
}

/// Writes an item for each limit that is no dry run.
fn list(
    text: &mut String,
    limits: &[LimitView<'_>],
    parameters: impl Fn(&mut String, &LimitView<'_>),
) {
    let mut separator = "\"";
    for limit in limits {
        if limit.enforcement == Enforcement::Shadow {
            continue;
        }
        text.push_str(separator);
        text.push_str(limit.id);
        text.push('"');
        parameters(text, limit);
        separator = ", \"";
    }
}

/// What a limit allows, and in which time.
fn policy(text: &mut String, limit: &LimitView<'_>) {
    text.push_str(";q=");
    push_number(text, whole(limit.unit, limit.balance.amount));
    if let Some(seconds) = window_seconds(limit) {
        text.push_str(";w=");
        push_number(text, seconds);
    }
    text.push_str(";qu=\"");
    text.push_str(quota_unit(limit.unit));
    text.push('"');
}

/// What is left of it, and until when.
fn state(text: &mut String, limit: &LimitView<'_>) {
    text.push_str(";r=");
    push_number(text, whole(limit.unit, limit.balance.remaining()));
    if let Some(micros) = limit.balance.resets_in {
        text.push_str(";t=");
        push_number(text, integer(micros.div_ceil(1_000_000)));
    }
}

/// Fields are whole numbers of a size that suits: dollars are told in micro-dollars, rounded down.
fn whole(unit: Unit, amount: u64) -> u64 {
    integer(match unit {
        Unit::Usd => Usd::from_nanos(amount).micros_rounded_down(),
        _ => amount,
    })
}

/// The largest integer of a structured field (RFC 9651): fifteen digits.
fn integer(value: u64) -> u64 {
    value.min(999_999_999_999_999)
}

/// The window in seconds: for a bucket the time in which all of it refills; days, weeks and months by their usual
/// length. Nothing for gauges.
pub(super) fn window_seconds(limit: &LimitView<'_>) -> Option<u64> {
    const DAY: u64 = 24 * 60 * 60;
    Some(match limit.window {
        Window::Bucket { refill, every } => {
            let micros =
                u128::from(limit.balance.amount) * every.as_micros() / u128::from(refill.max(1));
            u64::try_from(micros.div_ceil(1_000_000))
                .map_or(u64::MAX, integer)
                .max(1)
        }
        Window::Calendar(Period::Day) => DAY,
        Window::Calendar(Period::Week) => 7 * DAY,
        Window::Calendar(Period::Month) => 30 * DAY,
        Window::Gauge => return None,
    })
}

fn quota_unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Concurrent => "concurrent-requests",
        Unit::Usd => "micro-usd",
        other => other.as_str(),
    }
}
