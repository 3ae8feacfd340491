use std::time::Duration;

use http::HeaderValue;
use proptest::prelude::*;

use super::*;
use crate::policy::Period;

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
    admitted_headers(&mut headers, None, limits, |_| ());
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
    let mut fields = Fields::default();
    anthropic_headers(
        &[
            view("tpm", Unit::Tokens, MINUTE, 60, 30),
            view("tpd", Unit::Tokens, DAY, 600, 300),
            view("in", Unit::InputTokens, DAY, 10, 12),
        ],
        &mut fields,
    );
    let mut headers = HeaderMap::new();
    fields.insert_into(&mut headers);
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

/// A provider's headers: some describe our account, and of these some have the names of ours.
const SENT: [&str; 12] = [
    "content-type",
    "x-ratelimit-limit-requests",
    "x-ratelimit-reset-tokens",
    "x-ratelimit-limit-project-tokens",
    "x-rate-limit-left",
    "x-request-id",
    "anthropic-ratelimit-requests-limit",
    "anthropic-priority-output-tokens-limit",
    "ratelimit",
    "set-cookie",
    "x-quota-by-the-provider",
    "x-ratio",
];

proptest! {
    #[test]
    fn an_answers_head_is_the_providers_without_its_limits_and_ours_behind_it(
        sent in prop::collection::vec(prop::sample::select(&SENT[..]), 0..16),
    ) {
        let limits = [view("rpm", Unit::Requests, MINUTE, 60, 30)];
        let mut ours = HeaderMap::new();
        admitted_headers(&mut ours, None, &limits, |_| ());
        let mut headers = HeaderMap::new();
        for name in sent {
            // As one that was read, the name is the map's own.
            let name = HeaderName::try_from(name).expect("a name");
            headers.append(name, HeaderValue::from(headers.len()));
        }
        let mut naive = headers.clone();
        for name in headers.keys() {
            if PROVIDERS.iter().any(|prefix| name.as_str().starts_with(prefix)) {
                naive.remove(name);
            }
        }
        naive.extend(ours);
        admitted_headers(&mut headers, None, &limits, |_| ());
        prop_assert!(headers.iter().eq(naive.iter()), "{headers:?} {naive:?}");
    }
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
