//! An instance whose store is at the end of a line, and calls on it.

use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::{OnStoreFailure, PolicyBuilder};
use tower_token_quota::{Demand, Hold, Limit, Quota, RejectionKind, Tier, Usage};

use crate::line::Line;
use crate::support::watch::Events;
use crate::support::{self, alice, quota_of};

/// An instance whose store is at the end of a line.
pub(crate) struct Instance {
    pub(crate) quota: Quota,
    pub(crate) line: Line,
    pub(crate) clock: FakeClock,
    pub(crate) events: Events,
}

pub(crate) fn instance(policy: PolicyBuilder) -> Instance {
    let (clock, events) = (FakeClock::at(support::NOON), Events::default());
    let line = Line {
        clock: clock.clone(),
        ..Line::default()
    };
    let quota = quota_of(policy, &clock)
        .store(line.clone())
        .observer(events.clone());
    Instance {
        quota,
        line,
        clock,
        events,
    }
}

/// One limit of requests a day, by this rule.
pub(crate) fn daily(amount: u64, rule: OnStoreFailure) -> Tier {
    let limit = Limit::requests(amount).per_day().id("daily");
    Tier::new("t").limit(limit.on_store_failure(rule))
}

pub(crate) async fn ask(quota: &Quota) -> Result<Hold, RejectionKind> {
    let demand = Demand::new("gpt-4o-mini").input_tokens(1).output_tokens(1);
    let decided = quota.reserve(&alice(), demand).await;
    decided.map_err(|rejection| rejection.kind)
}

/// How many calls pass until one does not, and why that one does not.
pub(crate) async fn passing(quota: &Quota) -> (usize, RejectionKind) {
    for passed in 0..1_000 {
        match ask(quota).await {
            Ok(hold) => hold.settle(Usage::new(1, 1)),
            Err(kind) => return (passed, kind),
        }
    }
    panic!("nothing bounds the calls");
}
