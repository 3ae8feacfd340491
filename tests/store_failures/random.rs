//! Random calls and outages: what is admitted is within the amount.

use std::time::Duration;

use proptest::prelude::*;
use tower_token_quota::clock::FakeClock;
use tower_token_quota::{Demand, Limit, Quota, Subject, Tier, Usage};

use crate::instance::instance;
use crate::line::Line;
use crate::support::{self, alice, policy, quota_of};

/// What one instance goes through.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Call { tokens: u64, answers: bool },
    Deliver,
}

/// What the store says of the day.
fn told(quota: &Quota) -> u64 {
    let daily = support::limit(quota, "daily");
    daily.used + daily.held
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        8 => (1..40_u64, any::<bool>()).prop_map(|(tokens, answers)| Turn::Call { tokens, answers }),
        1 => Just(Turn::Deliver),
    ];
    proptest::collection::vec(turn, 0..60)
}

/// What one of several instances does.
#[derive(Debug, Clone, Copy)]
struct Step {
    by: usize,
    tokens: u64,
}

fn steps(instances: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (0..instances, 1..40_u64).prop_map(|(by, tokens)| Step { by, tokens });
    proptest::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(support::cases(200))]

    /// Some calls get an answer and some do not, and settlements come late: what it was told, and what it has admitted since and before that the
    /// answer did not know of, is within the amount.
    #[test]
    fn p1_an_instance_counts_what_the_store_has_told_and_what_it_could_not_know(amount in 1..400_u64, turns in turns()) {
        let it = instance(policy(Tier::new("t").limit(Limit::tokens(amount).per_day().id("daily"))));
        it.line.keep_settlements_back();
        // What it admitted by itself and the store has not booked, and all that it should count.
        let (mut unbooked, mut counted) = (0, 0);
        for turn in turns {
            let Turn::Call { tokens, answers } = turn else {
                it.line.deliver();
                unbooked = 0;
                continue;
            };
            if answers {
                it.line.mend();
            } else {
                it.line.cut();
            }
            it.line.asked();
            let demand = Demand::new("gpt-4o-mini").input_tokens(tokens).output_tokens(0);
            let decided = support::run(it.quota.reserve(&alice(), demand));
            let was_told = answers && it.line.asked() > 0;
            it.line.mend();
            if was_told {
                counted = told(&it.quota) + unbooked;
            }
            let Ok(hold) = decided else { continue };
            if hold.degraded().is_some() {
                unbooked += tokens;
                counted += tokens;
                prop_assert!(counted <= amount, "{counted} of {amount}");
            }
            hold.settle(Usage::new(tokens, 0));
            // A second, after which a store that was left alone is asked again.
            it.clock.advance(Duration::from_millis(300));
        }
    }

    /// The bound that the rule states. What every instance knows may be old: then it may be more, and never more than the amount.
    #[test]
    fn p1_instances_on_their_own_admit_no_more_together_than_was_left(
        amount in 1..400_u64,
        with_store in steps(4),
        without in steps(4),
    ) {
        let line = Line::default();
        let clock = FakeClock::at(support::NOON);
        let tier = || Tier::new("t").limit(Limit::tokens(amount).per_day().id("daily"));
        let fleet: Vec<Quota> = (0..4)
            .map(|_| quota_of(policy(tier()).instances(4), &clock).store(line.clone()))
            .collect();
        let admit = |step: &Step| {
            let demand = Demand::new("gpt-4o-mini").input_tokens(step.tokens);
            let decided = support::run(fleet[step.by].reserve(&Subject::user("alice", "t"), demand.output_tokens(0)));
            decided.map_or(0, |hold| {
                hold.settle(Usage::new(step.tokens, 0));
                step.tokens
            })
        };
        let before: u64 = with_store.iter().map(admit).sum();
        prop_assert!(before <= amount);
        // All of them learn how things stand: a call that cannot pass tells as much as one that does.
        for by in 0..4 {
            admit(&Step { by, tokens: 0 });
        }
        line.cut();
        let alone: u64 = without.iter().map(admit).sum();
        prop_assert!(before + alone <= amount, "{before} and {alone} of {amount}");
    }
}
