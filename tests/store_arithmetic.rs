//! The arithmetic of counters, against models in exact numbers.
#![allow(missing_docs)]

use proptest::prelude::*;
use tower_token_quota::clock::Moment;
use tower_token_quota::store::arithmetic::{Bucket, Leak, State, Verdict};
use tower_token_quota::store::{Adjustment, Reason, Rule};

mod store_support;
use store_support::*;

mod p9_a_bucket_leaks_exactly {
    use super::*;

    proptest! {
        /// The model keeps what is in the bucket as a fraction over `every`, and nothing else.
        #[test]
        fn however_often_it_is_looked_at(
            refill in 0_u64..1_000,
            every in 1_u64..1_000_000,
            steps in prop::collection::vec((0_u64..3_000_000, 0_u64..500), 1..60),
        ) {
            let leak = Leak::new(refill, every);
            let mut bucket = Bucket::fresh(0);
            let (mut now, mut parts) = (0, 0_u128);
            for (wait, amount) in steps {
                now += wait;
                bucket.leak(leak, now);
                parts = parts.saturating_sub(u128::from(wait) * u128::from(refill));
                prop_assert_eq!(u128::from(bucket.level()), parts.div_ceil(u128::from(every)));
                bucket.add(amount);
                parts += u128::from(amount) * u128::from(every);
            }
        }

        #[test]
        fn and_fits_after_the_wait_and_not_before(
            refill in 1_u64..1_000,
            every in 1_u64..1_000_000,
            level in 0_u64..10_000,
            amount in 0_u64..100,
            before in 0_u64..1_000_000,
        ) {
            let rule = Rule::Bucket { capacity: 100, refill, every };
            let mut state = State::fresh(rule, Moment::default());
            state.adjust(rule, Adjustment::Debit(level), Moment::default());
            let charge = hard("tokens", rule, amount);
            let now = |steady| Moment { wall: 0, steady };
            if let Verdict::Refused { reason, wait } = state.reserve(&charge, now(before)) {
                let wait = wait.expect("it leaks");
                prop_assert_eq!(reason, Reason::Rate);
                prop_assert!(wait > 0);
                let early = state.reserve(&charge, now(before + wait - 1));
                prop_assert!(!matches!(early, Verdict::Applied(_)));
                let due = state.reserve(&charge, now(before + wait));
                prop_assert!(matches!(due, Verdict::Applied(_)));
            }
        }

        #[test]
        fn and_is_dry_when_it_says(
            refill in 1_u64..1_000,
            every in 1_u64..1_000_000,
            level in 1_u64..10_000,
        ) {
            let rule = Rule::Bucket { capacity: 100, refill, every };
            let mut state = State::fresh(rule, Moment::default());
            state.adjust(rule, Adjustment::Debit(level), Moment::default());
            let dry = state.balance(rule, Moment::default()).resets_in.expect("it leaks");
            let at = |steady| state.balance(rule, Moment { wall: 0, steady }).used;
            // What leaks in one microsecond, and no more, is there one microsecond before.
            prop_assert!((1..=refill.div_ceil(every)).contains(&at(dry - 1)));
            prop_assert_eq!(at(dry), 0);
        }
    }
}

/// An oracle charges each call's true amount when it is reserved; our bucket charges the estimate and corrects it.
///
/// Claim: with `debt` the sum of `actual - estimate` over the open calls that will use more than their estimate,
/// `level + debt + 1 >= oracle` at all times. So what we admit, the oracle with one unit more would have admitted.
///
/// Why: think of the bucket as a queue. A charge takes the places from `mark - estimate` to `mark`; what drains,
/// drains from place `drained` on; so the open calls' unleaked parts are disjoint and lie between `drained` and
/// `drained + level`: their sum is at most `level`. Let `due` be the sum over the open calls of `min(estimate - actual,
/// unleaked)`, which bounds what will yet be refunded. Then `level - oracle >= due - debt - 1` is kept by
/// - a reserve: the difference grows by `estimate - actual`, which is what `due - debt` grows by at most;
/// - a refund: both sides fall by it, the right one at least by it; a debt settled: both sides rise by it;
/// - a leak while the oracle has something in it: the difference stays (or grows, when only ours is dry) and `due` does
///   not grow;
/// - a leak when the oracle is dry: `level >= due` by the sum above. The unit by which the claim is weaker is the one
///   that is just leaking: it counts as unleaked until it has left.
mod oracle {
    use super::*;

    struct Call {
        mark: u64,
        estimate: u64,
        actual: u64,
    }

    #[derive(Debug, Clone)]
    enum Step {
        Wait(u64),
        Reserve { estimate: u64, actual: u64 },
        Settle(prop::sample::Index),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0_u64..40).prop_map(Step::Wait),
            (0_u64..60, 0_u64..80)
                .prop_map(|(estimate, actual)| Step::Reserve { estimate, actual }),
            (0_u64..60).prop_map(|estimate| Step::Reserve {
                estimate,
                actual: 0
            }),
            any::<prop::sample::Index>().prop_map(Step::Settle),
        ];
        prop::collection::vec(step, 1..120)
    }

    /// Runs the steps on both, and after each demands the claim with this much slack.
    fn compare(leak: Leak, steps: Vec<Step>, slack: u64) -> Result<(), TestCaseError> {
        const CAPACITY: u64 = 100;
        let (mut ours, mut oracle) = (Bucket::fresh(0), Bucket::fresh(0));
        let mut open: Vec<Call> = Vec::new();
        let mut now = 0;
        for step in steps {
            let debt = |open: &[Call]| -> u64 {
                let over = |call: &Call| call.actual.saturating_sub(call.estimate);
                open.iter().map(over).sum()
            };
            match step {
                Step::Wait(time) => now += time,
                Step::Reserve { estimate, actual } if ours.fits(estimate, CAPACITY) => {
                    if actual <= estimate && debt(&open) == 0 {
                        prop_assert!(oracle.fits(actual, CAPACITY + slack));
                    }
                    let mark = ours.add(estimate);
                    oracle.add(actual);
                    open.push(Call {
                        mark,
                        estimate,
                        actual,
                    });
                }
                Step::Settle(which) if !open.is_empty() => {
                    let call = open.remove(which.index(open.len()));
                    ours.settle(call.mark, call.estimate, call.actual);
                }
                Step::Reserve { .. } | Step::Settle(_) => {}
            }
            ours.leak(leak, now);
            oracle.leak(leak, now);
            prop_assert!(ours.level() + debt(&open) + slack >= oracle.level());
        }
        for call in open {
            ours.settle(call.mark, call.estimate, call.actual);
        }
        prop_assert!(ours.level() + slack >= oracle.level());
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn p1_a_bucket_is_never_emptier_than_the_truth_by_more_than_the_unit_that_leaks(
            refill in 1_u64..50, every in 1_u64..50, steps in steps(),
        ) {
            compare(Leak::new(refill, every), steps, 1)?;
        }

        #[test]
        fn p1_a_bucket_is_never_emptier_than_the_truth_at_whole_units(
            refill in 1_u64..5, every in 1_u64..50, steps in steps(),
        ) {
            // Each wait is a whole number of `every`, so no unit is ever half leaked.
            let steps = steps.into_iter().map(|step| match step {
                Step::Wait(time) => Step::Wait(time * every),
                other => other,
            });
            compare(Leak::new(refill, every), steps.collect(), 0)?;
        }
    }

    /// Six calls of the whole capacity wait for a leak's time each and then settle at zero. Returns how much of the
    /// capacity can be had at once then, in whole capacities.
    fn parked_calls(settle: impl Fn(&mut Bucket, u64)) -> usize {
        const CAPACITY: u64 = 100;
        let leak = Leak::new(CAPACITY, 60);
        let mut bucket = Bucket::fresh(0);
        let mut marks = Vec::new();
        for call in 0..6 {
            bucket.leak(leak, call * 60);
            assert!(bucket.fits(CAPACITY, CAPACITY));
            marks.push(bucket.add(CAPACITY));
        }
        let mut let_through = 0;
        for mark in marks {
            settle(&mut bucket, mark);
            while bucket.fits(CAPACITY, CAPACITY) {
                bucket.add(CAPACITY);
                let_through += 1;
            }
        }
        let_through
    }

    #[test]
    fn p1_parked_calls_settled_at_zero_let_one_capacity_through() {
        let ours = |bucket: &mut Bucket, mark| bucket.settle(mark, 100, 0);
        assert_eq!(parked_calls(ours), 1);
    }

    #[test]
    fn the_obvious_refund_would_let_six_times_the_capacity_through() {
        let obvious = |bucket: &mut Bucket, _| bucket.drain(100);
        assert_eq!(parked_calls(obvious), 6);
    }
}

mod p5_debt_is_booked {
    use super::*;

    #[test]
    fn usage_above_the_estimate_is_added_in_full() {
        for rule in [budget(100), bucket(100, 1)] {
            let mut state = State::fresh(rule, at(0));
            let Verdict::Applied(held) = state.reserve(&hard("k", rule, 10), at(0)) else {
                panic!("it fits");
            };
            state.settle(&held, 250, at(0));
            assert_eq!(state.balance(rule, at(0)).used, 250);
            assert_eq!(state.balance(rule, at(0)).remaining(), 0);
            let even_nothing = state.reserve(&hard("k", rule, 0), at(0));
            assert!(matches!(even_nothing, Verdict::Refused { .. }));
        }
    }

    #[test]
    fn whatever_a_provider_reports_nothing_overflows() {
        for rule in [budget(100), bucket(100, u64::MAX), gauge(1)] {
            let mut state = State::fresh(rule, at(0));
            for _ in 0..3 {
                let Verdict::Applied(held) = state.reserve(&soft("k", rule, u64::MAX), at(0))
                else {
                    panic!("soft");
                };
                state.settle(&held, u64::MAX, at(0));
                state.book(rule, 0, u64::MAX, at(0));
                state.adjust(rule, Adjustment::Debit(u64::MAX), at(0));
                let refused = state.reserve(&hard("k", rule, 1), at(0));
                assert!(matches!(refused, Verdict::Refused { .. }), "{state:?}");
            }
            let _ = state.balance(
                rule,
                Moment {
                    wall: i64::MIN,
                    steady: u64::MAX,
                },
            );
        }
    }
}

mod p10_changed_amount_keeps_usage {
    use super::*;

    #[test]
    fn of_every_kind() {
        for (before, after) in [
            (budget(100), budget(50)),
            (bucket(100, 1), bucket(50, 2)),
            (gauge(100), gauge(50)),
        ] {
            let mut state = State::fresh(before, at(0));
            assert!(matches!(
                state.reserve(&hard("k", before, 45), at(0)),
                Verdict::Applied(_)
            ));
            let more = state.reserve(&hard("k", after, 10), at(0));
            assert!(matches!(more, Verdict::Refused { .. }), "{after:?}");
            assert!(matches!(
                state.reserve(&hard("k", before, 10), at(0)),
                Verdict::Applied(_)
            ));
        }
    }

    #[test]
    fn and_a_slower_leak_does_not_turn_a_carried_part_into_many_units() {
        let daily = Rule::Bucket {
            capacity: 10,
            refill: 1,
            every: DAY,
        };
        let quick = Rule::Bucket {
            capacity: 10,
            refill: 1,
            every: SECOND,
        };
        let mut state = State::fresh(daily, at(0));
        state.adjust(daily, Adjustment::Debit(10), at(0));
        state.adjust(daily, Adjustment::Debit(0), at(86_399));
        assert_eq!(state.balance(quick, at(86_399)).used, 10);
        assert_eq!(
            state.balance(quick, at(86_400)).used,
            9,
            "less than a unit was carried"
        );
    }
}

mod reasons {
    use super::*;

    fn refusal(rule: Rule, used: u64, amount: u64) -> (Reason, Option<u64>) {
        let mut state = State::fresh(rule, at(0));
        state.adjust(rule, Adjustment::Debit(used), at(0));
        match state.reserve(&hard("k", rule, amount), at(0)) {
            Verdict::Refused { reason, wait } => (reason, wait),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_larger_than_the_limit_never_fits() {
        for rule in [budget(100), bucket(100, 1), gauge(100)] {
            assert_eq!(refusal(rule, 0, 101), (Reason::NeverFits, None));
        }
    }

    #[test]
    fn a_budget_waits_for_the_end_of_its_period() {
        let ends_in_a_minute = Rule::Budget {
            cap: 100,
            starts_at: 0,
            ends_at: 60_000_000,
        };
        assert_eq!(
            refusal(ends_in_a_minute, 100, 1),
            (Reason::Quota, Some(60_000_000))
        );
        let ended = Rule::Budget {
            cap: 100,
            starts_at: 0,
            ends_at: -1,
        };
        assert_eq!(refusal(ended, 100, 1), (Reason::Quota, Some(0)));
    }

    #[test]
    fn a_bucket_waits_until_it_fits_unless_it_does_not_leak() {
        assert_eq!(
            refusal(bucket(100, 10), 95, 10),
            (Reason::Rate, Some(500_000))
        );
        assert_eq!(refusal(bucket(100, 0), 95, 10), (Reason::Rate, None));
    }

    #[test]
    fn for_a_gauge_nobody_knows() {
        assert_eq!(refusal(gauge(3), 3, 1), (Reason::Concurrent, None));
    }
}

mod adjustments {
    use super::*;

    #[test]
    fn a_credit_on_a_bucket_is_not_refunded_again() {
        let rule = bucket(100, 1);
        let mut state = State::fresh(rule, at(0));
        let Verdict::Applied(held) = state.reserve(&hard("k", rule, 100), at(0)) else {
            panic!("it fits");
        };
        state.adjust(rule, Adjustment::Reset, at(0));
        state.adjust(rule, Adjustment::Debit(60), at(0));
        state.settle(&held, 0, at(0));
        assert_eq!(state.balance(rule, at(0)).used, 60);
    }

    #[test]
    fn a_reset_leaves_what_is_held() {
        for (rule, held) in [(budget(100), 40), (gauge(100), 40), (bucket(100, 1), 0)] {
            let mut state = State::fresh(rule, at(0));
            assert!(matches!(
                state.reserve(&hard("k", rule, 40), at(0)),
                Verdict::Applied(_)
            ));
            state.adjust(rule, Adjustment::Reset, at(0));
            let balance = state.balance(rule, at(0));
            assert_eq!((balance.used, balance.held), (0, held), "{rule:?}");
        }
    }
}
