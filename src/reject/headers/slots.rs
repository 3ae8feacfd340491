//! The headers that providers have for the limits of an account, filled with the caller's own.

use http::HeaderName;

use super::fields::{Fields, push_number};
use super::{LimitView, draft, time};
use crate::policy::{Enforcement, Unit};

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

    fn describe(
        &'static self,
        limit: &LimitView<'_>,
        fields: &mut Fields,
        reset: impl FnOnce(&mut String),
    ) {
        let (amount, left) = (limit.balance.amount, limit.balance.remaining());
        fields.write(&self.limit, |text| push_number(text, amount));
        fields.write(&self.remaining, |text| push_number(text, left));
        fields.write(&self.reset, reset);
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
pub(crate) fn openai_headers(limits: &[LimitView<'_>], fields: &mut Fields) {
    let tightest = |units: &[Unit]| tightest(limits, units);
    let requests = tightest(&[Unit::Requests]);
    let tokens =
        tightest(&[Unit::Tokens]).or_else(|| tightest(&[Unit::InputTokens, Unit::OutputTokens]));
    for (slot, limit) in OPENAI.iter().zip([requests, tokens]) {
        let Some(limit) = limit else { continue };
        let wait = limit.balance.resets_in.unwrap_or(0);
        slot.describe(limit, fields, |text| {
            time::push_go_duration(text, wait);
        });
    }
}

/// Anthropic's slots: one for each unit that it limits, and a reset says when, not in which time. A slot describes the hard
/// limit with the smallest share left, the longer window on a tie.
pub(crate) fn anthropic_headers(limits: &[LimitView<'_>], fields: &mut Fields) {
    for (unit, slot) in &ANTHROPIC {
        let Some(limit) = tightest(limits, &[*unit]) else {
            continue;
        };
        let wait = i64::try_from(limit.balance.resets_in.unwrap_or(0)).unwrap_or(i64::MAX);
        let at = limit.at.saturating_add(wait);
        slot.describe(limit, fields, |text| {
            time::push_rfc3339(text, at);
        });
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
    let longer = || draft::window_seconds(other) > draft::window_seconds(one);
    if right < left || (right == left && longer()) {
        other
    } else {
        one
    }
}
