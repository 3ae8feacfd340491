//! A quota in dollars, spending from it, and what it tells of then.

use tower_token_quota::clock::FakeClock;
use tower_token_quota::policy::PolicyBuilder;
use tower_token_quota::prices::Price;
use tower_token_quota::watch::Event;
use tower_token_quota::{Demand, Limit, Policy, Quota, Rejection, Subject, Tier, Usage, Usd};

use crate::support::watch::{self, Events};

/// A token of `m` costs a dollar.
pub(crate) fn priced() -> PolicyBuilder {
    let dollar = Price::per_million("1000000", "1000000").unwrap();
    Policy::new().price("m", dollar)
}

/// One tier, whose users have a hundred dollars a month each.
pub(crate) fn hundred(alerts: &[u8]) -> PolicyBuilder {
    let limit = Limit::usd(Usd::dollars(100)).per_month().id("budget");
    let limit = limit.alerts(alerts.iter().copied()).pace(false);
    priced().tier(Tier::new("t").limit(limit))
}

/// A quota, what it tells of, and its clock.
pub(crate) fn watched(policy: PolicyBuilder) -> (Quota, Events, FakeClock) {
    let (events, clock) = (Events::default(), FakeClock::at("2026-11-21T12:00:00Z"));
    let quota = Quota::new(policy.build().unwrap()).clock(clock.clone());
    (quota.observer(events.clone()), events, clock)
}

pub(crate) async fn spend(quota: &Quota, subject: &Subject, dollars: u64) -> Result<(), Rejection> {
    let demand = Demand::new("m").input_tokens(dollars).output_tokens(0);
    quota
        .reserve(subject, demand)
        .await?
        .settle(Usage::new(dollars, 0));
    Ok(())
}

/// The thresholds among the events since the last look: `limit percent level`.
pub(crate) fn crossed(events: &Events) -> Vec<String> {
    let mut events = events.take();
    events.retain(|event| matches!(event, Event::Crossed { .. }));
    events.iter().map(watch::words).collect()
}
