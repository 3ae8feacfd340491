use super::*;

use crate::usage::ServiceTier;
use crate::watch::Basis;

const RESERVED: Estimate = Estimate {
    input_tokens: 10,
    output_tokens: 100,
};
/// A document that came whole.
const WHOLE: Ending = Ending {
    by_status: ByStatus::Answer,
    complete: true,
    is_stream: false,
    unseen: false,
    may_reason: false,
};
const STREAM: Ending = Ending {
    is_stream: true,
    ..WHOLE
};
const CUT: Ending = Ending {
    complete: false,
    ..STREAM
};

/// An answer of a known shape that told this of its usage.
fn seen(usage: Option<Usage>) -> Tally {
    Tally {
        usage,
        understood: true,
        ..Tally::default()
    }
}

fn told(input: u64, output: u64) -> Tally {
    seen(Some(Usage::new(input, output)))
}

fn told_at_last(input: u64, output: u64) -> Tally {
    Tally {
        is_final: true,
        ..told(input, output)
    }
}

/// Of an answer of which seven tokens were delivered.
fn outcome(ending: Ending, seen: &Tally) -> Outcome {
    ending.outcome(seen, RESERVED, || 7)
}

fn reported(input: u64, output: u64) -> Outcome {
    Outcome::Reported(Usage::new(input, output))
}

fn counted(input: u64, output: u64) -> Outcome {
    Outcome::Counted(Usage::new(input, output))
}

#[test]
fn p6_missing_usage_is_not_zero_usage() {
    assert_eq!(outcome(WHOLE, &seen(None)), counted(10, 7));
}

#[test]
fn p6_an_explicit_zero_is_zero() {
    assert_eq!(outcome(WHOLE, &told_at_last(0, 0)), reported(0, 0));
}

#[test]
fn a_cut_stream_with_final_usage_books_it() {
    assert_eq!(outcome(CUT, &told_at_last(9, 3)), reported(9, 3));
}

#[test]
fn a_cut_stream_books_the_larger_of_what_was_seen_and_what_was_delivered() {
    assert_eq!(outcome(CUT, &seen(None)), counted(10, 7));
    assert_eq!(outcome(CUT, &told(9, 3)), counted(9, 7));
    assert_eq!(outcome(CUT, &told(9, 8)), counted(9, 8));
}

#[test]
fn an_error_in_a_stream_is_a_cut() {
    let error = Tally {
        error: true,
        ..told(9, 1)
    };
    assert_eq!(outcome(STREAM, &error), counted(9, 7));
}

#[test]
fn a_first_figure_alone_is_no_bill_even_of_a_stream_that_seems_whole() {
    let first = Tally {
        provisional: true,
        ..told(9, 1)
    };
    assert_eq!(outcome(STREAM, &first), counted(9, 7));
    assert_eq!(outcome(STREAM, &told(9, 1)), reported(9, 1));
}

#[test]
fn events_that_were_not_looked_into_may_have_said_more_unless_the_usage_was_final() {
    let unseen = Ending {
        unseen: true,
        ..STREAM
    };
    assert_eq!(outcome(unseen, &told(9, 1)), counted(9, 7));
    assert_eq!(outcome(unseen, &told_at_last(9, 1)), reported(9, 1));
}

#[test]
fn a_document_that_was_not_looked_into_everywhere_has_one_usage() {
    let unseen = Ending {
        unseen: true,
        ..WHOLE
    };
    assert_eq!(outcome(unseen, &told(9, 1)), reported(9, 1));
    assert_eq!(outcome(unseen, &seen(None)), Outcome::Unreconciled);
}

#[test]
fn hidden_reasoning_and_unknown_shapes_book_the_whole_reservation() {
    let reasoning = Ending {
        may_reason: true,
        ..WHOLE
    };
    let unread = Ending {
        unseen: true,
        ..STREAM
    };
    assert_eq!(outcome(reasoning, &seen(None)), Outcome::Unreconciled);
    assert_eq!(outcome(WHOLE, &Tally::default()), Outcome::Unreconciled);
    assert_eq!(outcome(unread, &seen(None)), Outcome::Unreconciled);
}

#[test]
fn p5_what_was_delivered_beyond_the_reservation_is_booked_even_where_more_may_have_run() {
    let reasoning = Ending {
        may_reason: true,
        ..CUT
    };
    let outcome = reasoning.outcome(&seen(None), RESERVED, || 3_000);
    assert_eq!(outcome, Outcome::AtLeast(Usage::new(10, 3_000)));
    assert_eq!(outcome.basis(), Basis::Unreconciled);
    let outcome = reasoning.outcome(&told(40, 2), RESERVED, || 7);
    assert_eq!(outcome, Outcome::AtLeast(Usage::new(40, 100)));
}

#[test]
fn an_answer_that_is_still_being_made_books_the_whole_reservation() {
    for usage in [None, Some(Usage::new(0, 0)), Some(Usage::new(9, 1))] {
        let pending = Tally {
            pending: true,
            is_final: true,
            ..seen(usage)
        };
        assert_eq!(outcome(WHOLE, &pending), Outcome::Unreconciled);
    }
}

#[test]
fn the_tier_that_stands_elsewhere_in_the_answer_is_the_usages_own_unless_that_names_one() {
    let flex = Some(ServiceTier::Flex);
    let priority = Some(ServiceTier::Priority);
    let tier = |ending, named| {
        let usage = Usage {
            service_tier: named,
            ..Usage::new(40, 2)
        };
        let tally = Tally {
            service_tier: flex,
            ..seen(Some(usage))
        };
        outcome(ending, &tally).usage(RESERVED).service_tier
    };
    let at_least = Ending {
        may_reason: true,
        ..CUT
    };
    for ending in [WHOLE, CUT, at_least] {
        assert_eq!(tier(ending, None), flex, "{ending:?}");
        assert_eq!(tier(ending, priority), priority, "{ending:?}");
    }
}

#[test]
fn an_answer_whose_status_is_no_success_never_books_what_it_says() {
    let of = |by_status, error| {
        let tally = Tally {
            error,
            ..told_at_last(9, 3)
        };
        let ending = Ending { by_status, ..WHOLE };
        outcome(ending, &tally)
    };
    for error in [true, false] {
        assert_eq!(of(ByStatus::Nothing, error), Outcome::NothingRan);
        assert_eq!(of(ByStatus::Unknown, error), Outcome::Unreconciled);
    }
    assert_eq!(of(ByStatus::NothingIfError, true), Outcome::NothingRan);
    assert_eq!(of(ByStatus::NothingIfError, false), Outcome::Unreconciled);
}
