//! From what the store refused to what the caller is told. Pure.

use std::fmt::Write as _;
use std::time::Duration;

use crate::clock::Moment;
use crate::policy::Unit;
use crate::reject::{RefusedLimit, Rejection, RejectionKind, rfc3339_text, seconds_text};
use crate::store::Reason;

/// The rejection that tells of all these refusals, grouped by candidate.
///
/// A candidate is as good as its most lasting refusal, and waits for the longest of that kind. What the caller is told is the
/// best candidate's: if waiting seven seconds lets a cheaper model answer, then that is what he should do.
pub(super) fn rejection(candidates: &[Vec<RefusedLimit>], now: Moment) -> Rejection {
    let verdicts = candidates.iter().filter_map(|refused| Verdict::of(refused));
    let best = verdicts.max_by_key(|verdict| (verdict.reason, std::cmp::Reverse(verdict.wait)));
    let (reason, wait) = best.map_or((Reason::NeverFits, None), |best| (best.reason, best.wait));
    let all: Vec<RefusedLimit> = candidates.iter().flatten().cloned().collect();
    let resets_at = (reason == Reason::Quota).then_some(wait).flatten();
    let resets_at = resets_at.map(|wait| {
        now.wall
            .saturating_add_unsigned(crate::clock::saturating_micros(wait))
    });
    let mut rejection = Rejection::new(kind(reason), message(reason, &all, wait, resets_at));
    rejection.limits = all;
    rejection.retry_after = match reason {
        Reason::Rate => wait,
        Reason::Concurrent => Some(Duration::from_secs(1)),
        Reason::Quota | Reason::NeverFits => None,
    };
    rejection.resets_at = resets_at;
    rejection
}

/// One candidate's fate.
struct Verdict {
    reason: Reason,
    wait: Option<Duration>,
}

impl Verdict {
    fn of(refused: &[RefusedLimit]) -> Option<Self> {
        let reason = refused.iter().map(|limit| limit.reason).min()?;
        let of_that_kind = refused.iter().filter(|limit| limit.reason == reason);
        let wait = of_that_kind.map(|limit| limit.wait).max().flatten();
        Some(Self { reason, wait })
    }
}

fn kind(reason: Reason) -> RejectionKind {
    match reason {
        Reason::NeverFits => RejectionKind::NeverFits,
        Reason::Quota => RejectionKind::QuotaSpent,
        Reason::Rate => RejectionKind::RateLimited,
        Reason::Concurrent => RejectionKind::TooManyConcurrent,
    }
}

fn message(
    reason: Reason,
    refused: &[RefusedLimit],
    wait: Option<Duration>,
    resets_at: Option<i64>,
) -> String {
    let mut message = String::from(match reason {
        Reason::NeverFits => "This call can never fit: it is larger than a limit allows.",
        Reason::Quota => "You exceeded your current quota.",
        Reason::Rate => "Rate limit reached.",
        Reason::Concurrent => "Too many calls are under way.",
    });
    for limit in refused {
        describe(&mut message, limit);
    }
    // Writing to a string cannot fail.
    let _ = match (reason, wait, resets_at) {
        (Reason::Rate, Some(wait), _) => {
            write!(message, " Please try again in {}.", seconds_text(wait))
        }
        (Reason::Quota, _, Some(at)) => {
            write!(message, " The quota begins anew at {}.", rfc3339_text(at))
        }
        (Reason::NeverFits, ..) => write!(
            message,
            " Waiting will not help; a shorter prompt or a lower output cap may."
        ),
        _ => Ok(()),
    };
    message
}

fn describe(message: &mut String, limit: &RefusedLimit) {
    let unit = match limit.unit {
        Unit::Requests => "requests",
        Unit::InputTokens => "input tokens",
        Unit::OutputTokens => "output tokens",
        Unit::Tokens => "tokens",
        Unit::Concurrent => "calls at once",
    };
    let balance = limit.balance;
    let _ = write!(
        message,
        " Limit {} on {}: {} {unit} allowed, {} used, {} held, {} asked.",
        limit.id, limit.model, balance.amount, balance.used, balance.held, limit.asked
    );
}
