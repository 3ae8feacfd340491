//! What an admitted answer tells of the limits: OpenAI's headers, the IETF draft's, and ours.
//!
//! All of it is known once the reservation is made, so streams carry it too.

use std::fmt::Write as _;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::api::Api;
use crate::money::Usd;
use crate::policy::{Enforcement, Period, Unit, Window};
use crate::store::Balance;

/// A limit that an admitted call was charged on, as it stood after the charge.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct LimitView<'a> {
    /// The limit's id.
    pub id: &'a str,
    /// What it counts.
    pub unit: Unit,
    /// Over which time.
    pub window: Window,
    /// Whether it refuses.
    pub enforcement: Enforcement,
    /// The counter.
    pub balance: Balance,
    /// When it stood so, in microseconds since the Unix epoch.
    pub at: i64,
}

impl<'a> LimitView<'a> {
    /// A limit that refuses, as it stood then, for the tests of an API.
    #[must_use]
    pub fn new(id: &'a str, unit: Unit, window: Window, balance: Balance, at: i64) -> Self {
        Self {
            id,
            unit,
            window,
            enforcement: Enforcement::Hard,
            balance,
            at,
        }
    }
}

/// Replaces the provider's rate-limit headers, which describe our account with it, by the caller's own: in the words of the called
/// API, if it is one, and in the IETF draft's.
pub(crate) fn admitted_headers(
    headers: &mut HeaderMap,
    api: Option<&dyn Api>,
    limits: &[LimitView<'_>],
) {
    remove_providers(headers);
    match api {
        Some(api) => api.limit_headers(limits, headers),
        None => openai_headers(limits, headers),
    }
    ietf(headers, limits);
}

/// Families of headers in which providers describe our account with them, and ours, should they say such things too.
const PROVIDERS: [&str; 6] = [
    "x-quota-",
    "x-ratelimit-",
    "ratelimit",
    "x-rate-limit-",
    "anthropic-ratelimit-",
    "anthropic-priority-",
];

fn remove_providers(headers: &mut HeaderMap) {
    let theirs = |name: &HeaderName| {
        PROVIDERS
            .iter()
            .any(|prefix| name.as_str().starts_with(prefix))
    };
    let names: Vec<HeaderName> = headers
        .keys()
        .filter(|name| theirs(name))
        .cloned()
        .collect();
    for name in names {
        headers.remove(name);
    }
}

/// The names of a slot's headers, made once: they are the same in every answer.
struct Slot {
    limit: HeaderName,
    remaining: HeaderName,
    reset: HeaderName,
}

impl Slot {
    const fn named([limit, remaining, reset]: [&'static str; 3]) -> Self {
        Self {
            limit: HeaderName::from_static(limit),
            remaining: HeaderName::from_static(remaining),
            reset: HeaderName::from_static(reset),
        }
    }

    fn describe(&self, limit: &LimitView<'_>, reset: HeaderValue, headers: &mut HeaderMap) {
        let (amount, left) = (limit.balance.amount, limit.balance.remaining());
        headers.insert(&self.limit, value(amount.to_string()));
        headers.insert(&self.remaining, value(left.to_string()));
        headers.insert(&self.reset, reset);
    }
}

static OPENAI: [Slot; 2] = [
    Slot::named([
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ]),
    Slot::named([
        "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-tokens",
    ]),
];

static ANTHROPIC: [(Unit, Slot); 4] = [
    (
        Unit::Requests,
        Slot::named([
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
        ]),
    ),
    (
        Unit::Tokens,
        Slot::named([
            "anthropic-ratelimit-tokens-limit",
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-tokens-reset",
        ]),
    ),
    (
        Unit::InputTokens,
        Slot::named([
            "anthropic-ratelimit-input-tokens-limit",
            "anthropic-ratelimit-input-tokens-remaining",
            "anthropic-ratelimit-input-tokens-reset",
        ]),
    ),
    (
        Unit::OutputTokens,
        Slot::named([
            "anthropic-ratelimit-output-tokens-limit",
            "anthropic-ratelimit-output-tokens-remaining",
            "anthropic-ratelimit-output-tokens-reset",
        ]),
    ),
];

/// OpenAI's slots: one for requests, one for tokens. A slot describes the hard limit with the smallest share left,
/// the longer window on a tie. Limits of input or output tokens alone take the tokens' slot only if nothing counts both.
pub(crate) fn openai_headers(limits: &[LimitView<'_>], headers: &mut HeaderMap) {
    let tightest = |units: &[Unit]| tightest(limits, units);
    let requests = tightest(&[Unit::Requests]);
    let tokens =
        tightest(&[Unit::Tokens]).or_else(|| tightest(&[Unit::InputTokens, Unit::OutputTokens]));
    for (slot, limit) in OPENAI.iter().zip([requests, tokens]) {
        let Some(limit) = limit else { continue };
        let wait = limit.balance.resets_in.unwrap_or(0);
        slot.describe(limit, value(go_duration(wait)), headers);
    }
}

/// Anthropic's slots: one for each unit that it limits, and a reset says when, not in which time. A slot describes the hard
/// limit with the smallest share left, the longer window on a tie.
pub(crate) fn anthropic_headers(limits: &[LimitView<'_>], headers: &mut HeaderMap) {
    for (unit, slot) in &ANTHROPIC {
        let Some(limit) = tightest(limits, &[*unit]) else {
            continue;
        };
        let wait = i64::try_from(limit.balance.resets_in.unwrap_or(0)).unwrap_or(i64::MAX);
        slot.describe(limit, rfc3339(limit.at.saturating_add(wait)), headers);
    }
}

/// The hard limit of these units that has the smallest share left.
fn tightest<'a, 'l>(limits: &'a [LimitView<'l>], units: &[Unit]) -> Option<&'a LimitView<'l>> {
    let hard = limits
        .iter()
        .filter(|limit| limit.enforcement == Enforcement::Hard);
    hard.filter(|limit| units.contains(&limit.unit))
        .reduce(tighter)
}

fn tighter<'a, 'l>(one: &'a LimitView<'l>, other: &'a LimitView<'l>) -> &'a LimitView<'l> {
    // a/b < c/d without division: a*d < c*b
    let share = |of: &LimitView<'_>, to: &LimitView<'_>| {
        u128::from(of.balance.remaining()) * u128::from(to.balance.amount)
    };
    let (left, right) = (share(one, other), share(other, one));
    let longer = || window_seconds(other) > window_seconds(one);
    if right < left || (right == left && longer()) {
        other
    } else {
        one
    }
}

/// A duration as Go writes it: `12ms`, `1s`, `6m0s`; rounded up, so that nobody comes too early.
fn go_duration(micros: u64) -> String {
    let millis = micros.div_ceil(1000);
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let seconds = millis.div_ceil(1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

static POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static STATE: HeaderName = HeaderName::from_static("ratelimit");

/// The fields of draft-ietf-httpapi-ratelimit-headers-10: every hard and soft limit by its id.
fn ietf(headers: &mut HeaderMap, limits: &[LimitView<'_>]) {
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
    // Writing to a string cannot fail.
    let _ = write!(list, "{}", integer(number));
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
fn window_seconds(limit: &LimitView<'_>) -> Option<u64> {
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

/// A time in microseconds since the Unix epoch as RFC 3339, in whole seconds rounded up.
pub(crate) fn rfc3339(micros: i64) -> HeaderValue {
    value(rfc3339_text(micros))
}

/// The text of a number, a duration or a time, which a header can always hold.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// See [`rfc3339`].
pub(crate) fn rfc3339_text(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000) + i64::from(micros.rem_euclid(1_000_000) > 0);
    Timestamp::from_second(seconds)
        .unwrap_or(Timestamp::MAX)
        .to_string()
}

/// Whole seconds of a wait, rounded up, for messages.
pub(crate) fn seconds_text(wait: Duration) -> String {
    go_duration(crate::clock::saturating_micros(wait))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(id: &str, unit: Unit, window: Window, amount: u64, used: u64) -> LimitView<'_> {
        LimitView {
            id,
            unit,
            window,
            enforcement: Enforcement::Hard,
            balance: Balance {
                used,
                amount,
                resets_in: Some(90_500_000),
                ..Balance::default()
            },
            at: 1_000_000,
        }
    }

    const DAY: Window = Window::Calendar(Period::Day);
    const MINUTE: Window = Window::Bucket {
        refill: 60,
        every: Duration::from_secs(60),
    };

    fn headers(limits: &[LimitView<'_>]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-limit-project-tokens", HeaderValue::from(7));
        headers.insert("anthropic-ratelimit-requests-limit", HeaderValue::from(7));
        admitted_headers(&mut headers, None, limits);
        headers
    }

    #[test]
    fn a_slot_describes_the_tightest_limit_of_its_unit_and_the_longer_window_on_a_tie() {
        let headers = headers(&[
            view("rpm", Unit::Requests, MINUTE, 60, 30),
            view("rpd", Unit::Requests, DAY, 600, 300),
            view("tpd", Unit::Tokens, DAY, 1000, 100),
            view("in", Unit::InputTokens, DAY, 10, 10),
        ]);
        assert_eq!(headers["x-ratelimit-limit-requests"], "600");
        assert_eq!(headers["x-ratelimit-remaining-requests"], "300");
        assert_eq!(headers["x-ratelimit-reset-requests"], "1m31s");
        assert_eq!(headers["x-ratelimit-limit-tokens"], "1000");
    }

    #[test]
    fn anthropics_slots_are_one_a_unit_and_reset_at_a_time() {
        let mut headers = HeaderMap::new();
        anthropic_headers(
            &[
                view("tpm", Unit::Tokens, MINUTE, 60, 30),
                view("tpd", Unit::Tokens, DAY, 600, 300),
                view("in", Unit::InputTokens, DAY, 10, 12),
            ],
            &mut headers,
        );
        assert_eq!(headers.len(), 6);
        assert_eq!(headers["anthropic-ratelimit-tokens-limit"], "600");
        assert_eq!(headers["anthropic-ratelimit-tokens-remaining"], "300");
        assert_eq!(
            headers["anthropic-ratelimit-tokens-reset"],
            "1970-01-01T00:01:32Z"
        );
        assert_eq!(headers["anthropic-ratelimit-input-tokens-remaining"], "0");
    }

    #[test]
    fn the_providers_own_limits_are_not_passed_on() {
        let headers = headers(&[]);
        assert!(headers.is_empty(), "{headers:?}");
    }

    #[test]
    fn the_drafts_fields_name_every_limit_that_is_no_dry_run_and_show_debt_as_zero() {
        let mut soft = view("soft", Unit::Tokens, DAY, 100, 150);
        soft.enforcement = Enforcement::Soft;
        let mut shadow = view("shadow", Unit::Tokens, DAY, 100, 50);
        shadow.enforcement = Enforcement::Shadow;
        let mut gauge = view("at-once", Unit::Concurrent, Window::Gauge, 8, 0);
        gauge.balance.held = 3;
        gauge.balance.resets_in = None;
        let headers = headers(&[
            view("rpm", Unit::Requests, MINUTE, 60, 30),
            soft,
            shadow,
            gauge,
        ]);
        assert_eq!(
            headers["ratelimit-policy"],
            r#""rpm";q=60;w=60;qu="requests", "soft";q=100;w=86400;qu="tokens", "at-once";q=8;qu="concurrent-requests""#
        );
        assert_eq!(
            headers["ratelimit"],
            r#""rpm";r=30;t=91, "soft";r=0;t=91, "at-once";r=5"#
        );
    }

    #[test]
    fn durations_are_written_as_go_writes_them_and_rounded_up() {
        let cases = [
            (0, "0ms"),
            (1, "1ms"),
            (12_000, "12ms"),
            (999_001, "1s"),
            (1_000_001, "2s"),
            (360_000_000, "6m0s"),
            (3_661_000_000, "1h1m1s"),
        ];
        for (micros, text) in cases {
            assert_eq!(go_duration(micros), text, "{micros}");
        }
    }
}
