//! From what the store refused to what the caller is told. Pure.

use std::fmt::Write as _;
use std::time::Duration;

use crate::api::Opaque;
use crate::clock::Moment;
use crate::money::Usd;
use crate::policy::Unit;
use crate::reject::{RefusedLimit, Rejection, RejectionKind, rfc3339_text, seconds_text};
use crate::store::{Balance, Reason};

/// What there is to change about a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Why more input was reserved than can be seen, where it was.
    pub(super) unseen: Option<Opaque>,
    /// Its answer has a bound that the caller may lower.
    pub(super) has_cap: bool,
}

/// The rejection that tells of all these refusals, grouped by candidate.
///
/// A candidate is as good as its most lasting refusal, and waits for the longest of that kind. What the caller is told is the
/// best candidate's: if waiting seven seconds lets a cheaper model answer, then that is what he should do.
pub(super) fn rejection(candidates: &[Vec<RefusedLimit>], asked: Asked, now: Moment) -> Rejection {
    let verdicts = candidates.iter().filter_map(|refused| Verdict::of(refused));
    let best = verdicts.max_by_key(|verdict| (verdict.reason, std::cmp::Reverse(verdict.wait)));
    let (reason, wait) = best.map_or((Reason::NeverFits, None), |best| (best.reason, best.wait));
    let all: Vec<RefusedLimit> = candidates.iter().flatten().cloned().collect();
    let is_long = wait.is_some_and(|wait| wait > LONGEST_RETRY_AFTER);
    let is_told_when = reason == Reason::Quota || (reason == Reason::Rate && is_long);
    let resets_at = wait.filter(|_| is_told_when);
    let resets_at = resets_at.map(|wait| {
        now.wall
            .saturating_add_unsigned(crate::clock::saturating_micros(wait))
    });
    let mut rejection = Rejection::new(kind(reason), message(reason, &all, wait, resets_at));
    if reason == Reason::NeverFits {
        rejection.message += &remedy(candidates, asked);
    }
    rejection.limits = all;
    rejection.retry_after = match reason {
        Reason::Rate => wait.filter(|_| !is_long),
        Reason::Concurrent => Some(Duration::from_secs(1)),
        Reason::Quota | Reason::NeverFits => None,
    };
    rejection.resets_at = resets_at;
    rejection
}

/// Nobody is told to wait longer than this before he tries again: only when it will be.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

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
        _ => Ok(()),
    };
    message
}

/// What may help where waiting does not: whatever makes one candidate smaller for all limits that it never fits.
fn remedy(candidates: &[Vec<RefusedLimit>], asked: Asked) -> String {
    let shorter = |limit: &RefusedLimit| limit.unit.counts_input();
    // What is too large without its answer is so with a shorter one.
    let lower =
        |limit: &RefusedLimit| asked.has_cap && limit.unit.counts_output() && !limit.at_least;
    let helps = |with: &dyn Fn(&RefusedLimit) -> bool| {
        let never = |limit: &&RefusedLimit| limit.reason == Reason::NeverFits;
        let mut tried = candidates.iter().filter(|refused| !refused.is_empty());
        tried.any(|refused| refused.iter().filter(never).all(with))
    };
    let together = helps(&|limit| shorter(limit) || lower(limit));
    let may = match (helps(&shorter), helps(&lower)) {
        (true, true) => "; a shorter prompt or a lower output cap may",
        (true, false) => "; a shorter prompt may",
        (false, true) => "; a lower output cap may",
        (false, false) if together => "; a shorter prompt and a lower output cap may",
        (false, false) => "",
    };
    let mut limits = candidates.iter().flatten();
    let unseen = asked.unseen.filter(|_| limits.any(shorter));
    let room = unseen.map(Opaque::in_words).map(|reason| {
        format!(" Room is reserved for what cannot be seen of the input ({reason}).")
    });
    format!(" Waiting will not help{may}.{}", room.unwrap_or_default())
}

fn describe(message: &mut String, limit: &RefusedLimit) {
    let unit = match limit.unit {
        Unit::Requests => " requests",
        Unit::InputTokens => " input tokens",
        Unit::OutputTokens => " output tokens",
        Unit::Tokens => " tokens",
        Unit::Usd => "",
        Unit::Concurrent => " calls at once",
    };
    let figure = |amount: u64| match limit.unit {
        Unit::Usd => Usd::from_nanos(amount).to_string(),
        _ => amount.to_string(),
    };
    let Balance {
        amount, used, held, ..
    } = limit.balance;
    let [amount, used, held, asked] = [amount, used, held, limit.asked].map(figure);
    let at_least = if limit.at_least { "at least " } else { "" };
    let _ = write!(
        message,
        " Limit {} on {}: {amount}{unit} allowed, {used} used, {held} held, {at_least}{asked} asked.",
        limit.id, limit.model
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment {
        wall: 1_000_000_000_000,
        steady: 0,
    };
    const ASKED: Asked = Asked {
        unseen: None,
        has_cap: true,
    };

    fn refused(id: &str, reason: Reason, wait: Option<u64>) -> RefusedLimit {
        RefusedLimit {
            id: id.into(),
            unit: Unit::Tokens,
            model: "gpt-4o".into(),
            asked: 700,
            at_least: false,
            reason,
            balance: Balance {
                used: 500,
                held: 100,
                amount: 1000,
                ..Balance::default()
            },
            wait: wait.map(Duration::from_secs),
        }
    }

    fn verdict(candidates: &[&[RefusedLimit]]) -> Rejection {
        let candidates: Vec<_> = candidates.iter().map(|refused| refused.to_vec()).collect();
        rejection(&candidates, ASKED, NOW)
    }

    #[test]
    fn of_several_refusals_the_most_lasting_kind_is_told_with_the_longest_wait_of_it() {
        let rate = |wait| refused("tpm", Reason::Rate, Some(wait));
        let gauge = refused("at-once", Reason::Concurrent, None);
        let quota = refused("daily", Reason::Quota, Some(60));
        let never = refused("small", Reason::NeverFits, None);

        let told = verdict(&[&[rate(3), gauge.clone(), rate(8)]]);
        assert_eq!(
            (told.kind, told.retry_after),
            (RejectionKind::RateLimited, Some(Duration::from_secs(8)))
        );
        let told = verdict(&[&[rate(3), quota.clone()]]);
        assert_eq!(
            (told.kind, told.retry_after),
            (RejectionKind::QuotaSpent, None)
        );
        assert_eq!(told.resets_at, Some(NOW.wall + 60_000_000));
        let told = verdict(&[&[rate(3), quota, never]]);
        assert_eq!(
            (told.kind, told.resets_at),
            (RejectionKind::NeverFits, None)
        );
        assert_eq!(told.limits.len(), 3);
        let told = verdict(&[&[gauge]]);
        assert_eq!(
            (told.kind, told.retry_after),
            (
                RejectionKind::TooManyConcurrent,
                Some(Duration::from_secs(1))
            )
        );
    }

    #[test]
    fn a_bucket_with_a_debt_of_hours_tells_when_and_not_to_wait() {
        let told = verdict(&[&[refused("tpm", Reason::Rate, Some(3_601))]]);
        assert_eq!(
            (told.kind, told.retry_after),
            (RejectionKind::RateLimited, None)
        );
        assert_eq!(told.resets_at, Some(NOW.wall + 3_601_000_000));
        let told = verdict(&[&[refused("tpm", Reason::Rate, Some(3_600))]]);
        assert_eq!(told.retry_after, Some(Duration::from_secs(3_600)));
    }

    #[test]
    fn of_several_candidates_the_one_that_can_be_had_soonest_is_told() {
        let spent = [refused("daily", Reason::Quota, Some(3600))];
        let slow = refused("tpm", Reason::Rate, Some(9));
        let quick = refused("mini-tpm", Reason::Rate, Some(2));
        let told = verdict(&[&spent, &[slow], &[quick]]);
        assert_eq!(
            (told.kind, told.retry_after),
            (RejectionKind::RateLimited, Some(Duration::from_secs(2)))
        );
        assert_eq!(told.limit_ids().len(), 3);
        let told = verdict(&[&spent, &[refused("small", Reason::NeverFits, None)]]);
        assert_eq!(told.kind, RejectionKind::QuotaSpent);
    }

    #[test]
    fn a_message_names_limit_amount_usage_demand_and_reset() {
        let told = verdict(&[&[refused("pro-daily", Reason::Quota, Some(60))]]);
        assert_eq!(
            told.message,
            "You exceeded your current quota. Limit pro-daily on gpt-4o: 1000 tokens allowed, 500 used, 100 held, 700 asked. \
             The quota begins anew at 1970-01-12T13:47:40Z."
        );
    }

    #[test]
    fn what_can_never_fit_is_told_only_what_makes_it_smaller() {
        let advice = |candidates: &[&[Unit]], unseen| {
            let limit = |&unit: &Unit| RefusedLimit {
                unit,
                ..refused("small", Reason::NeverFits, None)
            };
            let refused = |units: &&[Unit]| units.iter().map(limit).collect();
            let candidates: Vec<Vec<_>> = candidates.iter().map(refused).collect();
            let told = rejection(&candidates, Asked { unseen, ..ASKED }, NOW).message;
            told.split_once(" Waiting will not help")
                .expect("it")
                .1
                .to_owned()
        };
        let (input, output) = ([Unit::InputTokens], [Unit::OutputTokens]);
        let either = "; a shorter prompt or a lower output cap may.";
        let unseen = Some(Opaque::File);
        let room = " Room is reserved for what cannot be seen of the input (a file is elsewhere, or its bytes do not tell what it costs).";
        for unit in [Unit::Tokens, Unit::Usd] {
            assert_eq!(advice(&[&[unit]], None), either);
            assert_eq!(advice(&[&[unit]], unseen), either.to_owned() + room);
            assert_eq!(
                advice(&[&[unit, Unit::InputTokens]], None),
                "; a shorter prompt may."
            );
        }
        assert_eq!(advice(&[&input], None), "; a shorter prompt may.");
        let shorter = "; a shorter prompt may.";
        assert_eq!(advice(&[&input], unseen), shorter.to_owned() + room);
        for unseen in [None, unseen] {
            assert_eq!(advice(&[&output], unseen), "; a lower output cap may.");
        }
        assert_eq!(advice(&[&[Unit::Requests, Unit::Tokens]], None), ".");
        assert_eq!(advice(&[&input, &[]], None), shorter, "one was not tried");
        assert_eq!(
            advice(&[&input, &output], None),
            either,
            "of either candidate"
        );
        let of_both = [Unit::InputTokens, Unit::OutputTokens];
        let both = "; a shorter prompt and a lower output cap may.";
        assert_eq!(advice(&[&of_both], None), both);
        assert_eq!(advice(&[&of_both], unseen), both.to_owned() + room);
    }

    #[test]
    fn a_lower_cap_is_no_advice_where_there_is_none_to_lower_or_the_input_alone_is_too_large() {
        let never = refused("small", Reason::NeverFits, None);
        let told = |asked, limit: RefusedLimit| rejection(&[vec![limit]], asked, NOW).message;
        let has_no_cap = Asked {
            has_cap: false,
            ..ASKED
        };
        let counted = RefusedLimit {
            at_least: true,
            ..never.clone()
        };
        for told in [told(has_no_cap, never), told(ASKED, counted)] {
            assert!(
                told.ends_with("will not help; a shorter prompt may."),
                "{told}"
            );
        }
    }
}
