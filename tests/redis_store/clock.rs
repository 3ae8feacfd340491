//! Which clock counts: Redis' own, for all instances.

use tower_token_quota::clock::{Clock as _, FakeClock};
use tower_token_quota::store::{Decision, Reservation, Rule, Store as _};
use tower_token_quota::{Demand, Limit, Policy, Quota, Subject, Tier, Usage};

use crate::asking::{HOUR, now, store};
use crate::redis_support::noon;
use crate::redis_support::server::Server;
use crate::store_support::{at, granted, hard, reservation};

#[tokio::test]
async fn a_period_that_does_not_run_by_redis_clock_is_refused_but_for_five_seconds() {
    let server = Server::start();
    let store = store(&server).at_callers_time();
    let begins = 1_000 * 1_000_000;
    let rule = Rule::Budget {
        cap: 100,
        starts_at: begins,
        ends_at: begins + 1_000 * 1_000_000,
    };
    let call = [hard("k", rule, 1)];
    for (id, second, runs) in [
        (1, 994, false),
        (2, 995, true),
        (3, 1_000, true),
        (4, 2_004, true),
        (5, 2_005, false),
    ] {
        let asked = Reservation {
            expires_in: HOUR,
            ..reservation(id, at(second), &[&call])
        };
        let decision = store.reserve(asked).await.unwrap();
        assert_eq!(granted(&decision), runs, "{second}: {decision:?}");
        assert_eq!(decision == Decision::WrongPeriod, !runs, "{second}");
    }
    let balance = store.peek(call.to_vec(), at(2_005)).await.unwrap()[0];
    assert_eq!(
        balance.held, 3,
        "what was of the wrong period changed nothing"
    );
}

#[tokio::test]
async fn an_instance_whose_clock_is_days_off_plans_by_that_of_redis() {
    let server = Server::start();
    let store = store(&server);
    let clock = FakeClock::at("2001-02-03T04:05:06Z");
    let limit = Limit::tokens(1_000).per_day();
    let policy = Policy::new()
        .timezone(noon())
        .tier(Tier::new("t").limit(limit))
        .build()
        .unwrap();
    let quota = Quota::new(policy).store(store.clone()).clock(clock.clone());
    let alice = Subject::user("alice", "t");
    let ask = || {
        quota.reserve(
            &alice,
            Demand::new("gpt-4o").input_tokens(10).output_tokens(10),
        )
    };
    assert!(ask().await.is_err(), "of a day in 2001");
    let apart = (clock.now().wall + store.clock_offset()) - now().wall;
    assert!(apart.abs() < 3_600 * 1_000_000, "{apart}");
    let hold = ask().await.unwrap();
    hold.settle(Usage::new(10, 5));
    quota.drain().await;
    assert_eq!(quota.status(&alice).await.unwrap()[0].used, 15);
}
