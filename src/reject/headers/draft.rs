//! The fields of the IETF's draft, which name every limit.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::LimitView;
use crate::money::Usd;
use crate::policy::{Enforcement, Period, Unit, Window};

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static STATE: HeaderName = HeaderName::from_static("ratelimit");

/// The fields of draft-ietf-httpapi-ratelimit-headers-10: every hard and soft limit by its id.
pub(super) fn fields(headers: &mut HeaderMap, limits: &[LimitView<'_>]) {
    let room = limits.len() * USUAL;
    let (mut policies, mut states) = (String::with_capacity(room), String::with_capacity(room));
    for limit in limits
        .iter()
        .filter(|limit| limit.enforcement != Enforcement::Shadow)
    {
        let (amount, left) = (limit.balance.amount, limit.balance.remaining());
        item(&mut policies, limit.id);
        parameter(&mut policies, ";q=", whole(limit.unit, amount));
        if let Some(seconds) = window_seconds(limit) {
            parameter(&mut policies, ";w=", seconds);
        }
        for part in [";qu=\"", quota_unit(limit.unit), "\""] {
            policies.push_str(part);
        }
        item(&mut states, limit.id);
        parameter(&mut states, ";r=", whole(limit.unit, left));
        if let Some(micros) = limit.balance.resets_in {
            parameter(&mut states, ";t=", micros.div_ceil(1_000_000));
        }
    }
    for (name, value) in [(&POLICY, policies), (&STATE, states)] {
        if let Ok(value) = HeaderValue::try_from(value)
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
}

/// A limit takes about so many bytes of a field.
const USUAL: usize = 64;

/// Begins an item of a list with its name.
fn item(list: &mut String, id: &str) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    for part in ["\"", id, "\""] {
        list.push_str(part);
    }
}

/// Adds a number to an item, under a key with its marks.
fn parameter(list: &mut String, key: &str, number: u64) {
    list.push_str(key);
    list.push_str(itoa::Buffer::new().format(integer(number)));
}

/// Fields are whole numbers of a size that suits: dollars are told in micro-dollars, rounded down.
fn whole(unit: Unit, amount: u64) -> u64 {
    match unit {
        Unit::Usd => Usd::from_nanos(amount).micros_rounded_down(),
        _ => amount,
    }
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
