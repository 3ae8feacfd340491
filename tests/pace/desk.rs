//! Spending dollars by the day, and what is told of that.

use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::PolicyBuilder;
use tower_token_quota::prices::Price;
use tower_token_quota::{Demand, Hold, Limit, Policy, Quota, Subject, Tier, Usage, Usd};

use crate::support::watch::Events;
use crate::support::{self, run};

pub(crate) fn monthly(dollars: u64) -> Limit {
    Limit::usd(Usd::dollars(dollars)).per_month().id("budget")
}

pub(crate) fn of(limit: Limit) -> PolicyBuilder {
    Policy::new().tier(Tier::new("t").limit(limit))
}

/// A token of `m` costs a dollar.
pub(crate) struct Desk {
    pub(crate) quota: Quota,
    pub(crate) clock: FakeClock,
    pub(crate) events: Events,
}

impl Desk {
    pub(crate) fn new(policy: PolicyBuilder, at: &str) -> Self {
        let policy = policy
            .price("m", Price::per_million("1000000", "1000000").unwrap())
            .build()
            .unwrap();
        let (clock, events) = (FakeClock::at(at), Events::default());
        let quota = Quota::new(policy)
            .clock(clock.clone())
            .observer(events.clone());
        Self {
            quota,
            clock,
            events,
        }
    }

    pub(crate) fn hold(&self, subject: &Subject, dollars: u64) -> Hold {
        let demand = Demand::new("m").input_tokens(dollars).output_tokens(0);
        run(self.quota.reserve(subject, demand)).unwrap()
    }

    /// What a call that spends so much is warned of.
    pub(crate) fn spend(&self, dollars: u64) -> String {
        self.spend_as(&support::alice(), dollars)
    }

    pub(crate) fn spend_as(&self, subject: &Subject, dollars: u64) -> String {
        let hold = self.hold(subject, dollars);
        let warnings = hold.warnings().collect::<Vec<_>>().join(", ");
        hold.settle(Usage::new(dollars, 0));
        warnings
    }

    /// What was told of paces.
    pub(crate) fn told(&self) -> Vec<String> {
        let words = self.events.words().into_iter();
        words.filter(|word| word.starts_with("pace")).collect()
    }
}
